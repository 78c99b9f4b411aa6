// SPDX-License-Identifier: Apache-2.0

package metadata

import (
	"math/bits"
	"sync"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/vm"
)

const (
	is64       = bits.UintSize / 64
	chunkShift = 22 + 2*is64
	chunkSize  = 1 << chunkShift
	slabShift  = 16
	slabSize   = 1 << slabShift
	slabs      = chunkSize / slabSize
	colours    = 7

	// MaxSize is the size in bytes of the largest object in a slab: that of the largest
	// class of which one fits after every colour. Larger ones have mappings of their own.
	MaxSize = 60 << 10
)

// A slabHeader describes one slab. Guarded by mu.
type slabHeader struct {
	next, prev uintptr // in the class's list of slabs with room, or the idle list; of the table: next chunk
	free       uintptr // first free object, linked through the objects' first words
	carved     uint32  // objects handed out at least once since the slab was cleaned
	live       uint32  // objects handed out now
	size       uint32  // bytes of an object
	dirty      bool    // the slab may hold other bytes than zeros
}

var (
	// Space is the account of all metadata in the process.
	Space = vm.Space{Unwatched: true}

	mu     sync.Mutex
	room   [sizeclass.Count]uintptr // slabs with room, by class of the object
	idle   uintptr                  // slabs without objects
	chunk  uintptr                  // the chunk being carved into slabs; the head of the list of chunks
	carved uintptr                  // bytes of it carved so far
	inUse  int                      // bytes of live objects
)

// Alloc returns size bytes of zeroed memory, aligned to 64 bytes when size is at
// least 64. 0 < size.
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

// Free takes back what Alloc(size) returned.
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

// colour returns where in a slab the first object begins (Bonwick, "The Slab
// Allocator", USENIX 1994). It is never at the start of a page, where users'
// larger blocks begin: what is read with every one of them would be driven out of
// the processor's cache by the blocks' first lines, which all fall into one set.
// In steps of two lines it keeps the allocator's class caches from there as well.
func colour(slab uintptr) uintptr { return 128 * (1 + slab>>slabShift%colours) }

// classOf rounds an object's size so that objects neither share cache lines
// nor straddle them needlessly.
func classOf(size uintptr) sizeclass.Class {
	if size > 32 {
		size = raw.AlignUp(size, 64)
	}
	return sizeclass.Of(int(size))
}

// newSlab gives class c an empty slab: an idle one, or the next of the chunk.
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
			chunk, carved = start, slabSize // the table takes the first slab
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

// Taken returns how many bytes Alloc(size) takes.
func Taken(size uintptr) uintptr {
	if size > MaxSize {
		return wholePages(size)
	}
	return bytesOf(classOf(size))
}

// bytesOf returns the bytes of an object of class c.
func bytesOf(c sizeclass.Class) uintptr { return raw.AlignUp(uintptr(c.Size()), objectAlign(c)) }

// objectAlign returns what objects of class c are aligned to.
func objectAlign(c sizeclass.Class) uintptr {
	if c.Size() > 32 {
		return 64
	}
	return sizeclass.Granule
}

// Purge gives the RAM of what is not in use back to the kernel and returns how many
// bytes that was.
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

// InUse returns the bytes of live objects.
func InUse() int {
	mu.Lock()
	defer mu.Unlock()
	return inUse
}

func header(slab uintptr) *slabHeader {
	i := slab & (chunkSize - 1) >> slabShift
	return raw.At[slabHeader](raw.AlignDown(slab, chunkSize) + i*unsafe.Sizeof(slabHeader{}))
}

// Mappings calls yield with each mapping.
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

// link puts slab at the head of a list.
func link(list *uintptr, slab uintptr) {
	h := header(slab)
	h.next, h.prev = *list, 0
	if h.next != 0 {
		header(h.next).prev = slab
	}
	*list = slab
}

// unlink takes slab out of a list.
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
