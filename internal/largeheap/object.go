// SPDX-License-Identifier: Apache-2.0

package largeheap

import (
	"sync/atomic"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/metadata"
	"github.com/ashlar-go/ashlar/internal/pagemap"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// A State says what an extent is used for at the moment.
type State uint32

// The states of an extent. The package documentation has the transitions.
const (
	Gone      State = iota // unmapped, or returned to its chunk
	Live                   // holds an object of the program
	Resizing               // a call of Resize is at work on it
	Releasing              // its object was freed; a call is at work on it
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
//     change the state Live by compare-and-swap: of two calls for one object, one gets
//     an error.
//   - While the state is Cached, the descriptor belongs to the holder of the allocator's
//     cache that keeps the object.
//   - The heap's lock guards all, start and end, because Find reads them.
type object struct {
	// Cache line 1: what a free reads first.
	pagemap.Header         // Base: address of the object + pagemap.LargeBias
	end            uintptr // first byte after the extent
	requested      uintptr // bytes of the object
	cookie         uint64  // the header has a copy
	state          uint32  // a State; see swap, current and set
	stamp          uint32  // tick at which the object was freed; overdue if the kernel refused the extent

	// Cache line 2: what reuse needs besides.
	start     uintptr   // first byte of the extent, at a page
	accounted uintptr   // requested bytes that the shards count for this object
	bin       links     // in the list of its bin
	age       links     // in the list by age
	page      uintptr   // address of the heap page from which the page map leads here; 0: none
	colour    uint16    // in 65,536ths; see shape.place
	align     uint8     // binary logarithm of the object's alignment
	pages     pageState // contents of the extent's pages
	full      bool      // all pages are in RAM, as far as is known, until they are purged

	// The rest is for mapping and unmapping.
	mapping vm.Mapping // contains the extent; zero if a shared chunk does
	all     links      // in the heap's list of all extents
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

// addr returns the address of the descriptor, which lists and the page map hold.
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

// swap changes the state from one to another, and reports whether it was the first.
func (o *object) swap(from, to State) bool {
	return atomic.CompareAndSwapUint32(&o.state, uint32(from), uint32(to))
}

// current returns the state.
func (o *object) current() State { return State(atomic.LoadUint32(&o.state)) }

// set changes the state of a descriptor that belongs to the caller. It is a plain
// store: whoever must see the new state learns of the object by way of a lock, or from
// the program, which passes the address on.
func (o *object) set(s State) { o.state = uint32(s) }

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

// newObject returns a descriptor that names owner and is zero otherwise.
func newObject(owner uintptr) (*object, error) {
	at, err := metadata.Alloc(objectSize)
	if err != nil {
		return nil, err
	}
	o := objectAt(at)
	o.Owner, o.Kind = owner, pagemap.Large
	return o, nil
}

// free frees the descriptor. It leaves the state Gone, for calls that still hold the
// address by mistake.
func (o *object) free() {
	o.set(Gone)
	o.Base = 0
	metadata.Free(o.addr(), objectSize)
}
