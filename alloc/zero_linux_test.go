// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"fmt"
	"testing"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/vm"
)

// grows returns by how many bytes f increases the allocator's resident memory.
func grows(t *testing.T, a *Allocator, f func()) int64 {
	t.Helper()
	before := inRAM(t, a)
	f()
	return inRAM(t, a) - before
}

// TestZerosTakeNoMemory: zeros that the kernel supplies are not written. So a slice that grows, and
// a block that is zeroed again after sparse use, take RAM only for the used part.
func TestZerosTakeNoMemory(t *testing.T) {
	vm.Require(t, vm.Residency)
	if raceEnabled {
		t.Skip("the race detector's own records of the blocks are resident, too")
	}
	const large, limit = 256 << 20, 32 << 20
	local := func(t *testing.T, a *Allocator) Memory {
		l := a.NewLocal()
		t.Cleanup(l.Close)
		return l
	}
	whole := func(_ *testing.T, a *Allocator) Memory { return a }
	for name, memory := range map[string]func(*testing.T, *Allocator) Memory{"Local": local, "Allocator": whole} {
		for _, from := range []int{100, 1 << 20, 9 << 20} {
			t.Run(fmt.Sprintf("Resize from %d bytes/%s", from, name), func(t *testing.T) {
				a := open(t, still)
				m := memory(t, a)
				s := Must(MakeSlice[byte](m, from, from))
				for i := range s {
					s[i] = 7
				}
				s = s[:from/2] // the rest must be zero again
				n := grows(t, a, func() { s = Must(Resize(m, s, large)) })
				if n > limit {
					t.Errorf("%d bytes of RAM for a slice of %d of which %d are used", n, large, from)
				}
				for i, v := range s[:2*from] {
					if want := byte(7); (v == want) != (i < from/2) {
						t.Fatalf("element %d is %d", i, v)
					}
				}
				FreeSlice(m, s)
			})
		}
	}
	t.Run("Calloc again", func(t *testing.T) {
		a := open(t, Options{})
		for range 3 {
			n := grows(t, a, func() {
				p, err := a.Calloc(1, large-1<<20)
				if err != nil {
					t.Fatal(err)
				}
				bytesAt(p, large)[large/2] = 1
				a.Free(p)
			})
			if n > limit {
				t.Errorf("%d bytes of RAM", n)
			}
		}
	})
	t.Run("ZeroOnFree", func(t *testing.T) {
		a := open(t, Options{Hardening: Hardening{ZeroOnFree: true}})
		p := alloc(t, a, large-1<<20)
		secret := bytesAt(p, 1<<20)[1000:1006]
		copy(secret, "secret")
		if n := grows(t, a, func() { a.Free(p) }); n > limit {
			t.Errorf("%d bytes of RAM", n)
		}
		if q := alloc(t, a, large-1<<20); q == p && unsafe.String(&secret[0], 6) == "secret" {
			t.Error("the freed contents are still there")
		}
	})
}
