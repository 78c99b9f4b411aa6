// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"testing"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// TestResolve: resolve finds the kind of each address, for a given Allocator and for any.
func TestResolve(t *testing.T) {
	vm.Require(t, vm.Guards)
	plain, guarding, other := open(t, still), open(t, guardAll), open(t, still)
	freedBlock := func(a *Allocator, size int) unsafe.Pointer {
		p := alloc(t, a, size)
		a.Free(p)
		return p
	}
	onStack := 0
	for _, c := range []struct {
		name string
		a    *Allocator
		p    unsafe.Pointer
		want residentKind
		any  residentKind
	}{
		{"nil", plain, nil, kindNone, kindNone},
		{"the stack", plain, unsafe.Pointer(&onStack), kindNone, kindNone},
		{"a small block", plain, alloc(t, plain, 100), kindSmall, kindSmall},
		{"a freed small block", plain, freedBlock(plain, 500), kindFreed, kindFreed},
		{"inside a small block", plain, at(alloc(t, plain, 1000), 8), kindInside, kindInside},
		{"a large object", plain, alloc(t, plain, 1<<20), kindLarge, kindLarge},
		{"inside a large object", plain, at(alloc(t, plain, 1<<20), 64), kindInside, kindInside},
		{"a freed large object", plain, freedBlock(plain, 3<<20), kindFreed, kindFreed},
		{"a guarded block", guarding, alloc(t, guarding, 100), kindGuarded, kindGuarded},
		{"a freed guarded block", guarding, freedBlock(guarding, 100), kindFreed, kindFreed},
		{"another's small block", plain, alloc(t, other, 100), kindForeign, kindSmall},
		{"another's large object", plain, alloc(t, other, 1<<20), kindForeign, kindLarge},
		{"another's guarded block", plain, alloc(t, guarding, 100), kindForeign, kindGuarded},
	} {
		addr := raw.Addr(c.p)
		if r := resolve(addr, c.a.id); r.kind != c.want || r.addr != addr {
			t.Errorf("%s: kind %d, want %d", c.name, r.kind, c.want)
		}
		r := resolve(addr, anyOwner)
		if r.kind != c.any {
			t.Errorf("%s, for any Allocator: kind %d, want %d", c.name, r.kind, c.any)
		}
		if r.isLive() && int(r.usable()) != UsableSize(c.p) {
			t.Errorf("%s: %d bytes are usable, want %d", c.name, r.usable(), UsableSize(c.p))
		}
	}
}
