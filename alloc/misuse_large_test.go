// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"fmt"
	"testing"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/largeobj"
)

const largeSize = 1<<20 + 1000

// object returns the expected report for the large object at p.
func object(kind MisuseKind, p unsafe.Pointer, state string) MisuseError {
	return MisuseError{Kind: kind, Block: uintptr(p), Size: largeSize, State: state}
}

var largeMisuse = []misuseCase{
	{"double free", func(t *testing.T, a *Allocator) badPointer {
		p := freed(t, a, largeSize)
		return badPointer{p: p, want: object(DoubleFree, p, "free"), words: []string{"freed already"}}
	}},
	{"double free, others since", func(t *testing.T, a *Allocator) badPointer {
		p := freed(t, a, largeSize)
		a.Free(alloc(t, a, 3*largeSize))
		freed(t, a, 1000)
		return badPointer{p: p, want: object(DoubleFree, p, "free"), words: []string{"freed already"}}
	}},
	{"double free, unmapped since", func(t *testing.T, a *Allocator) badPointer {
		p := freed(t, a, largeSize)
		a.Trim()
		return badPointer{p: p, want: object(DoubleFree, p, "returned to the kernel"), words: []string{"freed already", "returned to the kernel"}}
	}},
	{"double free of a block that Realloc shrank", func(t *testing.T, a *Allocator) badPointer {
		p := alloc(t, a, largeSize)
		if _, err := a.Realloc(p, 100); err != nil {
			t.Fatal(err)
		}
		return badPointer{p: p, want: object(DoubleFree, p, "free"), words: []string{"freed already"}}
	}},
	{"64 bytes inside", func(t *testing.T, a *Allocator) badPointer {
		p := alloc(t, a, largeSize)
		return badPointer{p: at(p, 64), want: object(InvalidPointer, p, "live"), words: []string{"64 bytes into"}}
	}},
	{"far inside", func(t *testing.T, a *Allocator) badPointer {
		p := alloc(t, a, largeSize)
		return badPointer{p: at(p, 1<<20), want: object(InvalidPointer, p, "live"), words: []string{"1048576 bytes into"}}
	}},
	{"the last byte", func(t *testing.T, a *Allocator) badPointer {
		p := alloc(t, a, largeSize)
		return badPointer{p: at(p, largeSize-1), want: object(InvalidPointer, p, "live"), words: []string{"bytes into"}}
	}},
	{"beyond the end", func(t *testing.T, a *Allocator) badPointer {
		p := alloc(t, a, largeSize)
		return badPointer{p: at(p, largeSize), want: object(InvalidPointer, p, "live"), words: []string{"0 bytes beyond the end"}}
	}},
	{"its header", func(t *testing.T, a *Allocator) badPointer {
		p := alloc(t, a, largeSize)
		return badPointer{p: at(p, -64), want: object(InvalidPointer, p, "live"), words: []string{"64 bytes in front of"}}
	}},
	{"inside a freed one", func(t *testing.T, a *Allocator) badPointer {
		p := freed(t, a, largeSize)
		return badPointer{p: at(p, 100<<10), want: object(InvalidPointer, p, "free"), words: []string{"102400 bytes into"}}
	}},
	{"inside an unmapped one", func(t *testing.T, a *Allocator) badPointer {
		p := freed(t, a, largeSize)
		a.Trim()
		return badPointer{p: at(p, 16), want: object(InvalidPointer, p, "returned to the kernel"), words: []string{"16 bytes into what was"}}
	}},
	{"another Allocator's", func(t *testing.T, a *Allocator) badPointer {
		p := alloc(t, open(t, still), largeSize)
		return badPointer{p: p, want: MisuseError{Kind: WrongAllocator}, words: []string{"another Allocator"}, usable: true}
	}},
}

func TestMisuseLarge(t *testing.T) { runMisuse(t, largeMisuse) }

// TestMisuseHeader writes to the bytes before a large object.
func TestMisuseHeader(t *testing.T) {
	for _, size := range []int{sizeclass.LargeMin, largeSize} {
		for offset := -64; offset < 0; offset += 7 {
			for _, m := range misuses {
				if m.op == "UsableSize" {
					continue // UsableSize does not check the header
				}
				t.Run(fmt.Sprint(size, offset, m.name), func(t *testing.T) { overwriteHeader(t, size, offset, m) })
			}
		}
	}
}

// overwriteHeader overwrites the header of an object of size bytes, at an offset from the
// object, and misuses the object.
func overwriteHeader(t *testing.T, size, offset int, m misuse) {
	a := open(t, still)
	l := local(t, a)
	p := alloc(t, a, size)
	fill(bytesAt(p, size), 5)
	header := bytesAt(at(p, -64), 64)
	header[64+offset] ^= 0x55
	want := MisuseError{Kind: DamagedHeader, Op: m.op, Addr: uintptr(p), Block: uintptr(p), Size: size, State: "live"}
	wantMisuse(t, func() { m.do(a, l, p) }, want, "header was overwritten", "in front of the object")
	header[64+offset] ^= 0x55
	if !filled(bytesAt(p, size), 5) {
		t.Fatal("the report changed the object")
	}
	a.Free(p)
	stillWorks(t, a, l)
}

// TestMisuseCarved frees an object twice that shares its mapping with others.
func TestMisuseCarved(t *testing.T) {
	a := open(t, Options{Decay: -1, Large: largeobj.Options{MaxMappings: 1}})
	l := local(t, a)
	p, q := alloc(t, a, largeSize), alloc(t, a, largeSize)
	fill(bytesAt(q, largeSize), 1)
	for _, m := range misuses {
		if m.op != "UsableSize" {
			wantMisuse(t, func() { m.do(a, l, at(p, 4096)) }, MisuseError{Kind: InvalidPointer, Op: m.op, Addr: uintptr(p) + 4096,
				Block: uintptr(p), Size: largeSize, State: "live"}, "4096 bytes into")
		}
	}
	a.Free(p)
	for _, m := range misuses {
		want := MisuseError{Kind: freedTo(m.op), Op: m.op, Addr: uintptr(p), Block: uintptr(p), Size: largeSize, State: "free|returned"}
		if m.op == "UsableSize" {
			vague(t, func() { m.do(a, l, p) }, badPointer{p: p, want: want})
			continue
		}
		wantMisuse(t, func() { m.do(a, l, p) }, want)
	}
	if !filled(bytesAt(q, largeSize), 1) {
		t.Error("the next object was overwritten")
	}
	stillWorks(t, a, l)
}

// TestMisuseHeaderBits: a change of any bit of the header is detected.
func TestMisuseHeaderBits(t *testing.T) {
	a := open(t, still)
	for _, size := range []int{sizeclass.LargeMin, largeSize} {
		p := alloc(t, a, size)
		header := bytesAt(at(p, -64), 64)
		for bit := range 8 * len(header) {
			header[bit/8] ^= 1 << (bit % 8)
			if panicOf(func() { a.Free(p) }) == nil {
				t.Fatalf("%d bytes: bit %d of the header, %d bytes in front of the object, was changed without a report",
					size, bit, len(header)-bit/8)
			}
			header[bit/8] ^= 1 << (bit % 8)
		}
		a.Free(p)
	}
	drained(t, a)
}

// TestMisuseBesideAnother: the end of an object can be in the page where an object of another Allocator begins.
// A report about an address there is about the former.
func TestMisuseBesideAnother(t *testing.T) {
	const size = sizeclass.LargeMin + 1000 // with its header, an odd number of kernel pages
	owners := [2]*Allocator{open(t, still), open(t, still)}
	var objects [2][]unsafe.Pointer
	for i := range 64 {
		objects[i%2] = append(objects[i%2], alloc(t, owners[i%2], size))
	}
	shared := 0
	for i, a := range owners {
		for _, p := range objects[i] {
			end := at(p, size)
			if r := resolve(raw.Addr(end), a.id); r.kind != kindForeign {
				continue
			}
			shared++
			want := MisuseError{Kind: InvalidPointer, Op: "Free", Addr: raw.Addr(end), Block: raw.Addr(p), Size: size, State: "live"}
			wantMisuse(t, func() { a.Free(end) }, want, "0 bytes beyond the end")
		}
	}
	if shared == 0 {
		t.Skip("no object ends in the page where another one begins")
	}
	for i, a := range owners {
		for _, p := range objects[i] {
			a.Free(p)
		}
	}
}
