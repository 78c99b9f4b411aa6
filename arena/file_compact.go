// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/ashlar-go/ashlar/internal/fault"
)

// A gap is free memory of a File, from one offset of the data to another.
//
//	filePage ≤ from ≤ to ≤ count,  to mod filePage = 0
//	gaps do not overlap; no object is in one, and memory and file are zero there
//
// Compact finds the gaps. An allocation takes bytes from the start of one. The file does not
// describe gaps: after Open there are none until the next Compact.
type gap struct{ from, to uint64 }

// nearGaps is the number of gaps that an allocation tries before it takes memory beyond
// count.
const nearGaps = 8

// Compact commits all changes, as File.Sync does, and frees the objects that no ref reaches
// from the root. It returns the number of bytes that it freed. Objects do not move, so
// pointers and refs to the others stay valid.
//
// T is the type of the root, as for Root. Compact follows the fields of type Ref, AtomicRef,
// SliceRef and StringRef in T and in all types that these lead to. WARNING: Compact does not
// see refs that are only in variables of the program, or stored as numbers. Their objects
// are lost.
//
// Memory is freed in whole pages of 4 KiB: those without any reachable object. The file
// becomes shorter where they are at its end, and gets holes elsewhere. New objects use the
// free pages until the File is closed; after the next Open, call Compact again.
//
// Compact is atomic like Sync, and its errors are those of Sync and Root. If a ref leads
// nowhere, the error wraps ErrDamaged. After an error nothing is freed. Nobody may write to
// the memory while Compact runs. A file without a root stays as it is.
func Compact[T any](f *File) (freed int64, err error) {
	const op = "Compact"
	if err := plain[T](); err != nil {
		return 0, f.fail(op, err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if err = f.writable(); err == nil {
		freed, err = f.compact(fingerprintOf[T](), layoutOf[T]())
	}
	if err != nil {
		return 0, f.fail(op, err)
	}
	return freed, nil
}

func (f *File) compact(t fingerprint, l *layout) (freed int64, err error) {
	if f.next.Root == 0 {
		return 0, nil
	}
	if f.next.RootType != t {
		return 0, ErrRootType
	}
	before := f.usedBytes()
	faulted := fault.Catch(func() {
		var m *marker
		if m, err = markFrom(f.mapping.Base, f.count, f.next.Root, l); err != nil {
			return
		}
		used := min(f.count, pagesOf(m.end)*filePage)
		gaps := m.gaps(used)
		if err = f.commit(used, gaps); err == nil {
			f.gaps = withRests(gaps, f.gaps, used)
		}
	}, f.describeLocked)
	if faulted != nil {
		f.broken = fmt.Errorf("%w: %w", ErrReopen, faulted)
		err = f.broken
	}
	if err != nil {
		return 0, err
	}
	return int64(before) - int64(f.usedBytes()), nil
}

// withRests returns gaps, which are whole pages, and the rests of old gaps: the free bytes of
// pages in which the objects before them are still reachable.
func withRests(gaps, old []gap, used uint64) []gap {
	all := slices.Clone(gaps)
	for _, g := range old {
		rest := gap{g.from, min(g.to, pagesOf(g.from)*filePage)}
		i, _ := slices.BinarySearchFunc(gaps, rest.from, func(g gap, off uint64) int { return cmp.Compare(g.to, off+1) })
		if free := i < len(gaps) && gaps[i].from <= rest.from; !free && rest.from < rest.to && rest.to <= used {
			all = append(all, rest)
		}
	}
	slices.SortFunc(all, func(a, b gap) int { return cmp.Compare(a.from, b.from) })
	merged := all[:0]
	for _, g := range all {
		if n := len(merged); n > 0 && merged[n-1].to == g.from {
			merged[n-1].to = g.to
		} else {
			merged = append(merged, g)
		}
	}
	return merged
}

// usedBytes returns the number of bytes that are not free. The caller holds mu.
func (f *File) usedBytes() uint64 {
	used := f.count
	for _, g := range f.gaps {
		used -= g.to - g.from
	}
	return used
}

// takeGap allocates size bytes in one of the first n gaps. The caller holds mu.
func (f *File) takeGap(size, align uint64, n int) (off uint64, ok bool) {
	for i := range f.gaps[:min(n, len(f.gaps))] {
		g := &f.gaps[i]
		off := (g.from + align - 1) &^ (align - 1)
		if off > g.to || size > g.to-off {
			continue
		}
		if f.back(off/filePage, pagesOf(off+size)) != nil {
			return 0, false
		}
		if g.from = off + size; g.to-g.from < dataFloor {
			f.gaps = slices.Delete(f.gaps, i, i+1)
		}
		return off, true
	}
	return 0, false
}

// lengthenInGap allocates size bytes at off if a gap begins there and has room. The caller
// holds mu.
func (f *File) lengthenInGap(off, size uint64) bool {
	i, found := slices.BinarySearchFunc(f.gaps, off, func(g gap, off uint64) int {
		switch {
		case g.from < off:
			return -1
		case g.from > off:
			return 1
		}
		return 0
	})
	if !found || size > f.gaps[i].to-off || f.back(off/filePage, pagesOf(off+size)) != nil {
		return false
	}
	f.gaps[i].from += size
	return true
}

// without returns the pages that are in no gap. Both are in ascending order.
func without(pages []uint64, gaps []gap) (rest []uint64) {
	for _, i := range pages {
		for len(gaps) > 0 && gaps[0].to <= i*filePage {
			gaps = gaps[1:]
		}
		if len(gaps) == 0 || i*filePage < gaps[0].from {
			rest = append(rest, i)
		}
	}
	return rest
}
