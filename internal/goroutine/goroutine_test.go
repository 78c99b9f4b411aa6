// SPDX-License-Identifier: Apache-2.0

package goroutine

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
)

// grow makes the runtime move the goroutine's stack.
func grow(n int) int {
	var frame [1 << 10]byte
	if n == 0 {
		return int(frame[0])
	}
	return grow(n-1) + int(frame[n%len(frame)])
}

// TestID: concurrent goroutines have different IDs. A goroutine keeps its ID when it
// moves to another processor and when its stack moves.
func TestID(t *testing.T) {
	const n = 100
	ids := make(chan uintptr, n)
	var here, done sync.WaitGroup
	here.Add(n)
	for range n {
		done.Go(func() {
			first := ID()
			here.Done()
			here.Wait()
			for range 20 {
				runtime.Gosched()
			}
			if grow(200) != 0 || ID() != first {
				t.Error("the ID of a goroutine changed")
			}
			ids <- first
		})
	}
	done.Wait()
	close(ids)
	seen := map[uintptr]bool{0: true}
	for id := range ids {
		if seen[id] {
			t.Errorf("ID %d is 0, or two goroutines have it", id)
		}
		seen[id] = true
	}
}

// TestNumber: Number returns the number in the goroutine's own stack trace.
func TestNumber(t *testing.T) {
	var all sync.WaitGroup
	for range 3 {
		all.Go(func() {
			if want := fmt.Sprintf("goroutine %d [", Number()); !strings.HasPrefix(string(debug.Stack()), want) {
				t.Errorf("the trace does not begin with %q:\n%s", want, debug.Stack())
			}
		})
	}
	all.Wait()
}

func BenchmarkID(b *testing.B) {
	for b.Loop() {
		ID()
	}
}
