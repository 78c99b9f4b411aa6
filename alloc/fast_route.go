// SPDX-License-Identifier: Apache-2.0

//go:build amd64 && !ashlar_portable && !race && !asan && !msan && !ashlar_interleave

package alloc

import (
	"fmt"
	"sync/atomic"
	"unsafe"
)

// routes lead assembly from a processor to its cache with one load after m.p. By way of p.id and
// the table of caches these are two loads, each of which waits for the one before.
//
//	routes[i].processor = 0, or the address of a runtime.p with routeOf(processor) = i
//	routes[i].cache     = the entry of that processor in the table of caches, or emptyCache()
//
// The runtime never frees a p and never changes its id (procresize). So a processor, once it has a
// route, keeps it as long as the Allocator exists. A processor whose place is taken has no route:
// assembly then finds its cache by way of the table.
//
// Routes are written under a.mu. A cache leaves the table first, then its route, and then whoever
// took it away waits for the sections that may still use it, which are those of assembly, too.
type routes [64]route

type route struct {
	processor uintptr // atomic; written once, after cache
	cache     uintptr // atomic
}

// routeShift divides the address of a runtime.p: two that lie side by side are 16 KiB apart.
const routeShift = 14

// routeOf returns the place of a processor's route.
func routeOf(processor uintptr) uintptr { return processor >> routeShift % uintptr(len(routes{})) }

// thisProcessor returns the address of the caller's runtime.p, or 0 if assembly cannot find it. The caller is
// pinned.
func thisProcessor() uintptr {
	if processorField == 0 {
		return 0
	}
	return processorAddress()
}

// processorAddress is thisProcessor where assembly finds the processor.
func processorAddress() uintptr

// usualField is the offset of m.p in Go 1.26.
const usualField = 0xd0

// entriesFor returns the addresses of the functions for Allocators that fit where m.p is, which is
// at processorField. malloc and free fit everywhere.
func entriesFor(malloc, free uintptr) (uintptr, uintptr) {
	if processorField == usualField {
		return usualEntries()
	}
	return malloc, free
}

// usualEntries returns the addresses of the functions that need m.p to be at usualField.
func usualEntries() (malloc, free uintptr)

// set leads the processor to the cache, if its place is not taken.
func (r *routes) set(processor, cache uintptr) {
	if processor == 0 {
		return
	}
	at := &r[routeOf(processor)]
	if at.processor == 0 || at.processor == processor {
		atomic.StoreUintptr(&at.cache, cache)
		atomic.StoreUintptr(&at.processor, processor)
	}
}

// remove removes the cache from its route.
func (r *routes) remove(cache uintptr) {
	for i := range r {
		if r[i].cache == cache {
			atomic.StoreUintptr(&r[i].cache, emptyCache())
		}
	}
}

// check tests the equations at routes. table holds the caches of the table. Call it with a.mu held.
func (r *routes) check(table map[uintptr]bool) error {
	seen := map[uintptr]bool{}
	for i, at := range r {
		free, routed := at == route{}, at.processor != 0 && routeOf(at.processor) == uintptr(i)
		if free || routed && at.cache == emptyCache() {
			continue
		}
		if !routed || !table[at.cache] || seen[at.cache] {
			return fmt.Errorf("alloc: route %d, of processor %#x, leads to cache %#x, which is not in the table, or has another route", i, at.processor, at.cache)
		}
		seen[at.cache] = true
	}
	return nil
}

// What the assembly knows of routes.
const (
	asmRouteShift = routeShift
	asmRouteMask  = uintptr(len(routes{}) - 1)

	asmUsualField = usualField
)

// The assembly has these numbers in its instructions.
var (
	_ = [1]struct{}{}[unsafe.Sizeof(route{})-16]
	_ = [1]struct{}{}[unsafe.Offsetof(route{}.cache)-8]
)

// Linters do not see what assembly uses.
var _ = [...]uintptr{asmRouteShift, asmRouteMask, asmUsualField}
