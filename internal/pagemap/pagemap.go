// SPDX-License-Identifier: Apache-2.0

package pagemap

import (
	"math/bits"
	"sync/atomic"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/interleave"
	"github.com/ashlar-go/ashlar/internal/metadata"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/vm"
)

const (
	wordBytes   = bits.UintSize / 8
	addressBits = raw.AddressBits
	leafBits    = 18 + 4*(addressBits/48)
	rootShift   = leafBits + sizeclass.PageShift
	rootSize    = 1 << (addressBits - rootShift)
	leafMask    = 1<<leafBits - 1
	leafBytes   = wordBytes << leafBits

	// After its entries a leaf contains one bit for each of its kernel pages: whether the
	// page has been charged. No kernel has pages smaller than 4 KiB.
	chargedBytes = leafBytes / 4096 / 8
)

// Kind is the kind of a descriptor.
type Kind uint8

// The kinds of descriptors. No live descriptor has kind 0.
const (
	Span    Kind = 1 + iota // a run of pages cut into blocks of one class
	Large                   // one large object
	Guarded                 // guarded blocks, each between inaccessible pages
)

// A Header begins every descriptor. Its fields do not change while the
// descriptor is registered, so all processors share its cache line.
//
// The fast path of Free treats each header as a span's. The header of a large object makes
// the arithmetic of that path fail for every address that leads to it: Magic and Size are 0,
// and Base lies a page above the object, outside the one page that is registered.
type Header struct {
	Owner  uintptr // identity of the allocator
	Base   uintptr // address of the first block
	Magic  uint32  // ceil(2^32/Size)
	Size   uint32  // bytes of a block
	Blocks uint32
	Class  sizeclass.Class // of a large object: its mark (package largeheap)
	Kind   Kind
	Row    sizeclass.Class // of a span: the class cache that takes its blocks back
}

// LargeBias is how far a large object's Base lies above the object, in bytes.
const LargeBias = sizeclass.PageSize

// IsLarge reports whether the header is that of a large object at addr.
func (h *Header) IsLarge(addr uintptr) bool { return h.Kind == Large && h.Base == addr+LargeBias }

// Index returns the number of the block that addr is in.
func (h *Header) Index(addr uintptr) uint32 {
	return sizeclass.Index(uint32(addr-h.Base), h.Magic)
}

// Owns reports whether block i starts at addr and is the owner's.
func (h *Header) Owns(i uint32, addr, owner uintptr) bool {
	return uintptr(i)*uintptr(h.Size) == addr-h.Base && h.Owner == owner
}

var (
	root   [rootSize]uintptr // addresses of leaves, or 0; set once each
	growMu interleave.Mutex  // serialises the making of leaves, guards spares
	spares []uintptr         // prepared leaves that were not needed; at most as many as concurrent calls of mremap
)

// What assembly needs to do the work of Leaf and Entry.
const (
	RootShift = rootShift
	RootBits  = addressBits - rootShift
	LeafBits  = leafBits
)

// Root returns the address of the root, for assembly that does the work of Leaf.
func Root() uintptr { return raw.Addr(unsafe.Pointer(&root)) }

// Leaf returns the leaf that has the entry of addr's page, or 0 if there is none. It ignores
// the address bits above those of user space, so a caller whose addr may be any number also
// compares addr with the descriptor's Base.
//
// Leaf and Entry are two functions of one expression each, so that the compiler keeps the
// fast path of Free straight.
func Leaf(addr uintptr) uintptr { return atomic.LoadUintptr(&root[addr>>rootShift%rootSize]) }

// Entry returns the address of the descriptor that a leaf holds for the page of addr, or 0
// if there is none.
func Entry(leaf, addr uintptr) uintptr {
	return atomic.LoadUintptr((*uintptr)(raw.Pointer(leaf + addr>>sizeclass.PageShift&leafMask*wordBytes)))
}

// Get returns the address of the descriptor registered for the page of addr, 0
// if there is none.
func Get(addr uintptr) uintptr {
	leaf := Leaf(addr)
	if leaf == 0 || uint64(addr)>>addressBits > 0 {
		return 0
	}
	return Entry(leaf, addr)
}

// HeaderOf returns the header of the descriptor registered for addr, nil if
// there is none.
func HeaderOf(addr uintptr) *Header {
	if d := Get(addr); d != 0 {
		return raw.At[Header](d)
	}
	return nil
}

// Reserve makes room for the entries of the pages of [addr, addr+size), and charges the
// metadata for them. It fails if there is no memory; Set then cannot fail.
func Reserve(addr, size uintptr) error {
	last := addr + size - 1
	for i := addr >> rootShift; i <= last>>rootShift; i++ {
		if i >= rootSize {
			return vm.ErrOutOfMemory // beyond the addresses this map knows
		}
		if atomic.LoadUintptr(&root[i]) == 0 {
			if err := grow(i); err != nil {
				return err
			}
		}
	}
	// The bytes of address space whose entries fill one kernel page.
	reach := vm.PageSize() / wordBytes << sizeclass.PageShift
	for i := addr / reach; i <= last/reach; i++ {
		charge(i * reach)
	}
	return nil
}

func grow(i uintptr) error {
	growMu.Lock()
	defer growMu.Unlock()
	if root[i] != 0 {
		return nil
	}
	leaf, err := newLeaf()
	if err != nil {
		return err
	}
	publish(i, leaf)
	return nil
}

// publish puts a leaf into the root. The caller holds growMu.
func publish(i, leaf uintptr) {
	atomic.StoreUintptr(&root[i], leaf)
	home.add(i, leaf)
}

func newLeaf() (uintptr, error) {
	tail := raw.AlignUp(chargedBytes, vm.PageSize())
	leaf, m, err := metadata.Space.Map(leafBytes+tail, vm.PageSize())
	if err != nil {
		return 0, err
	}
	metadata.Space.Label(m, "ashlar page map")
	metadata.Space.Footprint.Add(int64(tail))
	return leaf, nil
}

// A Promise is room for the entry of one page whose address is not known yet.
type Promise struct{ leaf uintptr }

// Prepare obtains a Promise. mremap chooses the new address of a mapping itself, and after
// that the caller can no longer fail.
func Prepare() (Promise, error) {
	growMu.Lock()
	defer growMu.Unlock()
	if n := len(spares); n > 0 {
		leaf := spares[n-1]
		spares = spares[:n-1]
		return Promise{leaf}, nil
	}
	leaf, err := newLeaf()
	return Promise{leaf}, err
}

// Redeem is Reserve for the page of addr, and cannot fail. Redeem or Drop each Promise
// exactly once.
func (p Promise) Redeem(addr uintptr) {
	i := addr >> rootShift
	growMu.Lock()
	if root[i] == 0 {
		publish(i, p.leaf)
	} else {
		spares = append(spares, p.leaf)
	}
	growMu.Unlock()
	charge(addr)
}

// Drop gives the room back.
func (p Promise) Drop() {
	growMu.Lock()
	spares = append(spares, p.leaf)
	growMu.Unlock()
}

// charge charges the metadata for the kernel page that holds the entry of addr, once for
// each kernel page.
func charge(addr uintptr) {
	leaf := Leaf(addr)
	page := addr >> sizeclass.PageShift & leafMask * wordBytes / vm.PageSize()
	word := raw.At[uint32](leaf + leafBytes + page/32*4)
	bit := uint32(1) << (page % 32)
	if atomic.LoadUint32(word)&bit == 0 && atomic.OrUint32(word, bit)&bit == 0 {
		metadata.Space.Footprint.Add(int64(vm.PageSize()))
	}
}

// Mappings calls yield with the mapping of each leaf that is in use.
func Mappings(yield func(vm.Mapping)) {
	size := leafBytes + raw.AlignUp(chargedBytes, vm.PageSize())
	for i := range root {
		if leaf := atomic.LoadUintptr(&root[i]); leaf != 0 {
			yield(vm.Mapping{Base: leaf, Size: size})
		}
	}
}

// Set registers descriptor for the pages of [addr, addr+size), for which Reserve has
// succeeded. Descriptor 0 removes the entries.
func Set(addr, size, descriptor uintptr) {
	if interleave.Enabled {
		interleave.Point()
	}
	last := (addr + size - 1) >> sizeclass.PageShift
	for page := addr >> sizeclass.PageShift; page <= last; page++ {
		leaf := root[page>>leafBits]
		atomic.StoreUintptr(raw.At[uintptr](leaf+page&leafMask*wordBytes), descriptor)
	}
}
