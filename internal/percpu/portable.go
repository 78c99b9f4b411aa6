//go:build ashlar_portable

package percpu

import (
	"math/rand/v2"
	"runtime"
	"sync/atomic"
)

// Portable reports which implementation this is.
const Portable = true

// slots bounds the number of sections that run at once. A goroutine can lose
// its processor inside a section here, so there are more slots than processors
// on most machines.
const slots = 64

var locks [slots]struct {
	held atomic.Uint32
	_    [60]byte // a cache line each
}

// Pin takes the first free slot, beginning at a random one so that goroutines
// spread over them, and returns its id.
func Pin() int {
	for {
		first := rand.IntN(slots)
		for i := range slots {
			id := (first + i) % slots
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
