// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/ashlar-go/ashlar/internal/fault"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// Sync commits: what the memory holds now is what the file holds from now on. When it
// returns nil that survives the death of the process and of the system (of the
// process alone with FileOptions.NoStore). Nobody may write to the memory meanwhile.
//
// After an error the file holds the last commit, as before, and memory is as it was:
// Sync may be tried again when the cause, say ErrNoSpace, is gone. Only if the error is
// ErrReopen too can there be no further commit by this File; the file then holds the
// last commit or this one.
//
// The path of a commit, with kill or power cut allowed between any two steps:
//
//	zeros into the holes among the places that follow
//	pages that the last commit does not have ─► their places
//	pages that it has, with new contents     ─► the journal
//	header with the journal                  ─► slot 1              stored: committed
//	the same                                 ─► slot 0              stored
//	pages of the journal                     ─► their places        stored
//	header without it                        ─► slot 0              stored; then slot 1
//	the journal is cut off, and the copies of the pages in memory are given up
//
// What takes space comes before the header with the journal: later steps write where
// the file has space. Places are overwritten when neither slot holds the header before.
func (f *File) Sync() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.writable(); err != nil {
		return f.fail("Sync", err)
	}
	var err error
	if faulted := fault.Catch(func() { err = f.commit() }, f.describeLocked); faulted != nil {
		f.broken = fmt.Errorf("%w: %w", ErrReopen, faulted)
		err = f.broken
	}
	if err != nil {
		return f.fail("Sync", err)
	}
	return nil
}

func (f *File) commit() error {
	if err := f.whole(); err != nil {
		return err
	}
	h := f.next
	h.Used, h.Before = atomic.LoadUint64(&f.count), f.last.Used
	h.Sequence = f.last.Sequence + 1
	dirty, err := f.dirty(h.pages())
	if err != nil {
		return err
	}
	if len(dirty) == 0 && h.Used == f.last.Used && h.Root == f.last.Root {
		return nil
	}
	fresh, changed, err := f.changes(&h, dirty)
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
		f.save(changed)
		return f.writeChanges(changed)
	}
	if err := f.apply(h, writePlaces); err != nil {
		return f.breaks(err)
	}
	if err := f.cutTail(); err != nil {
		return f.breaks(err)
	}
	f.forget(dirty)
	return nil
}

// breaks ends the commits of this File because of err, and returns the reason.
func (f *File) breaks(err error) error {
	if !errors.Is(f.broken, ErrTruncated) {
		f.broken = fmt.Errorf("%w: %w", ErrReopen, err)
	}
	return f.broken
}

// prepare writes all that the commit needs space for. The last commit stays in force.
func (f *File) prepare(h *header, fresh, changed []change) error {
	if err := f.fillHoles(changed); err != nil {
		return err
	}
	if err := f.writeChanges(fresh); err != nil {
		return err
	}
	return f.writeJournal(h, changed)
}

// fillHoles writes zeros to those places that may be holes.
func (f *File) fillHoles(changed []change) error {
	w, page := runWriter{file: f}, make([]byte, filePage)
	for _, c := range changed {
		if !c.hole {
			continue
		}
		if err := f.read(page, c.place); err != nil {
			return err
		}
		if !isZero(page) { // another page with the sum of zeros
			continue
		}
		if err := w.add(c.place, page); err != nil {
			return err
		}
	}
	return w.flush()
}

// mark commits what was prepared, by one header. Slot 0 holds the last commit, stored,
// and is read if the other is torn.
func (f *File) mark(h *header) error {
	if err := f.writeSlot(1, h); err != nil {
		return err
	}
	return f.store()
}

// abandon undoes prepare, and mark, because of err, and returns the reason: beyond the
// data there must be zeros.
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
		return errors.Join(err, f.breaks(failed))
	}
	if failed := f.cutTail(); failed != nil {
		return errors.Join(err, f.breaks(failed))
	}
	return err
}

// apply brings what was marked to its places.
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

// finish makes h the header of a commit that is done.
func (h *header) finish() {
	h.Sequence++
	h.JournalPages, h.JournalSum, h.Before = 0, 0, 0
}

// dirty returns the pages of data, of so many, that memory has otherwise than the last
// commit, or may have.
func (f *File) dirty(pages uint64) (dirty []uint64, err error) {
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

// compared finds the pages that differ by reading all. Beyond the last commit there are
// zeros, but for what a commit that failed has written there: such pages are written
// again, even if memory has the same.
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

// changes sorts what h changes by whether the last commit needs what is there now:
// pages of data, and those of the table with their sums.
func (f *File) changes(h *header, dirty []uint64) (fresh, changed []change, err error) {
	t := table{file: f, pages: map[int64]change{}}
	committed := f.last.pages()
	for i := committed; i < h.pages(); i++ { // those that nobody wrote to are zero
		if _, err := t.set(i, zeroSum); err != nil {
			return nil, nil, err
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
		changed = append(changed, c)
	}
	slices.SortFunc(changed, func(a, b change) int { return cmp.Compare(a.place, b.place) })
	return fresh, changed, nil
}

// A table holds the pages of the file's table that a commit changes.
type table struct {
	file  *File
	pages map[int64]change // by place
}

// page returns the page of the table with the sum of page i of the data.
func (t *table) page(i uint64) ([]byte, error) {
	f := t.file
	place := f.last.tablePlace(i)
	if c, ok := t.pages[place]; ok {
		return c.page, nil
	}
	c := change{place: place, page: make([]byte, filePage), hole: true}
	if i/perTable*perTable < f.last.pages() { // else it has none that count
		c.hole = false
		if err := f.read(c.page, place); err != nil {
			return nil, err
		}
	}
	t.pages[place] = c
	return c.page, nil
}

// set changes the sum of page i, and returns what it was.
func (t *table) set(i uint64, sum uint32) (before uint32, err error) {
	page, err := t.page(i)
	if err != nil {
		return 0, err
	}
	at := page[i%perTable*sumSize:]
	before = binary.NativeEndian.Uint32(at)
	binary.NativeEndian.PutUint32(at, sum)
	return before, nil
}

// forget gives up the copies of pages: they are as the file's now. What the kernel
// does not take stays a copy, and is found again by the next commit.
func (f *File) forget(dirty []uint64) {
	for len(dirty) > 0 {
		n := 1
		for n < len(dirty) && dirty[n] == dirty[0]+uint64(n) {
			n++
		}
		base := f.mapping.Base + uintptr(dirty[0])*filePage
		kernel := vm.PageSize()
		size := (uintptr(n)*filePage + kernel - 1) &^ (kernel - 1)
		_ = fileSpace.Purge(base, size, false)
		dirty = dirty[n:]
	}
}
