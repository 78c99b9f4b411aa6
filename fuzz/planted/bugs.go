// SPDX-License-Identifier: Apache-2.0

package planted

import (
	"fmt"
	"strings"
)

// A Bug is a realistic mistake in one source file, and the target that must find it.
type Bug struct {
	Name  string
	File  string // relative to the module's root
	Right string // stands in the file once
	Wrong string // is compiled instead
	Found string // the target of ./fuzz that finds it; or "soak" and a profile of load; or "scene" and one of alloc.TestInterleavings
}

// plant returns the contents of the file with the bug in it.
func (b *Bug) plant(text string) (string, error) {
	if n := strings.Count(text, b.Right); n != 1 {
		return "", fmt.Errorf("%q stands %d times in %s, want once", b.Right, n, b.File)
	}
	return strings.Replace(text, b.Right, b.Wrong, 1), nil
}

// Bugs returns the list, from the bottom layer to the top.
func Bugs() []Bug {
	return []Bug{
		{"vm: a release is not counted", "internal/vm/space.go",
			"	s.Mapped.Add(-int64(size))\n	return nil", "	return nil", "FuzzAllocator"},
		{"vm: purged memory is not zero", "internal/vm/vm_linux.go",
			"if lazy {", "if lazy || size > 0 {", "FuzzAllocator"},
		{"vm: a charge beyond the limit succeeds", "internal/vm/space.go",
			"now > limit || uint64(n) > uint64(limit-now)", "now > 2*limit", "FuzzAllocator"},
		{"sizeclass: a bound is off by one", "internal/sizeclass/classcode.go",
			"x := uint(size - 1)", "x := uint(max(size-2, 0))", "FuzzSizeClass"},
		{"sizeclass: a bound is off by one, seen from the allocator", "internal/sizeclass/classcode.go",
			"x := uint(size - 1)", "x := uint(max(size-2, 0))", "FuzzAllocator"},
		{"sizeclass: a block index is rounded up", "internal/sizeclass/sizeclass.go",
			"uint64(off) * uint64(magic)", "(uint64(off) + 1) * uint64(magic)", "FuzzSizeClass"},
		{"metadata: freed bytes are not counted", "internal/metadata/metadata.go",
			"	inUse -= int(h.size)\n", "", "FuzzAllocator"},
		{"metadata: a freed object is not cleared before it is used again", "internal/metadata/metadata.go",
			"if reused || h.dirty {", "if h.dirty {", "FuzzAllocator"},
		{"pagemap: the last page of a span is not entered", "internal/pagemap/pagemap.go",
			"page <= last; page++", "page < last || page == addr>>sizeclass.PageShift; page++", "FuzzAllocator"},
		{"pageheap: a run is one page short", "internal/pageheap/heap.go",
			"	c.busy.set(first, first+n)\n	c.dirty.clear", "	c.busy.set(first, first+max(n-1, 1))\n	c.dirty.clear", "FuzzAllocator"},
		{"pageheap: dirty pages count as clean", "internal/pageheap/heap.go",
			"return addr, dirty == 0, nil", "return addr, dirty < n, nil", "FuzzAllocator"},
		{"pageheap: a page that could not be purged counts as clean", "internal/pageheap/purge.go",
			"		c.dirty.add(&was, first, end)\n", "", "FuzzAllocator"},
		{"largeheap: the header does not move with mremap", "internal/largeheap/resize.go",
			"	o.seal(h.secret)\n", "	if start == o.start && s == nil {\n		o.seal(h.secret)\n	}\n", "FuzzRealloc"},
		{"largeheap: lazily purged memory counts as zeroed", "internal/largeheap/release.go",
			"		o.pages = stale\n", "", "FuzzLargePolicies"},
		{"largeheap: an extent is reused without the requested alignment", "internal/largeheap/layout.go",
			"addr := raw.AlignUp(start+headerSize, w.align)",
			"addr := raw.AlignUp(start+headerSize, page)", "FuzzAlignment"},
		{"largeheap: a move does not copy the last byte", "internal/largeheap/resize.go",
			"raw.Copy(now.user(), o.user(), min(kept, o.usable()))",
			"raw.Copy(now.user(), o.user(), min(kept, o.usable())-1)", "FuzzLargePolicies"},
		{"largeheap: a damaged header is accepted", "internal/largeheap/header.go",
			"(got[wordCookie]^o.cookie) == 0", "(got[wordCookie]^o.cookie) < 1<<8", "FuzzLargePolicies"},
		{"largeheap: a reused extent still counts as retained", "internal/largeheap/index.go",
			"	x.count.Store(x.count.Load() - 1)\n", "", "FuzzLargePolicies"},
		{"alloc: a block is lost in a magazine swap", "internal/smallheap/classcache.go",
			"	r.top = r.bottom + uintptr(magazineAt(m).n)*slotSize",
			"	r.top = r.bottom + uintptr(magazineAt(m).n-magazineAt(m).n/100)*slotSize", "FuzzAllocator"},
		{"alloc: a used block counts as zeroed", "internal/smallheap/classcache.go",
			"	*st = Cached | Used\n", "	*st = Cached\n", "FuzzAllocator"},
		{"alloc: a block of a new span is allocated twice", "internal/smallheap/span.go",
			"			sp.idle--\n", "			sp.idle--\n			if i == 7 {\n				states[i] ^= Idle | Cached\n				sp.idle++\n			}\n", "FuzzAllocator"},
		{"alloc: a batch takes a block and leaves it in its magazine", "internal/smallheap/batch.go",
			"if mag.n -= uint32(k); k < len(run)", "if mag.n -= uint32(min(k, 3)); k < len(run)", "FuzzAllocator"},
		{"alloc: a batch frees a block and does not see that it is free", "internal/smallheap/batch.go",
			"if !IsPlain(was) || to.addr == endMark {", "if to.addr == endMark {", "FuzzAllocator"},
		{"alloc: a move does not copy the last byte", "alloc/realloc.go",
			"n := min(usable, kept, uintptr(size))", "n := min(usable, kept, uintptr(size)) - 1", "FuzzRealloc"},
		{"alloc: a shortened slice grows over the bytes after it", "alloc/owner.go",
			"return !ok || cap(s) >= int(n)/size", "return !ok || cap(s) >= 0*int(n)", "FuzzRealloc"},
		{"alloc: a double free is accepted", "internal/smallheap/state.go",
			"func IsPlain(s State) bool { return s-Live < Profiled-Live }",
			"func IsPlain(s State) bool { return s-Live < Profiled-Live || s == Cached|Used }", "FuzzAllocator"},
		{"alloc: an address inside a block is accepted", "internal/pagemap/pagemap.go",
			"return uintptr(i)*uintptr(h.Size) == addr-h.Base && h.Owner == owner",
			"return uintptr(i)*uintptr(h.Size) <= addr-h.Base && h.Owner == owner", "FuzzAllocator"},
		{"alloc: another Allocator's block is accepted", "alloc/resolve.go",
			"	case owner != anyOwner && h.Owner != owner:", "	case owner != anyOwner && h.Owner == 0:", "FuzzAllocator"},
		{"alloc: the requested alignment is ignored", "alloc/malloc.go",
			"return a.allocSmall(h, op, n)", "return a.allocSmall(h, op, max(size, 1))", "FuzzAlignment"},
		{"alloc: the fillers of guarded blocks are not checked", "alloc/guarded.go",
			"if e := s.damage(op); e != nil {", "if e := s.damage(op); e != nil && s.size == 0 {", "FuzzAllocator"},
		{"alloc: a freed guarded block stays accessible", "alloc/guarded.go",
			"split, err := a.space.Guard(a.guardPool.base(i), slotBytes())", "split, err := false, error(nil)", "FuzzAllocator"},
		{"alloc: an accessible slot of the guard pool counts as zeroed", "alloc/guarded.go",
			"			raw.Clear(base, slotBytes())\n", "", "FuzzAllocator"},
		{"alloc: a guarded block's shadow stays live", "alloc/guarded.go",
			"	a.freeBlock(h, op, shadow)\n", "	_ = shadow\n", "FuzzAllocator"},
		{"alloc: the first byte of a redzone is not checked", "alloc/checked_report.go",
			"zonePattern.changed(end, uintptr(b.after))", "zonePattern.changed(end+1, uintptr(b.after)-1)", "FuzzAllocator"},
		{"alloc: a block leaves the quarantine unchecked", "alloc/checked_free.go",
			"	damage = b.damage(op)\n", "", "FuzzAllocator"},
		{"alloc: a span without live blocks is not freed", "internal/smallheap/depot.go",
			"case sp.idle == sp.Blocks:", "case sp.idle == sp.Blocks && sp.Blocks != 8:", "FuzzAllocator"},
		{"smallheap: a page on which a block ends passes for idle", "internal/smallheap/pages.go",
			"(at+g.size-1)>>g.shift)", "(at+g.size-1)>>g.shift-1)", "FuzzAllocator"},
		{"smallheap: a page that is used again is not charged", "internal/smallheap/purge.go",
			"d.space.Charge(uintptr(pages.bytes()))", "d.space.Charge(0)", "FuzzAllocator"},
		{"smallheap: a page that the kernel refused passes for purged", "internal/smallheap/purge.go",
			"			b.pages &^= rest\n", "", "FuzzAllocator"},
		{"smallheap: a span stays in its bin", "internal/smallheap/depot.go",
			"case !sp.changed || sp.idle > sp.limit:", "case !sp.changed:", "FuzzAllocator"},
		{"smallheap: a short magazine loses its end", "internal/smallheap/magazine.go",
			"	slotOf(m, room).addr = endMark\n", "	if room&1 == 0 {\n		slotOf(m, room).addr = endMark\n	}\n", "FuzzAllocator"},
		{"pageheap: a run with purged pages is refunded whole", "internal/pageheap/refused.go",
			"return int64(r.pages)*pageSize - r.purged", "return int64(r.pages) * pageSize", "FuzzAllocator"},
		{"alloc: the cache of a removed processor is not emptied", "alloc/cache.go",
			"		a.drain(cache)\n		metadata.Free(cache, cacheSize)\n	}\n	a.leaving = nil",
			"		if cache != a.leaving[0] {\n			a.drain(cache)\n		}\n		metadata.Free(cache, cacheSize)\n	}\n	a.leaving = nil", "soak mixed"},
		{"arena: a window overlaps the next", "arena/chunk.go",
			"	c.used = end\n	c.clean", "	c.used = end - (end-off)/8\n	c.clean", "FuzzArena"},
		{"arena: bytes written before Reset count as zeroed", "arena/chunk.go",
			"	c.dirty = max(c.dirty, c.used)\n", "", "FuzzArena"},
		{"arena: a slice grows in place beyond its chunk", "arena/append.go",
			"n > b.limit-b.next ||", "n > 2*(b.limit-b.next) ||", "FuzzArena"},
		{"arena: Append treats the rest of a slice as padding", "arena/append.go",
			"old == 0 || end != b.next && end != a.tail ||", "old == 0 ||", "FuzzArena"},
	}
}

// Races returns the bugs that need an unlucky order of steps. The scenes of package alloc find
// them.
func Races() []Bug {
	return []Bug{
		{"Close does not wait for Trim", "alloc/trim.go",
			"	_ = a.inside(func() error { // nothing is left after Close\n		freed = a.trim()\n		return nil\n	})\n",
			"	freed = a.trim()\n", "scene Trim beside Close"},
		{"Close does not wait for Malloc", "alloc/malloc.go",
			"	defer a.gate.leave()\n	return a.serve(h, op, size, align)",
			"	a.gate.leave()\n	return a.serve(h, op, size, align)", "scene Malloc beside Close"},
		{"Close does not wait for Malloc of a cached object", "alloc/largecache.go",
			"	defer a.gate.leave() // the next line", "	a.gate.leave() // the next line", "scene Malloc of a large object beside Close"},
		{"Close does not wait for Malloc, which makes room", "alloc/lowmem.go",
			"		err = a.inside(func() error { return a.makeRoom(size, err, try) })",
			"		err = a.makeRoom(size, err, try)", "scene Malloc at the limit beside Close"},
		{"Close does not wait for a slow Free", "alloc/free.go",
			"	defer a.gate.leave()\n	h.begin(op)\n	defer h.end()\n	a.free(h, op, addr)",
			"	a.gate.leave()\n	h.begin(op)\n	defer h.end()\n	a.free(h, op, addr)", "scene slow Free beside Close"},
		{"a cache is taken away from its user", "alloc/cache.go",
			"		percpu.Synchronize() // wait until no goroutine uses these caches\n", "", "scene Malloc beside Trim"},
		{"a tick takes a cache away from its user", "alloc/cache.go",
			"		if !a.left.HasPassed() {", "		if a.left == 0 {", "scene Malloc beside three ticks"},
		{"a Local's cache is taken away from its user", "alloc/locals.go",
			"	if !some || !localsQuiet() {", "	if !some {", "scene a Local beside Trim"},
		{"two calls claim one large object", "internal/largeheap/free.go",
			"	return atomic.CompareAndSwapUint32(&o.state, word, word&^stateMask|uint32(to))",
			"	return atomic.SwapUint32(&o.state, word&^stateMask|uint32(to)) != 0", "scene double Free, large, unmapped"},
		{"an object that has moved is claimed by its old address", "internal/largeheap/resize.go",
			"		o.renew()\n", "", "scene Free beside Realloc, large"},
		{"two calls claim one small block", "internal/smallheap/state.go",
			"		if atomic.CompareAndSwapUint32(word, was, binary.NativeEndian.Uint32(states[:])) {",
			"		if atomic.StoreUint32(word, binary.NativeEndian.Uint32(states[:])); true {", "scene double Free, small"},
		{"an object leaves the page map after its memory has gone", "internal/largeheap/release.go",
			"	o.unregister()\n	if err := h.space.Release(o.mapping); err != nil {\n		return err\n	}\n",
			"	if err := h.space.Release(o.mapping); err != nil {\n		return err\n	}\n	o.unregister()\n",
			"scene Trim beside another Allocator"},
		{"a record leaves the profile after its object has gone", "alloc/free.go",
			"	a.unprofile(d, addr)\n	if a.options.Hardening.ZeroOnFree {\n		a.large.Wipe(d)\n	}\n	a.putLarge(d, addr)\n",
			"	a.putLarge(d, addr)\n	a.unprofile(d, addr)\n",
			"scene sampled Free beside sampled Malloc, large"},
		{"a snapshot counts what moves twice", "alloc/stats.go",
			"	checked := a.backend.counts()\n	a.mu.Lock()\n	defer a.mu.Unlock()\n	caches := a.readCaches()\n",
			"	checked := a.backend.counts()\n	a.mu.Lock()\n	caches := a.readCaches()\n	a.mu.Unlock()\n",
			"scene Stats beside Trim"},
		{"a snapshot counts an object that left its cache", "alloc/stats.go",
			"min(cached.objects, l.Live.Objects), min(", "cached.objects, min(", "scene Stats beside Malloc at the limit"},
	}
}
