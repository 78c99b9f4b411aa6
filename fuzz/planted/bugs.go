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
	Found string // the target of ./fuzz that finds it, or soak: the profile of load that does
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
		{"mmap: Sync does nothing", "largeobj/mmap/sync.go",
			"return space.Sync(p.begin, p.size(), async)", "return nil", "FuzzRegions"},
		{"mmap: what Resize adds is not zero", "largeobj/mmap/resize.go",
			"	r.clear(r.length, n)\n	r.length = n\n", "	r.length = n\n", "FuzzRegions"},
		{"mmap: what Resize adds to shared memory is not zero", "largeobj/mmap/resize.go",
			"		r.clear(length, n)\n", "", "FuzzRegions"},
		{"mmap: Refresh takes the window for a page", "largeobj/mmap/resize.go",
			"max(info.Size-r.offset-int64(r.lead), 0)", "max(info.Size-r.offset, 0)", "FuzzRegions"},
		{"mmap: Close does not look at the header", "largeobj/mmap/close.go",
			"		damage = r.intact()\n", "", "FuzzRegions"},
		{"mmap: a growth that fails cuts the file to the length that it remembers", "largeobj/mmap/length.go",
			"if err != nil || info.Size != g.to {", "if err != nil || info.Size == 0 {", "FuzzRegions"},
		{"mmap: a growth that fails leaves the file longer", "largeobj/mmap/length.go",
			"	return space.Truncate(r.file, g.from)\n", "	return nil\n", "FuzzRegions"},
		{"mmap: Protect begins with the region", "largeobj/mmap/protect.go",
			"space.Protect(whole.begin, whole.size(),", "space.Protect(r.base(), whole.size(),", "FuzzRegions"},
		{"mmap: a page is not discarded", "largeobj/mmap/ranges.go",
			"		in.end = raw.AlignUp(p.end, r.page)\n	}\n", "		in.end = raw.AlignDown(p.end, r.page)\n	}\n", "FuzzRegions"},
		{"mmap: a Map that fails stays in the peak", "largeobj/mmap/open.go",
			"	if err != nil {\n		return err\n	}\n	r.charge(size)\n	r.frame", "	r.charge(size)\n	if err != nil {\n		r.refund(size)\n		return err\n	}\n	r.frame", "FuzzRegions"},
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
			"if sp.idle == sp.Blocks {", "if sp.idle == sp.Blocks && sp.Blocks != 8 {", "FuzzAllocator"},
		{"alloc: the cache of a removed processor is not emptied", "alloc/cache.go",
			"		a.drain(cache)\n		metadata.Free(cache, cacheSize)\n	}\n	a.leaving = nil",
			"		if cache != a.leaving[0] {\n			a.drain(cache)\n		}\n		metadata.Free(cache, cacheSize)\n	}\n	a.leaving = nil", "soak mixed"},
		{"alloc: Close does not wait for calls of others", "alloc/gate.go",
			"	await(func() bool { return g.inside() == 0 })\n", "", "FuzzClose"},
		{"alloc: the purger belongs to a bubble", "alloc/purge.go",
			"a.options.Decay < 0 || goroutine.InBubble() ||", "a.options.Decay < 0 || a.options.Decay < -1 && goroutine.InBubble() ||", "FuzzBubbles"},
		{"arena: a window overlaps the next", "arena/chunk.go",
			"	c.used = end\n	c.clean", "	c.used = end - (end-off)/8\n	c.clean", "FuzzArena"},
		{"arena: bytes written before Reset count as zeroed", "arena/chunk.go",
			"	c.dirty = max(c.dirty, c.used)\n", "", "FuzzArena"},
		{"arena: a slice grows in place beyond its chunk", "arena/append.go",
			"n > b.limit-b.next ||", "n > 2*(b.limit-b.next) ||", "FuzzArena"},
		{"arena: Append treats the rest of a slice as padding", "arena/append.go",
			"old == 0 || end != b.next && end != a.tail ||", "old == 0 ||", "FuzzArena"},
		{"arena: Close makes a cut file whole", "arena/file.go",
			"if err = f.whole(); err == nil {", "if err == nil {", "FuzzFile"},
		{"arena: a file is not locked", "arena/file_open.go",
			"if err := fileSpace.LockFile(f.file, !f.options.ReadOnly, false); err != nil {", "if err := error(nil); err != nil {", "FuzzFile"},
		{"arena: the older header counts", "arena/file_recover.go",
			"slots[i].Sequence > slots[valid].Sequence", "slots[i].Sequence < slots[valid].Sequence", "FuzzFile"},
		{"arena: Compact misses the last page of an object", "arena/file_reach.go",
			"i < pagesOf(off+size); i++ {", "i < (off+size)/filePage; i++ {", "FuzzFile"},
		{"arena: Compact uses free pages before it has committed", "arena/file_compact.go",
			"if err = f.commit(used, gaps); err == nil {", "if err = f.commit(used, gaps); f.last.Used > 0 {", "FuzzFile"},
		{"arena: the table keeps the checksum of a page that became a hole", "arena/file_table.go",
			"	_, err = t.set(i, zeroSum)\n", "", "FuzzFile"},
	}
}
