// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"errors"
	"strings"
	"testing"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// TestGuardReportedOnce: Verify reports a write beside a guarded block each time. The
// operation that frees the block reports it once. The next attempt succeeds, and the slot
// is used again.
func TestGuardReportedOnce(t *testing.T) {
	vm.Require(t, vm.Guards)
	const size = 100
	for _, c := range []struct {
		name string
		end  func(a *Allocator, p unsafe.Pointer)
	}{
		{"Free", func(a *Allocator, p unsafe.Pointer) { a.Free(p) }},
		{"Realloc", func(a *Allocator, p unsafe.Pointer) {
			if q, err := a.Realloc(p, 200); err == nil {
				a.Free(q)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			a := open(t, guardAll)
			for range 2 * guardSlots { // all slots are used again
				p := alloc(t, a, size)
				if !isGuarded(p) {
					t.Fatal("no slot is left")
				}
				if err := a.Inspect().Verify(); err != nil {
					t.Fatal(err)
				}
				*(*byte)(at(p, size)) ^= 1
				for range 2 {
					var e *MisuseError
					if err := a.Inspect().Verify(); !errors.As(err, &e) || e.Block != raw.Addr(p) || e.Kind != Overflow {
						t.Fatalf("Verify: %v", err)
					}
				}
				wantMisuse(t, func() { c.end(a, p) },
					MisuseError{Kind: Overflow, Op: c.name, Addr: raw.Addr(p), Block: raw.Addr(p), Size: size, State: "live"})
				if s := a.Stats(); s.Live() != 1 {
					t.Fatalf("%d live blocks after the report, want 1", s.Live())
				}
				c.end(a, p)
			}
		})
	}
}

// TestGuardDescribe: Describe finds nothing wrong with an address inside a live block. For
// a slot that was never used it reports that no block is there.
func TestGuardDescribe(t *testing.T) {
	vm.Require(t, vm.Guards)
	a := open(t, guardAll)
	const size = 48
	p := alloc(t, a, size)
	defer a.Free(p)
	for _, offset := range []int{0, size - 1} {
		if e, ok := Describe(raw.Addr(p) + uintptr(offset)); ok {
			t.Errorf("offset %d of a live block: %v", offset, e)
		}
	}
	unused := a.guardPool.base(guardSlots - 1)
	e, ok := Describe(unused)
	if !ok || e.Block != 0 || !strings.Contains(e.Detail, "no block is") {
		t.Errorf("in a slot that was never used: %v", e)
	}
	wantMisuse(t, func() { a.Free(raw.Pointer(unused)) }, MisuseError{Kind: InvalidPointer, Op: "Free", Addr: unused}, "no block is")
}
