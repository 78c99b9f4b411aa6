// SPDX-License-Identifier: Apache-2.0

package ashlarfree

import (
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/arena"
)

type point struct{ x, y int }

func twice(a *alloc.Allocator) {
	p, err := a.Malloc(8)
	if err != nil {
		return
	}
	a.Free(p)
	a.Free(p) // want `p is freed twice: Free has freed it`
}

func used(a *alloc.Allocator) int {
	p, err := alloc.New[point](a)
	if err != nil {
		return 0
	}
	alloc.Free(a, p)
	return p.x // want `p is used after Free`
}

func converted(a *alloc.Allocator, p *point) {
	a.Free(unsafe.Pointer(p))
	p.y = 1 // want `p is used after Free`
}

func slices(a *alloc.Allocator, s []int) int {
	alloc.FreeSlice(a, s)
	n := len(s) + cap(s)
	if s == nil {
		return n
	}
	return n + s[0] // want `s is used after FreeSlice`
}

func again(a *alloc.Allocator, p unsafe.Pointer) (err error) {
	a.Free(p)
	if p, err = a.Malloc(8); err != nil {
		return err
	}
	a.Free(p)
	return nil
}

func branches(a *alloc.Allocator, p unsafe.Pointer, early bool) {
	if early {
		a.Free(p)
		return
	}
	a.Free(p)
}

func deferred(a *alloc.Allocator, p *point) int {
	defer alloc.Free(a, p)
	return p.x
}

func arenas(r *arena.Arena) int {
	p := arena.New[point](r)
	p.x = 1
	r.Reset()
	q := arena.New[point](r)
	q.y = 2
	return p.x // want `p is used after Reset`
}
