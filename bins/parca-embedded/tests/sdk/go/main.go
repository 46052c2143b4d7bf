// Pushes profiles of itself with Pyroscope's SDK to the address in its argument.
package main

import (
	"context"
	"fmt"
	"os"
	"runtime"
	"sync"
	"time"

	"github.com/grafana/pyroscope-go"
)

var kept [][]byte

func main() {
	runtime.SetMutexProfileFraction(1)
	runtime.SetBlockProfileRate(1)
	profiler, err := pyroscope.Start(pyroscope.Config{
		ApplicationName: "go.sdk",
		ServerAddress:   os.Args[1],
		Tags:            map[string]string{"region": "eu"},
		UploadRate:      2 * time.Second,
		ProfileTypes: []pyroscope.ProfileType{
			pyroscope.ProfileCPU, pyroscope.ProfileAllocObjects, pyroscope.ProfileAllocSpace,
			pyroscope.ProfileInuseObjects, pyroscope.ProfileInuseSpace, pyroscope.ProfileGoroutines,
			pyroscope.ProfileMutexCount, pyroscope.ProfileMutexDuration,
			pyroscope.ProfileBlockCount, pyroscope.ProfileBlockDuration,
		},
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	pyroscope.TagWrapper(context.Background(), pyroscope.Labels("controller", "slow"), func(context.Context) { burn() })
	contend()
	profiler.Flush(true)
	profiler.Stop()
}

func burn() {
	sum := 0
	for begun := time.Now(); time.Since(begun) < 1500*time.Millisecond; {
		for i := range 100_000 {
			sum += i * i
		}
		kept = append(kept, make([]byte, 64<<10))
	}
	fmt.Println(sum != 1)
}

func contend() {
	var mutex sync.Mutex
	var group sync.WaitGroup
	for range 4 {
		group.Add(1)
		go func() {
			defer group.Done()
			for range 200 {
				mutex.Lock()
				time.Sleep(100 * time.Microsecond)
				mutex.Unlock()
			}
		}()
	}
	group.Wait()
}
