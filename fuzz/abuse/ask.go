// SPDX-License-Identifier: Apache-2.0

package abuse

import (
	"fmt"
	"math"
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
)

// typed contains mistakes with the typed helpers.
var typed = []Case{
	{Name: "free as another type", Category: typeMismatch, Want: unnoticed,
		Do: func(s *Fixture) error {
			p, err := alloc.New[[12]uint64](s.a)
			if err != nil {
				panic(failure{err})
			}
			alloc.Free(s.a, (*uint16)(s.blockAt(unsafe.Pointer(p))))
			return nil
		}},
	{Name: "free a slice from its second element on", Category: invalidFree,
		Do: func(s *Fixture) error {
			v, err := alloc.MakeSlice[uint64](s.a, 12, 12)
			if err != nil {
				panic(failure{err})
			}
			s.inside(unsafe.Pointer(&v[0]), 8)
			alloc.FreeSlice(s.a, v[1:])
			return nil
		},
		Want: panics(alloc.InvalidPointer, "Free", 96, "live", "8 bytes inside a block")},
	{Name: "free a slice that append moved to the Go heap", Category: invalidFree,
		Do: func(s *Fixture) error {
			v, err := alloc.MakeSlice[byte](s.a, smallSize, smallSize)
			if err != nil {
				panic(failure{err})
			}
			v = append(v, make([]byte, 1000)...)
			s.nobodys(unsafe.Pointer(&v[0]))
			alloc.FreeSlice(s.a, v)
			return nil
		},
		Want: panics(alloc.ForeignPointer, "Free", 0, "", foreign, "Go memory")},
	{Name: "store Go pointers", Category: goPointers,
		Do:   func(s *Fixture) error { _, err := alloc.New[*int](s.a); return err },
		Want: refused("New", alloc.ErrHasPointers)},
	{Name: "store Go pointers in a slice", Category: goPointers,
		Do:   func(s *Fixture) error { _, err := alloc.MakeSlice[string](s.a, 1, 1); return err },
		Want: refused("MakeSlice", alloc.ErrHasPointers)},
}

// sizes contains invalid requests.
var sizes = []Case{
	{Name: "a negative size", Category: impossible,
		Do:   func(s *Fixture) error { _, err := s.a.Malloc(-1); return err },
		Want: refused("Malloc", alloc.ErrInvalidSize)},
	{Name: "the largest int", Category: impossible,
		Do:   func(s *Fixture) error { _, err := s.a.Malloc(math.MaxInt); return err },
		Want: refused("Malloc", alloc.ErrOutOfMemory)},
	{Name: "n · size overflows", Category: multiplied,
		Do:   func(s *Fixture) error { _, err := s.a.Calloc(math.MaxInt/2, 3); return err },
		Want: refused("Calloc", alloc.ErrInvalidSize)},
	{Name: "n · size overflows to a small size", Category: multiplied,
		Do:   func(s *Fixture) error { _, err := s.a.Calloc(math.MaxInt/2+1, 4); return err },
		Want: refused("Calloc", alloc.ErrInvalidSize)},
	{Name: "a slice whose length overflows", Category: multiplied,
		Do:   func(s *Fixture) error { _, err := alloc.MakeSlice[[16]byte](s.a, 1, math.MaxInt/8); return err },
		Want: refused("MakeSlice", alloc.ErrInvalidSize)},
	{Name: "a slice longer than its capacity", Category: impossible,
		Do:   func(s *Fixture) error { _, err := alloc.MakeSlice[byte](s.a, 2, 1); return err },
		Want: refused("MakeSlice", alloc.ErrInvalidSize)},
	{Name: "reallocate to a negative size", Category: impossible,
		Do:   func(s *Fixture) error { _, err := s.a.Realloc(s.small(), -1); return err },
		Want: refused("Realloc", alloc.ErrInvalidSize)},
	{Name: "reallocate to the largest int", Category: impossible,
		Do:   func(s *Fixture) error { return s.kept(s.small(), smallSize) },
		Want: refused("Realloc", alloc.ErrOutOfMemory)},
	{Name: "reallocate a large object to the largest int", Category: impossible,
		Do:   func(s *Fixture) error { return s.kept(s.large(), largeSize) },
		Want: refused("Realloc", alloc.ErrOutOfMemory)},
	{Name: "an alignment of zero", Category: impossible,
		Do:   func(s *Fixture) error { _, err := s.a.Memalign(0, 100); return err },
		Want: refused("Memalign", alloc.ErrInvalidSize)},
	{Name: "an alignment that is not a power of two", Category: impossible,
		Do:   func(s *Fixture) error { _, err := s.a.Memalign(48, 100); return err },
		Want: refused("Memalign", alloc.ErrInvalidSize)},
	{Name: "an alignment beyond MaxAlign", Category: impossible,
		Do: func(s *Fixture) error {
			align := alloc.MaxAlign
			_, err := s.a.Memalign(2*align, 100) // 2·align is negative on 32-bit platforms
			return err
		},
		Want: refused("Memalign", alloc.ErrInvalidSize)},
}

// kept makes Realloc to the largest int fail. The block must keep its contents.
func (s *Fixture) kept(p unsafe.Pointer, n int) error {
	b := unsafe.Slice((*byte)(p), n)
	copy(b, written)
	_, err := s.a.Realloc(p, math.MaxInt)
	for i := range min(n, len(written)) {
		if b[i] != written[i] {
			return fmt.Errorf("byte %d changed", i)
		}
	}
	return err
}

// correct contains uses that look like mistakes but are allowed.
var correct = []Case{
	{Name: "free nil", Category: right, Want: works,
		Do: func(s *Fixture) error { s.a.Free(nil); s.l.Free(nil); return nil }},
	{Name: "read memory that was not initialised", Category: uninitialised, Want: works,
		Do: func(s *Fixture) error { s.read(s.small()); s.read(s.large()); return nil }},
	{Name: "blocks of size zero differ", Category: right, Want: works, Do: zeroSizes},
	{Name: "Calloc of a block that was dirty", Category: right, Want: works, Do: callocZero},
	{Name: "Realloc keeps what was initialised", Category: right, Want: works, Do: reallocKeeps},
	{Name: "a slice that grows to millions", Category: right, Want: works, Do: growFar},
	{Name: "reallocate a block that replaced a freed one", Category: right, Want: works,
		Do: func(s *Fixture) error {
			must(s.a.Realloc(s.reuse(s.freed(s.small())), 2*smallSize))
			return nil
		}},
	{Name: "free through another goroutine", Category: right, Want: works,
		Do: func(s *Fixture) error {
			p, q := s.small(), s.large()
			if v := race(func() { s.a.Free(p) }, func() { s.a.Free(q) }); v != nil {
				panic(v)
			}
			return nil
		}},
}

func zeroSizes(s *Fixture) error {
	seen := map[unsafe.Pointer]bool{}
	for range 100 {
		p := must(s.a.Malloc(0))
		if p == nil || seen[p] {
			return fmt.Errorf("%p again", p)
		}
		seen[p] = true
	}
	return nil
}

func callocZero(s *Fixture) error {
	for _, size := range []int{smallSize, 100 << 10, largeSize} {
		p := must(s.a.Malloc(size))
		s.write(p, min(size, len(written)), true)
		s.a.Free(p)
		b := unsafe.Slice((*byte)(must(s.a.Calloc(size, 1))), size)
		for i := range b {
			if b[i] != 0 {
				return fmt.Errorf("byte %d of %d is %d", i, size, b[i])
			}
		}
	}
	return nil
}

func reallocKeeps(s *Fixture) error {
	p, n := s.small(), smallSize
	s.write(p, n, true)
	for _, size := range []int{2000, 60 << 10, largeSize, 4 * largeSize, 200 << 10, 50} {
		p = must(s.a.Realloc(p, size))
		n = min(n, size)
		if got := unsafe.Slice((*byte)(p), n); string(got) != string(written[:n]) {
			return fmt.Errorf("contents are lost by Realloc to %d bytes", size)
		}
	}
	return nil
}

func growFar(s *Fixture) error {
	const last = 3 << 20
	var v []uint32
	for i := uint32(0); i < last; i += 1 << 10 {
		var some [1 << 10]uint32
		for j := range some {
			some[j] = i + uint32(j)
		}
		var err error
		if v, err = alloc.Append(s.a, v, some[:]...); err != nil {
			panic(failure{err})
		}
	}
	for i := range v {
		if v[i] != uint32(i) {
			return fmt.Errorf("element %d is %d", i, v[i])
		}
	}
	alloc.FreeSlice(s.a, v)
	return nil
}
