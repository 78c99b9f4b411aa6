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

// A State says what a region is for at the moment.
type State uint32

// The states of a region; the package documentation has the transitions.
const (
	Gone      State = iota // returned to the kernel
	Live                   // holds an object of the program
	Resizing               // Resize is at work on its object
	Releasing              // its object was freed; being purged or unmapped
	Retained               // its object was freed; kept for the next one
	Parked                 // its object was freed; its next one comes by Unpark
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
	case Parked:
		return "freed and cached for reuse"
	}
	return "unknown"
}

// An object describes a region and the object in it. It lives in metadata, from
// the mapping of the region to its unmapping.
//
// Who may touch what: while the state is Retained the shard or pool that lists
// the region guards the descriptor, by its lock. In every other state it belongs
// to whoever brought that state about, which is the program's own call for a
// Live one; only the state itself is changed by compare-and-swap, so that of two
// calls for the same object one loses and says so. The list of all regions is
// the heap's, under its lock, as are changes of start and end, which Find
// reads from there.
type object struct {
	// Cache line 1: what a free asks for first.
	pagemap.Header         // Base: address of the object + pagemap.LargeBias
	end            uintptr // of the region
	requested      uintptr // bytes of the object
	cookie         uint64  // in the header as well
	state          uint32  // a State; see swap, current and set
	stamp          uint32  // beat at which it was freed; overdue if the kernel refused it

	// Cache line 2: what reuse needs besides.
	start  uintptr   // first byte of the region, whole pages
	booked uintptr   // of requested, what the shards count
	bin    links     // in the list of its bin
	age    links     // in the list by age
	page   uintptr   // address of the heap page this is registered for; 0: none
	colour uint16    // of 65,536; see shape.place
	align  uint8     // binary logarithm of the object's alignment
	pages  pageState // what the region's bytes are
	full   bool      // all of them are in RAM, as far as is known, until they are purged

	// The rest is for mapping and unmapping.
	mapping vm.Mapping // holds the region; zero if that was carved from a chunk
	all     links      // in the heap's list of all regions
}

// links are the neighbours in a list, addresses of descriptors.
type links struct{ next, prev uintptr }

// A pageState says what the pages of a region are.
type pageState uint8

const (
	zeroed pageState = iota // read as zeros, occupy no RAM: not charged
	stale                   // purged lazily: contents unknown, not charged
	dirty                   // written, occupy RAM: charged
)

const objectSize = unsafe.Sizeof(object{})

func objectAt(at uintptr) *object { return raw.At[object](at) }

// addr returns the address of the descriptor, by which lists and the page map
// know it.
func (o *object) addr() uintptr { return raw.Addr(unsafe.Pointer(o)) }

// user returns the address of the object in the region.
func (o *object) user() uintptr { return o.Base - pagemap.LargeBias }

// usable returns the bytes from the object's first to the region's last.
func (o *object) usable() uintptr { return o.end - o.user() }

// total returns the length of the region in bytes.
func (o *object) total() uintptr { return o.end - o.start }

// carved reports whether the region is a run of a shared chunk.
func (o *object) carved() bool { return o.mapping.Size == 0 }

// slack returns the bytes of the mapping around the region that alignment left.
func (o *object) slack() uintptr {
	if o.carved() {
		return 0
	}
	return o.mapping.Size - o.total()
}

// swap changes the state from one to another unless it was changed meanwhile.
func (o *object) swap(from, to State) bool {
	return atomic.CompareAndSwapUint32(&o.state, uint32(from), uint32(to))
}

// current returns the state.
func (o *object) current() State { return State(atomic.LoadUint32(&o.state)) }

// set changes the state of a descriptor that is the caller's. It is a plain store:
// whoever is to see the new state learns of the object by way of a lock, or from
// the program, which hands the address on.
func (o *object) set(s State) { o.state = uint32(s) }

// register makes the page map lead from the page of address user to o, and no
// longer from the page it led from before. It can fail only if the page changes.
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

// unregister takes o out of the page map.
func (o *object) unregister() {
	if o.page != 0 {
		pagemap.Set(o.page, 1, 0)
		o.page = 0
	}
}

// newObject returns a descriptor of owner's, all zeros otherwise.
func newObject(owner uintptr) (*object, error) {
	at, err := metadata.Alloc(objectSize)
	if err != nil {
		return nil, err
	}
	o := objectAt(at)
	o.Owner, o.Kind = owner, pagemap.Large
	return o, nil
}

// drop frees the descriptor. It leaves the state Gone behind, for calls that
// still hold its address by mistake.
func (o *object) drop() {
	o.set(Gone)
	o.Base = 0
	metadata.Free(o.addr(), objectSize)
}
