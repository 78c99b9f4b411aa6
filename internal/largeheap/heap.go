package largeheap

import (
	"math/bits"
	"math/rand/v2"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/ashlar-go/ashlar/internal/pageheap"
	"github.com/ashlar-go/ashlar/internal/vm"
	"github.com/ashlar-go/ashlar/largeobj"
)

// A Heap supplies large objects, one mapping for each. It must not be copied.
// Init comes first; from then on it is safe for concurrent use.
type Heap struct {
	// Set by Init.
	owner   uintptr
	secret  uint64  // of the cookies
	parks   uintptr // usable bytes of the largest object that is parked
	space   *vm.Space
	options largeobj.Options
	budget  int64 // bytes that may be retained
	step    int64 // change of a shard's retained bytes that it publishes
	shards  []shard

	retained atomic.Int64  // bytes in the caches, as far as they were published
	beat     atomic.Uint32 // counts calls of Purge, from firstBeat
	colours  atomic.Uint32 // how many regions were given a colour
	carving  atomic.Bool   // chunks may hold a chunk
	asked    atomic.Int64  // bytes asked for less those the shards count; see book

	cold   shard         // purged regions
	chunks pageheap.Heap // runs of which objects are carved when mappings are many

	mu  sync.Mutex
	all uintptr // first of the list of all regions that are mapped or carved
	old ring    // the last objects whose addresses ceased to be valid
}

// Init makes h an empty heap that takes its memory from space. owner goes into
// the descriptors by which the page map knows the heap's objects. It maps
// nothing.
func (h *Heap) Init(space *vm.Space, owner uintptr, o largeobj.Options) {
	h.space, h.owner, h.options = space, owner, o
	n := 1 << bits.Len(uint(runtime.GOMAXPROCS(0)-1))
	h.shards = make([]shard, min(n, maxShards))
	h.budget = budget(&o)
	h.step = h.budget / 8 / int64(len(h.shards))
	h.secret = rand.Uint64()
	if o.Policy != largeobj.Unmap && h.budget > 0 {
		h.parks = parkMost
	}
	h.beat.Store(firstBeat)
	h.chunks.Init(space)
}
