// SPDX-License-Identifier: Apache-2.0

package pageheap

import (
	"sort"
	"sync/atomic"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/interleave"
	"github.com/ashlar-go/ashlar/internal/metadata"
	"github.com/ashlar-go/ashlar/internal/pagemap"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/vm"
)

const (
	pageSize   = sizeclass.PageSize
	chunkBytes = 4 << 20 << (4 * (raw.AddressBits / 48))
	chunkPages = chunkBytes / pageSize

	// chunkAlign lets the kernel back chunks with huge pages.
	chunkAlign = 2 << 20

	// MaxRun is the longest run, in pages.
	MaxRun = chunkPages / 2
)

// A chunk describes one mapping. It lives in metadata; its Heap's mutex guards it.
type chunk struct {
	start   uintptr // address of page 0
	mapping vm.Mapping
	pages   int // of PageSize; chunkPages at most
	used    int // pages allocated
	purging int // pages that are busy because they are being purged
	bound   int // no free run is longer
	dirtied int // no run of dirty pages is longer
	busy    bitmap
	dirty   bitmap
	aged    bitmap
	lent    unitSet // of runs: given back inside, and refunded
	kept    unitSet // of runs: given back inside, still charged
	moving  int     // kernel calls that purge pages of runs
	ripe    int     // ticks in a row in which it should have changed its size of pages
	huge    bool    // the kernel may use huge pages
	broken  bool    // it may have parts of huge pages
}

func chunkAt(at uintptr) *chunk { return raw.At[chunk](at) }

// A Heap supplies runs of pages. It must not be copied. Init comes first.
type Heap struct {
	space *vm.Space
	per   int // heap pages in a page of the kernel's, 1 at least
	block int // heap pages in a huge page; 0: huge pages are not used

	purger interleave.Mutex // makes Purge and Close wait for each other; taken before mu

	mu      interleave.Mutex
	closed  bool
	chunks  []uintptr    // *chunk, ascending by start
	used    int          // pages allocated
	refused []refusedRun // freed runs that wait for a Purge
	waiting atomic.Bool  // there are some; written under mu
	huge    Huge         // when chunks use huge pages
	refusal error        // why huge became HugeOff, if the kernel refused them

	collapsed int64        // bytes that the kernel copied to huge pages on request
	dirty     atomic.Int64 // pages that are free and may occupy RAM, those being purged included; written under mu
}

// Init sets the account from which chunks are mapped and charged.
func (h *Heap) Init(space *vm.Space) {
	h.space = space
	h.per = max(1, int(vm.PageSize()/pageSize))
}

// Alloc returns the address of a run of n pages, 0 < n ≤ MaxRun, with room for
// it in the page map. If clean is set, all bytes of the run are zero and none occupies RAM
// yet. After Close, Alloc fails with vm.ErrClosed.
func (h *Heap) Alloc(n int) (addr uintptr, clean bool, err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return 0, false, vm.ErrClosed
	}
	if h.dirty.Load() == 0 {
		if err := h.space.Fits(uintptr(n) * pageSize); err != nil {
			return 0, false, err
		}
	}
	c, first := h.find(n)
	dirty := 0
	if c != nil {
		dirty = c.dirty.count(first, first+n)
	}
	huge := c == nil && h.startsHuge()
	beside := h.besideRun(c, first, n, huge)
	// The charge comes before growth: at the limit the kernel is not called.
	err = h.space.Charge(uintptr(n-dirty+beside) * pageSize)
	if err != nil && beside > 0 {
		if c != nil && h.breakUp(c) != nil {
			return 0, false, err
		}
		beside, huge = 0, false
		err = h.space.Charge(uintptr(n-dirty) * pageSize)
	}
	if err != nil {
		return 0, false, err
	}
	if c == nil {
		if c, err = h.grow(n); err == nil && huge && !h.adviseHuge(c) {
			h.space.Refund(uintptr(beside) * pageSize)
			beside = 0
		}
	}
	if err == nil {
		addr = c.start + uintptr(first)*pageSize
		err = pagemap.Reserve(addr, uintptr(n)*pageSize)
	}
	if err != nil {
		h.space.Refund(uintptr(n-dirty+beside) * pageSize)
		return 0, false, err
	}
	c.busy.set(first, first+n)
	c.dirty.clear(first, first+n)
	c.aged.clear(first, first+n)
	if c.huge {
		from, to := h.around(first, first+n)
		h.dirtyBeside(c, from, to)
	}
	c.used += n
	h.used += n
	h.dirty.Add(int64(beside - dirty))
	h.check(c)
	return addr, dirty == 0, nil
}

// besideRun returns how many pages beside the n pages at first become dirty together with them: the
// clean pages of the same huge pages. c is nil for the first pages of a new chunk, which uses huge
// pages if huge is set.
func (h *Heap) besideRun(c *chunk, first, n int, huge bool) int {
	switch {
	case huge:
		return h.roundUp(n) - n
	case c == nil || !c.huge:
		return 0
	}
	from, to := h.around(first, first+n)
	return to - from - n - (c.busy.count(from, to) + c.dirty.count(from, to) - c.dirty.count(first, first+n))
}

// find returns the chunk and the first page of a free run of n pages. The chunk is nil if
// there is no such run.
func (h *Heap) find(n int) (*chunk, int) {
	dirty := h.dirty.Load() >= int64(n)
	if h.huge != HugeOff {
		if dirty {
			if c, first := h.fullest(n, true); c != nil {
				return c, first
			}
		}
		if c, first := h.fullest(n, false); c != nil {
			return c, first
		}
	}
	if dirty {
		for _, at := range h.chunks {
			c := chunkAt(at)
			if c.dirtied < n {
				continue
			}
			first, longest := c.dirty.find(n, true)
			if first >= 0 {
				return c, first
			}
			c.dirtied = longest
		}
	}
	for _, at := range h.chunks {
		c := chunkAt(at)
		if c.bound < n {
			continue
		}
		first, longest := c.busy.find(n, false)
		if first >= 0 {
			return c, first
		}
		c.bound = longest
	}
	return nil, 0
}

// grow maps a chunk with room for n pages. If the kernel refuses a whole chunk, because of
// a limit on address space, grow tries smaller ones.
func (h *Heap) grow(n int) (*chunk, error) {
	at, err := metadata.Alloc(unsafe.Sizeof(chunk{}))
	if err != nil {
		return nil, err
	}
	c := chunkAt(at)
	size, align := uintptr(chunkBytes), uintptr(h.block)*pageSize
	for {
		c.start, c.mapping, err = h.space.Map(size, max(chunkAlign, align))
		if err == nil || size/2 < uintptr(n)*pageSize || size/2 < max(chunkAlign, align) {
			break
		}
		size /= 2
	}
	if err != nil {
		metadata.Free(at, unsafe.Sizeof(chunk{}))
		return nil, err
	}
	h.space.Label(c.mapping, "ashlar chunk")
	c.pages = int(size / pageSize)
	c.bound = c.pages
	c.busy.set(c.pages, chunkPages)
	i := h.search(c.start)
	h.chunks = append(h.chunks, 0)
	copy(h.chunks[i+1:], h.chunks[i:])
	h.chunks[i] = at
	return c, nil
}

// search returns the index of the first chunk that starts above addr.
func (h *Heap) search(addr uintptr) int {
	return sort.Search(len(h.chunks), func(i int) bool { return chunkAt(h.chunks[i]).start > addr })
}

// chunkOf returns the chunk that addr lies in.
func (h *Heap) chunkOf(addr uintptr) *chunk { return chunkAt(h.chunks[h.search(addr)-1]) }

// locate returns the chunk that addr lies in, and the page.
func (h *Heap) locate(addr uintptr) (c *chunk, page int) {
	c = h.chunkOf(addr)
	return c, int(addr-c.start) / pageSize
}

// free takes back the allocated pages [first, end) of c.
func (h *Heap) free(c *chunk, first, end int) {
	c.busy.clear(first, end)
	c.dirty.set(first, end)
	c.used -= end - first
	c.bound, c.dirtied = c.pages, c.pages
	h.used -= end - first
	h.dirty.Add(int64(end - first))
}
