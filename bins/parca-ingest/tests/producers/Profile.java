// Writes profiles of this program into the folder that is its argument: a recording of async-profiler, its folded
// stacks, and what com.papertrail's profiler writes.
import com.papertrail.profiler.CpuProfile;
import java.io.FileOutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import one.profiler.AsyncProfiler;
import org.joda.time.Duration;

public class Profile {
    static volatile double sink;

    static void compute() {
        for (int number = 0; number < 100_000; number++) sink += Math.sqrt(number);
    }

    public static void main(String[] arguments) throws Exception {
        Thread worker = new Thread(() -> { while (true) compute(); });
        worker.setDaemon(true);
        worker.start();
        Path folder = Path.of(arguments[0]);
        AsyncProfiler profiler = AsyncProfiler.getInstance();
        profiler.execute("start,event=itimer,interval=5ms,jfr,file=" + folder.resolve("recording.jfr"));
        Thread.sleep(1000);
        profiler.execute("stop");
        profiler.execute("start,event=itimer,interval=5ms");
        Thread.sleep(1000);
        Files.writeString(folder.resolve("java_folded"), profiler.execute("stop,collapsed"));
        CpuProfile profile = CpuProfile.record(Duration.standardSeconds(1), 100, Thread.State.RUNNABLE);
        try (FileOutputStream out = new FileOutputStream(folder.resolve("java_papertrail").toFile())) {
            profile.writeGoogleProfile(out);
        }
    }
}
