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
//	pages of the journal                     ─► their places        stored
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
		return f.markBroken(err)
	}
	if err := f.cutTail(); err != nil {
		return f.markBroken(err)
	}
	f.forget(dirty)
	return nil
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
func (f *File) changes(h *header, dirty []uint64) (fresh, changed []change, err error) {
	t := table{file: f, pages: map[int64]change{}}
	committed := f.last.pages()
	for i := committed; i < h.pages(); i++ { // pages that nobody wrote to are zero
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

// page returns the page of the table that has the checksum of page i of the data.
func (t *table) page(i uint64) ([]byte, error) {
	f := t.file
	place := f.last.tablePlace(i)
	if c, ok := t.pages[place]; ok {
		return c.page, nil
	}
	c := change{place: place, page: make([]byte, filePage), hole: true}
	if i/perTable*perTable < f.last.pages() { // otherwise it has no checksum that counts
		c.hole = false
		if err := f.read(c.page, place); err != nil {
			return nil, err
		}
	}
	t.pages[place] = c
	return c.page, nil
}

// set changes the checksum of page i, and returns the previous one.
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

// forget drops the memory's copies of pages, which now equal the file's. If the kernel
// refuses, the copies stay, and the next commit writes them again.
func (f *File) forget(dirty []uint64) {
	for len(dirty) > 0 {
		n := 1
		for n < len(dirty) && dirty[n] == dirty[0]+uint64(n) {
			n++
		}
		kernel := vm.PageSize()
		begin := raw.AlignDown(uintptr(dirty[0])*filePage, kernel)
		end := raw.AlignUp((uintptr(dirty[0])+uintptr(n))*filePage, kernel)
		kind := vm.Kind{File: f.file, Offset: f.last.dataAt() + int64(begin)}
		_ = fileSpace.Discard(f.mapping.Base+begin, end-begin, kind)
		dirty = dirty[n:]
	}
}
