// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"strings"
	"testing"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/raw"
)

// An implementation is an allocator on which the conformance suite runs.
type implementation interface {
	Malloc(size int) (unsafe.Pointer, error)
	Calloc(n, size int) (unsafe.Pointer, error)
	Memalign(align, size int) (unsafe.Pointer, error)
	Realloc(p unsafe.Pointer, size int) (unsafe.Pointer, error)
	Free(p unsafe.Pointer)
	UsableSize(p unsafe.Pointer) int
	Trim() int64
}

// implementations lists the allocators that must pass the suite. The Go heap is one of
// them; it shows that the suite demands nothing unusual.
var implementations = []struct {
	name string
	make func(t *testing.T) implementation
}{
	{"Allocator", func(t *testing.T) implementation { return whole{open(t, still)} }},
	{"Local", func(t *testing.T) implementation { a := open(t, still); return handle{local(t, a), a} }},
	{"crossed", func(t *testing.T) implementation { a := open(t, still); return &crossed{a: a, l: local(t, a)} }},
	{"recorded", func(t *testing.T) implementation { return whole{recorded(t, still)} }},
	{"checked, recorded", func(t *testing.T) implementation { return whole{recorded(t, strict)} }},
	{"checked", func(t *testing.T) implementation { return whole{open(t, strict)} }},
	{"checked, crossed", func(t *testing.T) implementation { a := open(t, strict); return &crossed{a: a, l: local(t, a)} }},
	{"goheap", func(t *testing.T) implementation { return goHeap{} }},
}

// suite lists the tests that every implementation must pass.
var suite = []struct {
	name string
	run  func(*testing.T, implementation)
}{
	{"sizes", conformSizes},
	{"size zero", conformSizeZero},
	{"nil", conformNil},
	{"bad sizes", conformBadSizes},
	{"memalign", conformMemalign},
	{"bad alignments", conformBadAlignments},
	{"calloc", conformCalloc},
	{"calloc after trim", conformCallocAfterTrim},
	{"calloc of others' pages", conformCallocOthers},
	{"realloc", conformRealloc},
	{"realloc ends", conformReallocEnds},
	{"realloc failing", conformReallocFailing},
	{"reuse", conformReuse},
	{"model", conformModel},
}

func TestConformance(t *testing.T) {
	for _, s := range implementations {
		if testing.Short() && strings.Contains(s.name, ", ") {
			continue // both modes at once
		}
		t.Run(s.name, func(t *testing.T) {
			for _, c := range suite {
				t.Run(c.name, func(t *testing.T) { c.run(t, s.make(t)) })
			}
		})
	}
}

// local returns a Local of a, which is closed when the test ends.
func local(t *testing.T, a *Allocator) *Local {
	l := a.NewLocal()
	t.Cleanup(l.Close)
	return l
}

// whole is an Allocator as an implementation.
type whole struct{ *Allocator }

func (whole) UsableSize(p unsafe.Pointer) int { return UsableSize(p) }

// handle is a Local as an implementation.
type handle struct {
	*Local
	of *Allocator
}

func (handle) UsableSize(p unsafe.Pointer) int { return UsableSize(p) }
func (h handle) Trim() int64                   { return h.of.Trim() }

// crossed alternates between a Local and its Allocator. So most blocks are freed through
// another handle than the one that allocated them.
type crossed struct {
	a     *Allocator
	l     *Local
	turns int
}

func (c *crossed) next() implementation {
	c.turns++
	if c.turns%3 == 0 {
		return whole{c.a}
	}
	return handle{c.l, c.a}
}

func (c *crossed) Malloc(size int) (unsafe.Pointer, error)    { return c.next().Malloc(size) }
func (c *crossed) Calloc(n, size int) (unsafe.Pointer, error) { return c.next().Calloc(n, size) }
func (c *crossed) Memalign(align, size int) (unsafe.Pointer, error) {
	return c.next().Memalign(align, size)
}
func (c *crossed) Realloc(p unsafe.Pointer, size int) (unsafe.Pointer, error) {
	return c.next().Realloc(p, size)
}
func (c *crossed) Free(p unsafe.Pointer)           { c.next().Free(p) }
func (c *crossed) UsableSize(p unsafe.Pointer) int { return UsableSize(p) }
func (c *crossed) Trim() int64                     { return c.a.Trim() }

// goodSize returns the UsableSize that m gives to a request of size bytes.
func goodSize(m implementation, size int) int {
	switch m := m.(type) {
	case whole:
		return m.goodSize(size)
	case handle:
		return m.of.goodSize(size)
	case *crossed:
		return m.a.goodSize(size)
	}
	return GoodSize(size)
}

func (a *Allocator) goodSize(size int) int {
	if a.checker() != nil {
		return size
	}
	return GoodSize(size)
}

// goHeap is the Go heap as an implementation: the live objects, by address.
type goHeap map[unsafe.Pointer][]byte

func (g goHeap) Malloc(size int) (unsafe.Pointer, error) { return g.Memalign(64, size) }

func (g goHeap) Calloc(n, size int) (unsafe.Pointer, error) {
	total, err := product("Calloc", n, size)
	if err != nil {
		return nil, err
	}
	return g.Malloc(total)
}

func (g goHeap) Memalign(align, size int) (unsafe.Pointer, error) {
	switch {
	case size < 0 || align <= 0 || align&(align-1) != 0 || align > MaxAlign:
		return nil, &Error{Op: "Memalign", Size: size, Err: ErrInvalidSize}
	case size > 64<<20:
		return nil, &Error{Op: "Memalign", Size: size, Err: ErrOutOfMemory}
	}
	n := max(GoodSize(size), 1)
	align = max(align, 16)
	b := make([]byte, n+align)
	start := unsafe.Pointer(unsafe.SliceData(b))
	addr := raw.Addr(start)
	p := unsafe.Add(start, raw.AlignUp(addr, uintptr(align))-addr)
	g[p] = bytesAt(p, n)
	return p, nil
}

func (g goHeap) Realloc(p unsafe.Pointer, size int) (unsafe.Pointer, error) {
	if p != nil && size == 0 {
		g.Free(p)
		return nil, nil
	}
	to, err := g.Malloc(size)
	if err != nil || p == nil {
		return to, err
	}
	copy(g[to], g[p])
	g.Free(p)
	return to, nil
}

func (g goHeap) Free(p unsafe.Pointer)           { delete(g, p) }
func (g goHeap) UsableSize(p unsafe.Pointer) int { return len(g[p]) }
func (g goHeap) Trim() int64                     { return 0 }
