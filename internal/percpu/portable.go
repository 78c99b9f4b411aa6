// SPDX-License-Identifier: Apache-2.0

//go:build ashlar_portable

package percpu

import (
	"math/rand/v2"
	"runtime"
	"sync/atomic"
)

// slots bounds the number of sections that run at once. A goroutine can lose its
// processor inside a section here, so there are some more slots than processors;
// but not many more, for what is kept per slot is kept that many times.
const (
	slots        = 64
	perProcessor = 3
)

// spread returns how many of the slots are in use, but for what a larger
// GOMAXPROCS may have left in others.
func spread() int { return min(slots, perProcessor*runtime.GOMAXPROCS(0)) }

var locks [slots]struct {
	held atomic.Uint32
	_    [60]byte // a cache line each
}

// Pin takes the first free slot, beginning at a random one so that goroutines
// spread over them, and returns its id.
func Pin() int {
	for {
		n := spread()
		first := rand.IntN(n)
		for i := range n {
			id := (first + i) % n
			if locks[id].held.CompareAndSwap(0, 1) {
				return id
			}
		}
		runtime.Gosched()
	}
}

// Unpin ends the section that Pin began.
func Unpin(id int) { locks[id].held.Store(0) }

// Synchronize returns when every section that was running when it was called
// has ended. It must not be called from inside one.
func Synchronize() {
	for i := range locks {
		for !locks[i].held.CompareAndSwap(0, 1) {
			runtime.Gosched()
		}
		locks[i].held.Store(0)
	}
}
