/** Keeps a processor busy for some seconds. */
public class Burn {
    static volatile long sink;

    static void burn(long until) {
        while (System.nanoTime() < until) {
            for (int at = 0; at < 100_000; at++) {
                sink += at * 31;
            }
        }
    }

    public static void main(String[] args) {
        burn(System.nanoTime() + Long.parseLong(args[0]) * 1_000_000_000L);
    }
}
