// SPDX-License-Identifier: Apache-2.0

//go:build ashlar_portable && !ashlar_interleave

package percpu

import (
	"math/rand/v2"
	"runtime"
	"sync/atomic"
)

// slots bounds the number of sections that run at once. Here a goroutine can lose its
// processor inside a section, so there are more slots than processors: three for each.
// More slots would cost memory, because every slot has state of its own.
const (
	slots        = 64
	perProcessor = 3
)

// spread returns the number of slots that Pin uses. Sections that began under a larger
// GOMAXPROCS may still hold others.
func spread() int { return min(slots, perProcessor*runtime.GOMAXPROCS(0)) }

var locks [slots]struct {
	held atomic.Uint32
	_    [60]byte // a cache line each
}

// Pin takes a free slot and returns its id. It begins its search at a random slot, so that
// goroutines spread over the slots.
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

// waitForSections returns when every section that was running at the call has ended.
func waitForSections() {
	for i := range locks {
		for !locks[i].held.CompareAndSwap(0, 1) {
			runtime.Gosched()
		}
		locks[i].held.Store(0)
	}
}
