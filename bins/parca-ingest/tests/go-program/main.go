// A program that computes, allocates, waits and contends, and serves its profiles as docs/ingestion.md says.
package main

import (
	"fmt"
	"net"
	"net/http"
	_ "net/http/pprof"
	"runtime"
	"sync"
	"time"

	"github.com/felixge/fgprof"
)

var (
	sink  uint64
	kept  [][]byte
	mutex sync.Mutex
)

//go:noinline
func compute() {
	for i := uint64(0); i < 5_000_000; i++ {
		sink += i * i
	}
}

//go:noinline
func allocate() {
	kept = append(kept, make([]byte, 64<<10))
	if len(kept) > 64 {
		kept = nil
	}
}

//go:noinline
func contend() {
	mutex.Lock()
	time.Sleep(time.Millisecond)
	mutex.Unlock()
}

func main() {
	runtime.SetBlockProfileRate(1)
	runtime.SetMutexProfileFraction(1)
	runtime.MemProfileRate = 4096
	http.DefaultServeMux.Handle("GET /debug/pprof/fgprof", fgprof.Handler())
	for range 2 {
		go func() {
			for {
				contend()
			}
		}()
	}
	go func() {
		for {
			compute()
			allocate()
			time.Sleep(20 * time.Millisecond)
		}
	}()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(listener.Addr())
	panic(http.Serve(listener, nil))
}
