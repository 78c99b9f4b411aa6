package arena

import (
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
//	pages that the last commit does not have ─► their places
//	pages that it has, with new contents     ─► the journal         stored
//	header with the journal                  ─► slot 0              stored: committed
//	pages of the journal                     ─► their places        stored
//	header without it                        ─► slot 1              stored; then slot 0
//	the journal is cut off, and the copies of the pages in memory are given up
func (f *File) Sync() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := f.writable(); err != nil {
		return f.fail("Sync", err)
	}
	var err error
	if faulted := fault.Catch(func() { err = f.commit() }, f.explainLocked); faulted != nil {
		f.broken = fmt.Errorf("%w: %w", ErrReopen, faulted)
		err = f.broken
	}
	if err != nil {
		return f.fail("Sync", err)
	}
	return nil
}

func (f *File) commit() error {
	h := f.next
	h.Used = atomic.LoadUint64(&f.count)
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
		return errors.Join(err, f.abandon())
	}
	if err := f.finish(h, changed); err != nil {
		f.broken = fmt.Errorf("%w: %w", ErrReopen, err)
		return f.broken
	}
	f.commits++
	f.forget(dirty)
	return nil
}

// prepare does what leaves the last commit in force.
func (f *File) prepare(h *header, fresh, changed []change) error {
	if err := f.writeChanges(fresh); err != nil {
		return err
	}
	if err := f.writeJournal(h, changed); err != nil {
		return err
	}
	return f.store()
}

// abandon undoes prepare: behind the data there must be zeros.
func (f *File) abandon() error {
	if err := f.cutTail(); err != nil {
		f.broken = fmt.Errorf("%w: %w", ErrReopen, err)
		return f.broken
	}
	return nil
}

// finish commits what was prepared.
func (f *File) finish(h header, changed []change) error {
	if err := f.write(h.encode(), 0); err != nil {
		return err
	}
	if err := f.store(); err != nil {
		return err
	}
	if err := f.writeChanges(changed); err != nil {
		return err
	}
	if err := f.store(); err != nil {
		return err
	}
	h.finish()
	if err := f.settle(h); err != nil {
		return err
	}
	f.last, f.next = h, h
	return f.cutTail()
}

// dirty returns the pages of data, of so many, that memory has otherwise than the file.
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

// compared finds the pages that differ by reading all.
func (f *File) compared(pages uint64) (dirty []uint64, err error) {
	page := make([]byte, filePage)
	for i := range pages {
		if err := fileSpace.ReadFile(f.file, page, f.last.place(i)); err != nil {
			return nil, err
		}
		if string(page) != string(memory(f.mapping.Base, i)) {
			dirty = append(dirty, i)
		}
	}
	return dirty, nil
}

// changes sorts what h changes by whether the last commit needs what is there now:
// pages of data, and those of the table with their sums.
func (f *File) changes(h *header, dirty []uint64) (fresh, changed []change, err error) {
	t := table{file: f, pages: map[int64][]byte{}}
	committed := f.last.pages()
	for i := committed; i < h.pages(); i++ { // those that nobody wrote to are zero
		if err := t.set(i, zeroSum); err != nil {
			return nil, nil, err
		}
	}
	for _, i := range dirty {
		c := change{h.place(i), memory(f.mapping.Base, i)}
		if err := t.set(i, sum(c.page)); err != nil {
			return nil, nil, err
		}
		if i < committed {
			changed = append(changed, c)
		} else {
			fresh = append(fresh, c)
		}
	}
	for place, page := range t.pages {
		changed = append(changed, change{place, page})
	}
	slices.SortFunc(changed, func(a, b change) int { return int(a.place/filePage - b.place/filePage) })
	return fresh, changed, nil
}

// A table holds the pages of the file's table that were looked at.
type table struct {
	file  *File
	pages map[int64][]byte // by place
}

// page returns the page of the table with the sum of page i of the data.
func (t *table) page(i uint64) ([]byte, error) {
	f := t.file
	place := f.last.tablePlace(i)
	if page, ok := t.pages[place]; ok {
		return page, nil
	}
	page := make([]byte, filePage)
	if i/perTable*perTable < f.last.pages() { // else it has none that count
		if err := fileSpace.ReadFile(f.file, page, place); err != nil {
			return nil, err
		}
	}
	t.pages[place] = page
	return page, nil
}

func (t *table) set(i uint64, sum uint32) error {
	page, err := t.page(i)
	if err == nil {
		binary.NativeEndian.PutUint32(page[i%perTable*sumSize:], sum)
	}
	return err
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
