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

// grow makes the goroutine's stack move.
func grow(n int) int {
	var frame [1 << 10]byte
	if n == 0 {
		return int(frame[0])
	}
	return grow(n-1) + int(frame[n%len(frame)])
}

// TestID: goroutines that run at once have numbers of their own, which they keep while
// they are moved between processors, and their stacks in memory.
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
				t.Error("a goroutine's number changed")
			}
			ids <- first
		})
	}
	done.Wait()
	close(ids)
	seen := map[uintptr]bool{0: true}
	for id := range ids {
		if seen[id] {
			t.Errorf("number %d: two goroutines have it, or it is 0", id)
		}
		seen[id] = true
	}
}

// TestNumber: the number is the one in the goroutine's own trace.
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
