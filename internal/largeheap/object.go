// SPDX-License-Identifier: Apache-2.0

package largeheap

import (
	"sync/atomic"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/interleave"
	"github.com/ashlar-go/ashlar/internal/metadata"
	"github.com/ashlar-go/ashlar/internal/pagemap"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/release"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// A State says what an extent is used for at the moment.
type State uint32

// The states of an extent. The package documentation has the transitions.
const (
	Gone      State = iota // unmapped, or returned to its chunk
	Live                   // holds an object of the program
	Resizing               // a call of Resize works on it
	Releasing              // its object was freed; a call works on it
	Retained               // its object was freed; a shard keeps it for the next object
	Cached                 // its object was freed; a large-object cache keeps both
)

func (s State) String() string {
	switch s {
	case Gone:
		return "returned to the kernel"
	case Live:
		return "live"
	case Resizing:
		return "being resized"
	case Releasing:
		return "freed and being released"
	case Retained:
		return "freed and retained for reuse"
	case Cached:
		return "freed and cached for reuse"
	}
	return "unknown"
}

// An object is the descriptor of an extent and of the object in it. It lies in metadata
// and exists as long as the extent is mapped.
//
// Who may touch what:
//
//   - While the state is Retained, the lock of the shard that lists the extent guards
//     the descriptor.
//   - In every other state the descriptor belongs to the call that set the state. Calls
//     change the state Live by compare-and-swap. If two calls claim one object, one of them
//     gets an error.
//   - While the state is Cached, the descriptor belongs to the holder of the allocator's
//     cache that keeps the object.
//   - The heap's lock guards all, start and end, because Find reads them.
type object struct {
	// Cache line 1: what a free reads first.
	pagemap.Header         // Base: address of the object + pagemap.LargeBias
	end            uintptr // first byte after the extent
	requested      uintptr // bytes of the object
	cookie         uint64  // the header has a copy
	state          uint32  // generation<<stateBits | State; see claim, current and set
	stamp          uint32  // tick at which the object was freed; overdue if the kernel refused the extent

	// Cache line 2: fields that reuse also needs.
	start     uintptr   // first byte of the extent, at a page
	accounted uintptr   // requested bytes that the shards count for this object
	bin       links     // in the list of its bin
	age       links     // in the list by age
	page      uintptr   // address of the heap page from which the page map leads here; 0: none
	colour    uint16    // in 65,536ths; see shape.place
	align     uint8     // binary logarithm of the object's alignment
	pages     pageState // contents of the extent's pages
	full      bool      // all pages were in RAM when last looked at, and have not been purged since

	// The rest is for mapping and unmapping.
	mapping vm.Mapping // contains the extent; zero if a shared chunk does
	all     links      // in the heap's list of all extents
	loose   uintptr    // bytes that the heap's demand counts, because the extent is too long for its object
}

// links are the neighbours in a list, addresses of descriptors.
type links struct{ next, prev uintptr }

// A pageState says what the pages of an extent contain.
type pageState uint8

const (
	untouched pageState = iota // they read as zeros and occupy no RAM: not charged to the space
	stale                      // purged lazily: contents unspecified, not charged
	dirty                      // written, and occupy RAM: charged
)

const objectSize = unsafe.Sizeof(object{})

func objectAt(at uintptr) *object { return raw.At[object](at) }

// addr returns the address of the descriptor. Lists and the page map hold this address.
func (o *object) addr() uintptr { return raw.Addr(unsafe.Pointer(o)) }

// user returns the address of the object.
func (o *object) user() uintptr { return o.Base - pagemap.LargeBias }

// usable returns the number of bytes from the object's first to the extent's last.
func (o *object) usable() uintptr { return o.end - o.user() }

// total returns the length of the extent in bytes.
func (o *object) total() uintptr { return o.end - o.start }

// carved reports whether the extent is a run of a shared chunk.
func (o *object) carved() bool { return o.mapping.Size == 0 }

// slack returns the number of bytes of the mapping that lie outside the extent.
func (o *object) slack() uintptr {
	if o.carved() {
		return 0
	}
	return o.mapping.Size - o.total()
}

// The low bits of object.state are the State. The other bits are the generation: how often
// the descriptor was freed, or its object got another address. By the generation, claim detects
// that a descriptor now describes another object, or one that has moved.
const (
	stateBits = 4
	stateMask = 1<<stateBits - 1
)

// current returns the state.
func (o *object) current() State { return State(atomic.LoadUint32(&o.state) & stateMask) }

// set changes the state of a descriptor that belongs to the caller. Whoever sees the new
// state also sees what the caller has written to the object and its descriptor before.
func (o *object) set(s State) { o.store(o.state&^stateMask | uint32(s)) }

func (o *object) store(word uint32) {
	release.Store32(&o.state, word)
	if interleave.Enabled {
		interleave.Point()
	}
}

// renew gives the state word of a descriptor that belongs to the caller another generation.
func (o *object) renew() { o.store(o.state + 1<<stateBits) }

// register makes the page map lead from the page of address user to o, and not from
// o's previous page. It can fail only if the page changes.
func (o *object) register(user uintptr) error {
	page := raw.AlignDown(user, sizeclass.PageSize)
	if o.page == page {
		return nil
	}
	if err := pagemap.Reserve(page, 1); err != nil {
		return err
	}
	o.unregister()
	o.page = page
	pagemap.Set(page, 1, o.addr())
	return nil
}

// unregister removes o from the page map.
func (o *object) unregister() {
	if o.page != 0 {
		pagemap.Set(o.page, 1, 0)
		o.page = 0
	}
}

// newObject returns a descriptor that names the heap's owner and is zero otherwise.
func (h *Heap) newObject() (*object, error) {
	h.mu.Lock()
	at := h.spare
	if at != 0 {
		h.spare = objectAt(at).all.next
	}
	h.mu.Unlock()
	if at == 0 {
		var err error
		if at, err = metadata.Alloc(objectSize); err != nil {
			return nil, err
		}
	}
	o := objectAt(at)
	*o = object{state: o.state}
	o.Owner, o.Kind = h.owner, pagemap.Large
	return o, nil
}

// drop frees a descriptor's memory. The state stays Gone, which calls see that still hold
// the address by mistake.
func (o *object) drop() {
	o.set(Gone)
	o.Base = 0
	metadata.Free(o.addr(), objectSize)
}

// freeObject frees a descriptor, which is in no list. Until Close, the heap keeps the memory
// for other descriptors. So a call that still holds the address by mistake finds a descriptor
// there, in the state Gone or of another generation.
func (h *Heap) freeObject(o *object) {
	o.store((o.state>>stateBits+1)<<stateBits | uint32(Gone))
	o.Base = 0
	h.mu.Lock()
	o.all = links{next: h.spare}
	h.spare = o.addr()
	h.mu.Unlock()
}
