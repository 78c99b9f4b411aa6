// SPDX-License-Identifier: Apache-2.0

package largeheap

import (
	"math/bits"
	"math/rand/v2"
	"runtime"
	"sync/atomic"

	"github.com/ashlar-go/ashlar/internal/interleave"
	"github.com/ashlar-go/ashlar/internal/pageheap"
	"github.com/ashlar-go/ashlar/internal/vm"
	"github.com/ashlar-go/ashlar/largeobj"
)

// A Heap supplies large objects. It must not be copied. After Init it is safe for
// concurrent use.
type Heap struct {
	// Set by Init.
	owner     uintptr
	secret    uint64  // mixed into the cookies
	maxCached uintptr // usable bytes of the largest object that Put takes; 0: none
	wipe      bool    // see WipeMoved
	huge      uintptr // length in bytes of extents from which on they use huge pages; 0: none does
	space     *vm.Space
	options   largeobj.Options
	budget    int64 // bytes that the heap may retain
	step      int64 // a shard publishes its bytes when they have changed by more; see currentStep
	shards    []shard
	shardBits int // binary logarithm of their number

	retained    atomic.Int64  // bytes in the shards, as far as they were published
	ahead       ahead         // which objects are filled ahead
	demand      demand        // bounds what is retained by what is used
	tick        atomic.Uint32 // counts calls of Purge, from firstTick
	colours     atomic.Uint32 // how many extents have been given a colour
	carving     atomic.Bool   // chunks may have mapped one
	unaccounted atomic.Int64  // requested bytes that no shard counts; see account

	cold   shard         // the purged extents
	chunks pageheap.Heap // shared chunks, whose runs become extents when there are many mappings

	mu    interleave.Mutex
	all   uintptr // first descriptor of the list of all extents
	spare uintptr // first descriptor of the list of unused descriptors
	old   ring    // the last objects whose addresses became invalid
}

// Init makes h an empty heap that takes its memory from space. It maps nothing. The
// descriptors of the heap's objects, to which the page map leads, name owner.
func (h *Heap) Init(space *vm.Space, owner uintptr, o largeobj.Options) {
	h.space, h.owner, h.options = space, owner, o
	n := 1 << bits.Len(uint(runtime.GOMAXPROCS(0)-1))
	h.shards = make([]shard, min(n, maxShards))
	h.budget = budget(&o)
	h.step = h.budget / 8 / int64(len(h.shards))
	h.shardBits = bits.Len(uint(len(h.shards) - 1))
	h.demand.bounded = isBounded(&o)
	h.ahead.init()
	h.secret = rand.Uint64()
	if o.Policy != largeobj.Unmap && h.budget > 0 {
		h.maxCached = maxCachedSize
	}
	h.tick.Store(firstTick)
	h.chunks.Init(space)
}

// WipeMoved makes Resize zero the memory from which it copied an object. It must be called
// before the heap is used.
func (h *Heap) WipeMoved() { h.wipe = true }

// UseHuge makes the heap use huge pages for extents of that length or longer, while they are
// charged. It must be called before the heap is used.
func (h *Heap) UseHuge() { h.huge = vm.TransparentSize() }
