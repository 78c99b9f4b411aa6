// SPDX-License-Identifier: Apache-2.0

package metadata

import (
	"sync"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/vm"
)

const (
	is64       = raw.AddressBits / 48
	chunkShift = 22 + 2*is64
	chunkSize  = 1 << chunkShift
	slabShift  = 16
	slabSize   = 1 << slabShift
	slabs      = chunkSize / slabSize
	colours    = 7

	// MaxSize is the size in bytes of the largest object in a slab: one object of the
	// largest class fits after any colour. Larger objects have mappings of their own.
	MaxSize = 60 << 10
)

// A slabHeader describes one slab. Protected by mu.
type slabHeader struct {
	next, prev uintptr // in the class's list of slabs with room, or in the idle list; in a table: next chunk
	free       uintptr // first free object; free objects are linked through their first words
	carved     uint32  // objects allocated at least once since the slab was last all zeros
	live       uint32  // live objects
	size       uint32  // size of an object in bytes
	dirty      bool    // the slab may contain bytes other than zeros
}

var (
	// Space is the account of all metadata in the process.
	Space = vm.Space{Unannotated: true}

	mu     sync.Mutex
	room   [sizeclass.Count]uintptr // slabs with room, by class of the object
	idle   uintptr                  // slabs without objects
	chunk  uintptr                  // the chunk that new slabs come from; head of the list of chunks
	carved uintptr                  // bytes of chunk that are used for slabs
	inUse  int                      // bytes of live objects
)

// Alloc returns the address of size bytes of zeroed memory. It is aligned to 64 bytes if
// size is at least 64. size must be positive.
func Alloc(size uintptr) (uintptr, error) {
	mu.Lock()
	defer mu.Unlock()
	if size > MaxSize {
		return allocMapped(size)
	}
	c := classOf(size)
	slab := room[c]
	if slab == 0 {
		var err error
		if slab, err = newSlab(c); err != nil {
			return 0, err
		}
	}
	h := header(slab)
	p, reused := h.free, h.free != 0
	if reused {
		h.free = *raw.At[uintptr](p)
	} else {
		p = slab + colour(slab) + uintptr(h.carved)*uintptr(h.size)
		h.carved++
	}
	h.live++
	inUse += int(h.size)
	if h.full(slab) {
		unlink(&room[c], slab)
	}
	if reused || h.dirty {
		raw.Clear(p, uintptr(h.size))
	}
	return p, nil
}

// Free frees an object that Alloc(size) returned.
func Free(p, size uintptr) {
	mu.Lock()
	defer mu.Unlock()
	if size > MaxSize {
		freeMapped(p)
		return
	}
	c := classOf(size)
	slab := raw.AlignDown(p, slabSize)
	h := header(slab)
	full := h.full(slab)
	*raw.At[uintptr](p) = h.free
	h.free = p
	h.live--
	inUse -= int(h.size)
	switch {
	case h.live == 0:
		if !full {
			unlink(&room[c], slab)
		}
		*h = slabHeader{dirty: true}
		link(&idle, slab)
	case full:
		link(&room[c], slab)
	}
}

// full reports whether the slab has no room for another object.
func (h *slabHeader) full(slab uintptr) bool {
	return h.free == 0 && colour(slab)+uintptr(h.carved+1)*uintptr(h.size) > slabSize
}

// colour returns the offset in a slab at which the first object begins (Bonwick, "The
// Slab Allocator", USENIX 1994). It is never at the start of a page. Users' larger blocks
// begin at page starts, and their first cache lines all fall into one set of the
// processor's cache. A structure in that set would be evicted whenever such blocks are
// used. Steps of two cache lines keep the class caches out of that set, too.
func colour(slab uintptr) uintptr { return 128 * (1 + slab>>slabShift%colours) }

// classOf rounds an object's size up, so that objects neither share cache lines nor cross
// their boundaries needlessly.
func classOf(size uintptr) sizeclass.Class {
	if size > 32 {
		size = raw.AlignUp(size, 64)
	}
	return sizeclass.Of(int(size))
}

// newSlab returns an empty slab for class c: an idle slab, or the next one of the chunk.
func newSlab(c sizeclass.Class) (uintptr, error) {
	slab := idle
	if slab != 0 {
		unlink(&idle, slab)
	} else {
		if chunk == 0 || carved == chunkSize {
			start, m, err := Space.Map(chunkSize, chunkSize)
			if err != nil {
				return 0, err
			}
			Space.Label(m, "ashlar metadata")
			header(start).next = chunk
			chunk, carved = start, slabSize // the table is the first slab
			Space.Footprint.Add(slabs * int64(unsafe.Sizeof(slabHeader{})))
		}
		slab = chunk + carved
		carved += slabSize
	}
	h := header(slab)
	if !h.dirty {
		Space.Footprint.Add(slabSize)
	}
	h.size = uint32(bytesOf(c))
	link(&room[c], slab)
	return slab, nil
}

// Taken returns the number of bytes that Alloc(size) occupies.
func Taken(size uintptr) uintptr {
	if size > MaxSize {
		return wholePages(size)
	}
	return bytesOf(classOf(size))
}

// bytesOf returns the size in bytes of an object of class c.
func bytesOf(c sizeclass.Class) uintptr { return raw.AlignUp(uintptr(c.Size()), objectAlign(c)) }

// objectAlign returns the alignment of objects of class c in bytes.
func objectAlign(c sizeclass.Class) uintptr {
	if c.Size() > 32 {
		return 64
	}
	return sizeclass.Granule
}

// Purge returns the RAM of unused memory to the kernel. It returns the number of bytes.
func Purge() int64 {
	mu.Lock()
	defer mu.Unlock()
	n := purgeMapped()
	for slab := idle; slab != 0; slab = header(slab).next {
		h := header(slab)
		if h.dirty && Space.Purge(slab, slabSize, false) == nil {
			h.dirty = false
			n += slabSize
		}
	}
	Space.Footprint.Add(-n)
	return n
}

// InUse returns the number of bytes in live objects.
func InUse() int {
	mu.Lock()
	defer mu.Unlock()
	return inUse
}

func header(slab uintptr) *slabHeader {
	i := slab & (chunkSize - 1) >> slabShift
	return raw.At[slabHeader](raw.AlignDown(slab, chunkSize) + i*unsafe.Sizeof(slabHeader{}))
}

// Mappings calls yield for each mapping.
func Mappings(yield func(vm.Mapping)) {
	mu.Lock()
	defer mu.Unlock()
	for at := chunk; at != 0; at = header(at).next {
		yield(vm.Mapping{Base: at, Size: chunkSize})
	}
	for i := range mapped {
		yield(mapped[i].Mapping)
	}
}

// link adds slab to the head of a list.
func link(list *uintptr, slab uintptr) {
	h := header(slab)
	h.next, h.prev = *list, 0
	if h.next != 0 {
		header(h.next).prev = slab
	}
	*list = slab
}

// unlink removes slab from a list.
func unlink(list *uintptr, slab uintptr) {
	h := header(slab)
	if h.prev == 0 {
		*list = h.next
	} else {
		header(h.prev).next = h.next
	}
	if h.next != 0 {
		header(h.next).prev = h.prev
	}
	h.next, h.prev = 0, 0
}
