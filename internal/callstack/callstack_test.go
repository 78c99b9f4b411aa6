// SPDX-License-Identifier: Apache-2.0

package callstack_test

import (
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/ashlar-go/ashlar/internal/callstack"
)

// supported skips the test on architectures where frames cannot be walked.
func supported(t *testing.T) {
	if callstack.Key() == 0 {
		t.Skip("this architecture has no frame pointers")
	}
}

// deep calls itself n times before it calls f, on a stack that grows on the way.
//
//go:noinline
func deep(n int, f func() uint64) uint64 {
	var room [256]byte
	if n == 0 {
		return f()
	}
	k := deep(n-1, f)
	runtime.KeepAlive(&room)
	return k
}

func TestSameStackSameKey(t *testing.T) {
	supported(t)
	var keys []uint64
	for range 3 {
		keys = append(keys, deep(20, callstack.Key))
		runtime.GC() // stacks shrink
	}
	if keys[0] != keys[1] || keys[1] != keys[2] {
		t.Errorf("one line in a loop has the keys %x, want one key", keys)
	}
}

func TestOtherStackOtherKey(t *testing.T) {
	supported(t)
	keys := []uint64{
		deep(0, callstack.Key), deep(1, callstack.Key), deep(2, callstack.Key), // one line each
		deep(2, callstack.Key),
		callstack.Key(),
		callstack.Key(),
		func() uint64 { return callstack.Key() }(),
	}
	slices.Sort(keys)
	if n := len(keys); len(slices.Compact(keys)) != n {
		t.Errorf("some of %d stacks have the same key: %x", n, keys)
	}
}

// TestDepth: the key depends on the innermost Depth frames only.
func TestDepth(t *testing.T) {
	supported(t)
	if a, b := deep(callstack.Depth+10, callstack.Key), deep(callstack.Depth+11, callstack.Key); a != b {
		t.Errorf("%x and %x differ, though the innermost %d frames are the same", a, b, callstack.Depth)
	}
	if a, b := deep(callstack.Depth-20, callstack.Key), deep(callstack.Depth-19, callstack.Key); a == b {
		t.Errorf("two stacks that differ within %d frames have the key %x", callstack.Depth, a)
	}
}

// TestAnyGoroutine walks the stacks of new goroutines, whose ends differ from main's,
// while the collector moves others.
func TestAnyGoroutine(t *testing.T) {
	supported(t)
	keys := make([]uint64, 64)
	var done sync.WaitGroup
	for i := range keys {
		done.Go(func() {
			for n := range 200 {
				k := deep(i%8, callstack.Key)
				if n > 0 && k != keys[i] {
					t.Errorf("%x, then %x", keys[i], k)
					return
				}
				keys[i] = k
				if n%50 == 0 {
					runtime.GC()
				}
			}
		})
	}
	done.Wait()
	for i := range keys {
		if keys[i] != keys[i%8] {
			t.Errorf("goroutine %d: %x, and %d: %x, from the same lines", i, keys[i], i%8, keys[i%8])
		}
	}
}

func BenchmarkKey(b *testing.B) {
	for b.Loop() {
		deep(10, callstack.Key)
	}
}
