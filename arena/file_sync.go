// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/ashlar-go/ashlar/internal/fault"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// Sync is atomic: after a crash at any moment the file holds either all changes since the
// previous Sync or none of them. When Sync returns nil, the changes survive a crash of the
// process and of the system; with FileOptions.NoStore, of the process only.
//
// Nobody may write to the memory while Sync runs.
//
// After an error the file holds the last commit, and the memory is unchanged. Call Sync
// again when the cause, for example ErrNoSpace, is gone. If the error is also ErrReopen,
// this File cannot commit again, and the file holds either the last commit or this one.
//
// These are the steps of a commit. A kill or a power cut may happen between any two:
//
//	zeros go into holes at the places of the journal's pages
//	pages that the last commit does not have ─► their places
//	changed pages of the last commit         ─► the journal
//	header with the journal                  ─► slot 1              stored: committed
//	the same header                          ─► slot 0              stored
//	pages of the journal                     ─► their places; unused pages become holes;
//	                                            stored
//	header without it                        ─► slot 0              stored; then slot 1
//	the journal is cut off, and memory drops its copies of the pages
//
// All steps that take disk space come before the header with the journal. Later steps write
// only where the file has space. Places are overwritten after both slots have the new
// header.
func (f *File) Sync() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.writable(); err != nil {
		return f.fail("Sync", err)
	}
	var err error
	if faulted := fault.Catch(func() { err = f.commit(f.count, nil) }, f.describeLocked); faulted != nil {
		f.broken = fmt.Errorf("%w: %w", ErrReopen, faulted)
		err = f.broken
	}
	if err != nil {
		return f.fail("Sync", err)
	}
	return nil
}

// commit makes a commit with used bytes of data, at most count. The pages of unused become
// zero, whatever is in memory. When commit returns nil, memory is zero there, too.
func (f *File) commit(used uint64, unused []gap) error {
	if err := f.whole(); err != nil {
		return err
	}
	h := f.next
	h.Used, h.Before = used, f.last.Used
	h.Sequence = f.last.Sequence + 1
	copied, err := f.dirty(h.pages())
	if err != nil {
		return err
	}
	fresh, changed, err := f.changes(&h, without(copied, unused), unused)
	if err == nil && len(fresh)+len(changed) == 0 && h.Used == f.last.Used && h.Used == f.count && h.Root == f.last.Root {
		f.forget(copied, unused)
		return nil
	}
	if err == nil {
		err = f.prepare(&h, fresh, changed)
	}
	if err != nil {
		return f.abandon(err, false)
	}
	if err := f.mark(&h); err != nil {
		return f.abandon(err, true)
	}
	writePlaces := func() error {
		f.save(append(slices.Clip(changed), f.cutOff(&h)...))
		return f.writeChanges(changed)
	}
	if err := f.apply(h, writePlaces); err != nil {
		return f.markBroken(err)
	}
	atomic.StoreUint64(&f.count, max(used, dataFloor))
	if err := f.cutTail(); err != nil {
		return f.markBroken(err)
	}
	f.forget(copied, unused)
	return nil
}

// cutOff returns the pages of the last commit that h does not have.
func (f *File) cutOff(h *header) (pages []change) {
	for i := h.pages(); i < f.last.pages(); i++ {
		pages = append(pages, change{place: h.place(i)})
	}
	return pages
}

// markBroken ends the commits of this File because of err, and returns the reason.
func (f *File) markBroken(err error) error {
	if !errors.Is(f.broken, ErrTruncated) {
		f.broken = fmt.Errorf("%w: %w", ErrReopen, err)
	}
	return f.broken
}

// prepare writes everything that takes space. The last commit stays valid.
func (f *File) prepare(h *header, fresh, changed []change) error {
	if err := f.fillHoles(changed); err != nil {
		return err
	}
	if err := f.writeChanges(fresh); err != nil {
		return err
	}
	return f.writeJournal(h, changed)
}

// fillHoles writes zeros to the places that may be holes.
func (f *File) fillHoles(changed []change) error {
	w, page := runWriter{file: f}, make([]byte, filePage)
	for _, c := range changed {
		if !c.hole {
			continue
		}
		if err := f.read(page, c.place); err != nil {
			return err
		}
		if !isZero(page) { // it has data: only its checksum is that of zeros
			continue
		}
		if err := w.add(c.place, page); err != nil {
			return err
		}
	}
	return w.flush()
}

// mark commits the prepared state with one header in slot 1. Slot 0 still holds the last
// commit, and is used if the write of slot 1 is torn.
func (f *File) mark(h *header) error {
	if err := f.writeSlot(1, h); err != nil {
		return err
	}
	return f.store()
}

// abandon undoes prepare, and mark if marked is set, because of err. It returns the reason.
// The file must be zero beyond the data again.
func (f *File) abandon(err error, marked bool) error {
	if errors.Is(f.broken, ErrTruncated) {
		return err
	}
	undo := func() error {
		if !marked {
			return nil
		}
		return f.mark(&f.last)
	}
	if failed := undo(); failed != nil {
		return errors.Join(err, f.markBroken(failed))
	}
	if failed := f.cutTail(); failed != nil {
		return errors.Join(err, f.markBroken(failed))
	}
	return err
}

// apply writes the committed pages to their places.
func (f *File) apply(h header, writePlaces func() error) error {
	for _, step := range []func() error{
		func() error { return f.writeSlot(0, &h) },
		f.store,
		writePlaces,
		f.store,
		func() error { h.finish(); return f.writeSlot(0, &h) },
		f.store,
		func() error { return f.writeSlot(1, &h) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	f.last, f.next = h, h
	return nil
}

// finish makes h the header of a finished commit.
func (h *header) finish() {
	h.Sequence++
	h.JournalPages, h.JournalSum, h.Before = 0, 0, 0
}

// dirty returns the pages, of the first pages of the data, that may differ between memory
// and the last commit.
func (f *File) dirty(pages uint64) (dirty []uint64, err error) {
	if !mapsAhead && !f.noted {
		return f.compared(pages)
	}
	size := uintptr(pages * filePage)
	kernel := vm.PageSize()
	err = fileSpace.Copied(f.mapping.Base, (size+kernel-1)&^(kernel-1), func(p uintptr) {
		first := uint64(p-f.mapping.Base) / filePage
		for i := first; i < min(first+uint64(kernel/filePage), pages); i++ {
			dirty = append(dirty, i)
		}
	})
	if errors.Is(err, vm.ErrKernelLacks) {
		return f.compared(pages)
	}
	return dirty, err
}

// compared reads all pages and returns those that differ. Beyond the last commit the file
// has zeros, except where a failed commit has written. Such pages are written again, even
// if memory has the same contents.
func (f *File) compared(pages uint64) (dirty []uint64, err error) {
	committed := f.last.pages()
	err = f.readPages(f.last.place(0), pages, func(i uint64, page []byte) error {
		now := memory(f.mapping.Base, i)
		if i < committed && string(page) != string(now) || i >= committed && !(isZero(page) && isZero(now)) {
			dirty = append(dirty, i)
		}
		return nil
	})
	return dirty, err
}

// changes sorts the pages that h changes: fresh pages are not in the last commit, and
// changed pages are. Both include the pages of the table with their checksums.
func (f *File) changes(h *header, dirty []uint64, unused []gap) (fresh, changed []change, err error) {
	t := &table{file: f, pages: map[int64]*tablePage{}}
	committed := f.last.pages()
	for i := committed; i < h.pages(); i++ { // pages that nobody wrote to are zero
		if _, err := t.set(i, zeroSum); err != nil {
			return nil, nil, err
		}
	}
	for _, g := range unused {
		for i := g.from / filePage; i < g.to/filePage; i++ {
			if i >= committed {
				fresh, err = t.appendStale(fresh, h.place(i))
			} else {
				changed, err = t.appendDropped(changed, i)
			}
			if err != nil {
				return nil, nil, err
			}
		}
	}
	for _, i := range dirty {
		c := change{place: h.place(i), page: memory(f.mapping.Base, i)}
		before, err := t.set(i, sum(c.page))
		if err != nil {
			return nil, nil, err
		}
		if i < committed {
			c.hole = before == zeroSum
			changed = append(changed, c)
		} else {
			fresh = append(fresh, c)
		}
	}
	for _, c := range t.pages {
		if c.changed {
			changed = append(changed, c.change)
		}
	}
	slices.SortFunc(changed, func(a, b change) int { return cmp.Compare(a.place, b.place) })
	return fresh, changed, nil
}

// forget drops the memory's copies of pages, which now equal the file's. If the kernel
// refuses, the copies stay, and the next commit writes them again; those of unused pages
// become zero.
func (f *File) forget(copied []uint64, unused []gap) {
	for len(copied) > 0 {
		n := 1
		for n < len(copied) && copied[n] == copied[0]+uint64(n) {
			n++
		}
		_ = f.dropCopies(copied[0]*filePage, (copied[0]+uint64(n))*filePage)
		copied = copied[n:]
	}
	for _, g := range unused {
		if mapsAhead && f.dropCopies(g.from, g.to) == nil {
			continue
		}
		raw.Clear(f.mapping.Base+uintptr(g.from), uintptr(g.to-g.from))
		if !mapsAhead {
			_ = f.dropCopies(g.from, g.to)
		}
	}
}

// dropCopies drops the memory's copies of the data from one offset to another, and of the
// rest of the kernel's pages around. Without mapsAhead there are no copies, but pages that were
// changed.
func (f *File) dropCopies(from, to uint64) error {
	begin, end := raw.AlignDown(uintptr(from), vm.PageSize()), raw.AlignUp(uintptr(to), vm.PageSize())
	if !mapsAhead {
		if !f.noted {
			return nil
		}
		return fileSpace.Forget(f.mapping.Base+begin, end-begin)
	}
	kind := vm.Kind{File: f.file, Offset: f.last.dataAt() + int64(begin)}
	return fileSpace.Discard(f.mapping.Base+begin, end-begin, kind)
}
