// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"runtime/metrics"
	"sync"
	"sync/atomic"
	"time"
)

// resident returns the bytes of the process in RAM.
func resident() int64 {
	b, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return 0
	}
	var size, pages int64
	if _, err := fmt.Fscan(bytes.NewReader(b), &size, &pages); err != nil {
		return 0
	}
	return pages * int64(os.Getpagesize())
}

// collector returns the seconds of processor time that the collector has taken, until the last
// collection ended.
func collector() float64 {
	s := []metrics.Sample{{Name: "/cpu/classes/gc/total:cpu-seconds"}}
	runtime.GC()
	metrics.Read(s)
	return s[0].Value.Float64()
}

// rate calls op on some goroutines for a time, and returns million calls a second.
func rate(goroutines int, d time.Duration, op func(goroutine, i int)) float64 {
	var stop atomic.Bool
	var total atomic.Int64
	var wait sync.WaitGroup
	begun := time.Now()
	for g := range goroutines {
		wait.Go(func() {
			i := 0
			for ; !stop.Load(); i += 64 {
				for j := range 64 {
					op(g, i+j)
				}
			}
			total.Add(int64(i))
		})
	}
	time.Sleep(d)
	stop.Store(true)
	wait.Wait()
	return float64(total.Load()) / time.Since(begun).Seconds() / 1e6
}

// longest times every call that all makes, and returns the longest time, and the longest time on the
// processor. The latter leaves out what other programs, other threads and the host take.
func longest(all func(func(call func()))) (wall, processor time.Duration) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	all(func(call func()) {
		begun, used := time.Now(), threadTime()
		call()
		processor = max(processor, threadTime()-used)
		wall = max(wall, time.Since(begun))
	})
	return wall, processor
}
