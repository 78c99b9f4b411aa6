// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"errors"
	"testing"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/sizeclass"
)

// A misuseCase creates an address that must not be passed to an Allocator.
type misuseCase struct {
	name  string
	setUp func(*testing.T, *Allocator) badPointer
}

// A badPointer is such an address, and the expected report.
type badPointer struct {
	p      unsafe.Pointer
	want   MisuseError // without Op and Addr
	words  []string    // words in the message
	usable bool        // whether UsableSize accepts the address, because it does not check which Allocator owns the block
}

// A misuse is a way to pass a pointer to an Allocator.
type misuse struct {
	name, op string
	do       func(a *Allocator, l *Local, p unsafe.Pointer)
}

var misuses = []misuse{
	{"Free", "Free", func(a *Allocator, _ *Local, p unsafe.Pointer) { a.Free(p) }},
	{"Local.Free", "Free", func(_ *Allocator, l *Local, p unsafe.Pointer) { l.Free(p) }},
	{"Realloc", "Realloc", func(a *Allocator, _ *Local, p unsafe.Pointer) { _, _ = a.Realloc(p, 50) }},
	{"Realloc large", "Realloc", func(a *Allocator, _ *Local, p unsafe.Pointer) { _, _ = a.Realloc(p, 1<<20) }},
	{"Realloc 0", "Realloc", func(a *Allocator, _ *Local, p unsafe.Pointer) { _, _ = a.Realloc(p, 0) }},
	{"Local.Realloc", "Realloc", func(_ *Allocator, l *Local, p unsafe.Pointer) { _, _ = l.Realloc(p, 50) }},
	{"UsableSize", "UsableSize", func(_ *Allocator, _ *Local, p unsafe.Pointer) { UsableSize(p) }},
}

// runMisuse tries every misuse with every bad pointer. Afterwards the Allocator must work
// as before.
func runMisuse(t *testing.T, cases []misuseCase) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			for _, m := range misuses {
				t.Run(m.name, func(t *testing.T) {
					a := open(t, still)
					l := local(t, a)
					kept := keep(t, a, l)
					bad := c.setUp(t, a)
					if bad.usable && m.op == "UsableSize" {
						t.Skip("it may be a live block")
					}
					if bad.want.Size == largeSize && m.op == "UsableSize" {
						vague(t, func() { UsableSize(bad.p) }, bad)
						return
					}
					bad.want.Op, bad.want.Addr = m.op, uintptr(bad.p)
					if bad.want.Kind == DoubleFree {
						bad.want.Kind = freedTo(m.op)
					}
					for range 2 {
						wantMisuse(t, func() { m.do(a, l, bad.p) }, bad.want, bad.words...)
					}
					check(t, a)
					kept.free(t)
					stillWorks(t, a, l)
				})
			}
		})
	}
}

// vague is wantMisuse for reports of UsableSize about large objects. UsableSize has no
// Allocator, so the report may or may not describe the object.
func vague(t *testing.T, f func(), bad badPointer) {
	t.Helper()
	err, _ := panicOf(f).(error)
	var got *MisuseError
	if !errors.As(err, &got) || got.Op != "UsableSize" || got.Addr != uintptr(bad.p) || got.Detail == "" ||
		got.Block != 0 && got.Block != bad.want.Block {
		t.Errorf("panic(%#v), want the *MisuseError of %+v", err, bad.want)
	}
}

// keptBlocks are live blocks that no misuse may change.
type keptBlocks struct {
	a      *Allocator
	blocks []unsafe.Pointer
}

func keep(t *testing.T, a *Allocator, l *Local) *keptBlocks {
	k := &keptBlocks{a: a}
	for _, size := range []int{16, 100, 1000, 5000, 80000, sizeclass.LargeMin, 300 << 10} {
		k.blocks = append(k.blocks, alloc(t, a, size), alloc(t, l, size))
	}
	for i, p := range k.blocks {
		fill(bytesAt(p, UsableSize(p)), i)
	}
	return k
}

func (k *keptBlocks) free(t *testing.T) {
	t.Helper()
	for i, p := range k.blocks {
		if !filled(bytesAt(p, UsableSize(p)), i) {
			t.Errorf("a misuse changed the block of %d bytes", UsableSize(p))
		}
		k.a.Free(p)
	}
}

// stillWorks fails unless a and l can allocate and free blocks.
func stillWorks(t *testing.T, a *Allocator, l *Local) {
	t.Helper()
	seen := map[unsafe.Pointer]bool{}
	for _, size := range []int{16, 100, 1000, 5000, 80000, sizeclass.LargeMin, 300 << 10} {
		for range 8 {
			p, q := alloc(t, a, size), alloc(t, l, size)
			if seen[p] || seen[q] || p == q {
				t.Fatalf("a block of %d bytes was allocated twice", size)
			}
			seen[p], seen[q] = true, true
			fill(bytesAt(p, size), 1)
			fill(bytesAt(q, size), 2)
		}
	}
	for p := range seen {
		a.Free(p)
	}
	check(t, a)
}

func TestMisuseAfterClose(t *testing.T) {
	for _, size := range []int{1, 100, 5000, 1 << 20} {
		for _, m := range misuses {
			a, err := NewAllocator(still)
			if err != nil {
				t.Fatal(err)
			}
			l := a.NewLocal()
			p, q := alloc(t, a, size), alloc(t, l, size)
			if err := a.Close(); err != nil {
				t.Fatal(err)
			}
			kind, words := UseAfterClose, []string{"closed"}
			if m.op == "UsableSize" {
				kind, words = ForeignPointer, nil // UsableSize does not know which Allocator owned the block
			}
			for _, p := range []unsafe.Pointer{p, q} {
				wantMisuse(t, func() { m.do(a, l, p) }, MisuseError{Kind: kind, Op: m.op, Addr: uintptr(p)}, words...)
			}
			l.Close()
			check(t, a)
		}
	}
}
