// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"testing"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/pagemap"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/smallheap"
)

// block returns the expected report for the small block of size bytes at p.
func block(kind MisuseKind, p unsafe.Pointer, size int, state string) MisuseError {
	return MisuseError{Kind: kind, Block: uintptr(p), Size: GoodSize(size), State: state}
}

// spanOf returns the descriptor of the span that contains p.
func spanOf(p unsafe.Pointer) *smallheap.Span { return smallheap.SpanAt(pagemap.Get(raw.Addr(p))) }

// freed returns a block that was allocated and freed.
func freed(t *testing.T, a *Allocator, size int) unsafe.Pointer {
	p := alloc(t, a, size)
	a.Free(p)
	return p
}

var smallMisuse = []misuseCase{
	{"double free", func(t *testing.T, a *Allocator) badPointer {
		p := freed(t, a, 100)
		return badPointer{p: p, want: block(DoubleFree, p, 100, "free"), words: []string{"free already"}}
	}},
	{"double free, others between", func(t *testing.T, a *Allocator) badPointer {
		p, others := alloc(t, a, 100), []unsafe.Pointer{}
		for range 10 {
			others = append(others, alloc(t, a, 100))
		}
		a.Free(p)
		for _, q := range others {
			a.Free(q)
		}
		return badPointer{p: p, want: block(DoubleFree, p, 100, "free"), words: []string{"free already"}}
	}},
	{"double free, others allocated since", func(t *testing.T, a *Allocator) badPointer {
		p := alloc(t, a, 100)
		q := alloc(t, a, 100)
		a.Free(p)
		a.Free(q)
		if alloc(t, a, 100) != q {
			t.Skip("the blocks have another order")
		}
		return badPointer{p: p, want: block(DoubleFree, p, 100, "free"), words: []string{"free already"}}
	}},
	{"double free, in the depot since", func(t *testing.T, a *Allocator) badPointer {
		var all []unsafe.Pointer
		for range 10 * smallheap.MaxSlots {
			all = append(all, alloc(t, a, 100))
		}
		for _, q := range all {
			a.Free(q)
		}
		return badPointer{p: all[5], want: block(DoubleFree, all[5], 100, "free"), words: []string{"free already"}}
	}},
	{"double free, in its span since", func(t *testing.T, a *Allocator) badPointer {
		p := alloc(t, a, 112)
		alloc(t, a, 112) // keeps the span from being freed
		a.Free(p)
		a.Trim()
		return badPointer{p: p, want: block(DoubleFree, p, 112, "free"), words: []string{"free already"}}
	}},
	{"double free, its span gone since", func(t *testing.T, a *Allocator) badPointer {
		p := freed(t, a, 700)
		a.Trim()
		return badPointer{p: p, want: MisuseError{Kind: ForeignPointer}, words: []string{"not memory of this Allocator", "given back to the kernel"}}
	}},
	{"double free of a block that Realloc moved", func(t *testing.T, a *Allocator) badPointer {
		p := alloc(t, a, 100)
		_, err := a.Realloc(p, 1000)
		if err != nil {
			t.Fatal(err)
		}
		return badPointer{p: p, want: block(DoubleFree, p, 100, "free"), words: []string{"free already"}}
	}},
	{"double free of size zero", func(t *testing.T, a *Allocator) badPointer {
		p := freed(t, a, 0)
		return badPointer{p: p, want: block(DoubleFree, p, 0, "free"), words: []string{"free already"}}
	}},
	{"one byte inside", func(t *testing.T, a *Allocator) badPointer {
		p := alloc(t, a, 1000)
		return badPointer{p: at(p, 1), want: block(InvalidPointer, p, 1000, "live"), words: []string{"1 byte inside"}}
	}},
	{"sixteen bytes inside", func(t *testing.T, a *Allocator) badPointer {
		p := alloc(t, a, 1000)
		return badPointer{p: at(p, 16), want: block(InvalidPointer, p, 1000, "live"), words: []string{"16 bytes inside", "start"}}
	}},
	{"the last byte", func(t *testing.T, a *Allocator) badPointer {
		p := alloc(t, a, 40000)
		return badPointer{p: at(p, GoodSize(40000)-1), want: block(InvalidPointer, p, 40000, "live"), words: []string{"inside a block"}}
	}},
	{"another page of the block", func(t *testing.T, a *Allocator) badPointer {
		p := alloc(t, a, 100000)
		return badPointer{p: at(p, 64<<10), want: block(InvalidPointer, p, 100000, "live"), words: []string{"65536 bytes inside"}}
	}},
	{"inside a free block", func(t *testing.T, a *Allocator) badPointer {
		p := freed(t, a, 1000)
		return badPointer{p: at(p, 8), want: block(InvalidPointer, p, 1000, "free"), words: []string{"8 bytes inside"}}
	}},
	{"never allocated, in a magazine", func(t *testing.T, a *Allocator) badPointer {
		p := alloc(t, a, 1000)
		q := raw.Pointer(spanOf(p).Base + uintptr(GoodSize(1000)))
		if *smallheap.StateOf(pagemap.Get(raw.Addr(q)), 1) != smallheap.Cached {
			t.Fatal("block 1 is not in a magazine")
		}
		return badPointer{p: q, want: block(InvalidPointer, q, 1000, "never allocated"), words: []string{"never handed out"}}
	}},
	{"never allocated, in its span", func(t *testing.T, a *Allocator) badPointer {
		p := alloc(t, a, 144)
		s := spanOf(p)
		q := raw.Pointer(s.Base + uintptr(s.Blocks-1)*uintptr(s.Size))
		return badPointer{p: q, want: block(InvalidPointer, q, 144, "never allocated"), words: []string{"never handed out", "made up"}}
	}},
	{"beyond the last block", func(t *testing.T, a *Allocator) badPointer {
		p := alloc(t, a, 7*1024)
		s := spanOf(p)
		q := raw.Pointer(s.Base + uintptr(s.Blocks)*uintptr(s.Size))
		if spanOf(q) != s {
			t.Fatal("the span has no tail")
		}
		return badPointer{p: q, want: MisuseError{Kind: InvalidPointer}, words: []string{"beyond the last block"}}
	}},
	{"inside the tail", func(t *testing.T, a *Allocator) badPointer {
		p := alloc(t, a, 7*1024)
		s := spanOf(p)
		return badPointer{p: raw.Pointer(s.Base + uintptr(s.Blocks)*uintptr(s.Size) + 5), want: MisuseError{Kind: InvalidPointer}, words: []string{"beyond the last block"}}
	}},
	{"another Allocator's", func(t *testing.T, a *Allocator) badPointer {
		p := alloc(t, open(t, still), 100)
		return badPointer{p: p, want: MisuseError{Kind: WrongAllocator}, words: []string{"another Allocator"}, usable: true}
	}},
	{"another Allocator's, freed already", func(t *testing.T, a *Allocator) badPointer {
		b := open(t, still)
		alloc(t, b, 100)
		p := freed(t, b, 100)
		return badPointer{p: p, want: MisuseError{Kind: WrongAllocator}, words: []string{"another Allocator"}, usable: true}
	}},
}

func TestMisuseSmall(t *testing.T) { runMisuse(t, smallMisuse) }

// TestMisuseUnused gives live blocks to an Allocator that was never used.
func TestMisuseUnused(t *testing.T) {
	b := open(t, still)
	for _, size := range []int{100, 1 << 20} {
		p := alloc(t, b, size)
		for _, m := range misuses {
			if m.op == "UsableSize" {
				continue
			}
			var a Allocator
			if m.name == "Local.Free" || m.name == "Local.Realloc" {
				continue // NewLocal uses the Allocator
			}
			wantMisuse(t, func() { m.do(&a, nil, p) }, MisuseError{Kind: WrongAllocator, Op: m.op, Addr: uintptr(p)}, "another Allocator")
		}
	}
}
