// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"math/bits"
	"math/rand/v2"
	"runtime/debug"
	"testing"

	"github.com/ashlar-go/ashlar/internal/metadata"
	"github.com/ashlar-go/ashlar/internal/pagemap"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/smallheap"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// TestStaleDescriptors: a call can follow the page map to a descriptor that another goroutine frees
// meanwhile, and whose memory then holds anything. Reports must not fault, and panic only to
// report misuse.
func TestStaleDescriptors(t *testing.T) {
	if bits.UintSize == 32 {
		t.Skip("every address is near a random one, so the fast path of Free would accept it")
	}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	o := Options{Decay: -1, ProfileRate: -1}
	o.Hardening.SpanGuards = vm.Able(vm.Guards) && vm.PageSize() <= sizeclass.PageSize
	a := open(t, o)
	a.Free(alloc(t, a, 100))
	p := alloc(t, a, 1<<20)
	addr := raw.AlignUp(raw.Addr(p)+3*sizeclass.PageSize, sizeclass.PageSize) // of a page that has no entry
	const size = 16 << 10                                                     // more than the longest descriptor has
	d, err := metadata.Alloc(size)
	if err != nil {
		t.Fatal(err)
	}
	defer metadata.Free(d, size)
	if err := pagemap.Reserve(addr, 1); err != nil {
		t.Fatal(err)
	}
	pagemap.Set(addr, 1, d)
	defer pagemap.Set(addr, 1, 0)
	body := raw.Bytes(d, size)
	r := rand.New(rand.NewPCG(1, 2))
	for range 3000 {
		for i := range body {
			if i < 512 {
				body[i] = byte(r.Uint32())
			}
			body[i] &= smallheap.CodeMask // as states: of blocks that are not live
		}
		at := addr + uintptr(r.UintN(sizeclass.PageSize))
		*headerAt(d) = staleHeader(r, a.id, addr, at)
		for _, f := range []struct {
			name string
			call func()
		}{
			{"Free", func() { a.Free(raw.Pointer(at)) }},
			{"FreeAny", func() { FreeAny(raw.Pointer(at)) }},
			{"Realloc", func() { _, _ = a.Realloc(raw.Pointer(at), 200_000) }},
			{"making all blocks live", func() {
				for i := smallheap.StatesStart; i < len(body); i++ {
					body[i] |= smallheap.Live
				}
			}},
			{"UsableSize", func() { UsableSize(raw.Pointer(at)) }},
			{"Owns", func() { a.Owns(raw.Pointer(at)) }},
			{"requested", func() { requestedAt(at) }},
			{"Describe", func() { Describe(at) }},
			{"Describe next", func() { Describe(addr + sizeclass.PageSize) }},
		} {
			switch v := panicOf(f.call).(type) {
			case nil, *MisuseError:
			default:
				t.Fatalf("%s(%#x) with the header %+v: %v", f.name, at, *headerAt(d), v)
			}
		}
	}
}

// staleHeader returns a header that may be a mixture of two, or anything else. Some of its fields are
// such that a block could begin at at, in the page addr.
func staleHeader(r *rand.Rand, owner, addr, at uintptr) pagemap.Header {
	c := sizeclass.Class(r.UintN(sizeclass.Count))
	row := c.Info()
	h := pagemap.Header{Owner: owner, Base: at, Magic: row.Magic, Size: row.Size, Blocks: row.Blocks, Class: c, Kind: pagemap.Kind(1 + r.UintN(3))}
	for range r.UintN(4) {
		switch r.UintN(9) {
		case 0:
			h.Owner = uintptr(r.Uint64())
		case 1:
			h.Base = addr + sizeclass.PageSize - uintptr(c.SpanBytes())
		case 2:
			h.Base = uintptr(r.Uint64())
		case 3:
			h.Magic = r.Uint32()
		case 4:
			h.Size = r.Uint32()
		case 5:
			h.Blocks = r.Uint32() * r.Uint32N(2)
		case 6:
			h.Class = sizeclass.Class(r.Uint32())
		case 7:
			h.Base = at + uintptr(r.UintN(64*sizeclass.PageSize))
		case 8:
			h.Size, h.Base = 1, at-uintptr(h.Index(at+uintptr(r.Uint32())))
		}
	}
	if h.Kind == pagemap.Guarded { // a table of the Allocator itself stays while a call is inside the gate
		h.Owner = owner + 1
	}
	return h
}
