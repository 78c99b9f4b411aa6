package arena

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"slices"
)

// A journal lies behind the data while a commit is under way, and holds the new
// contents of pages that the last commit needs as they are:
//
//	┌───────────────────────────────┬────────┬────────┬─────┐
//	│ index: the places in the file │ page 0 │ page 1 │  …  │     512 places a page
//	└───────────────────────────────┴────────┴────────┴─────┘
//
// Its sum begins with that of the file's number and the commit's, so that no other
// journal passes for it.
const perIndex = filePage / 8

// A change is the new contents of a page of the file.
type change struct {
	place int64
	page  []byte
}

func (h *header) journalSeed() uint32 {
	return sum(binary.NativeEndian.AppendUint64(slices.Clone(h.File[:]), h.Sequence))
}

// writeJournal writes the changes behind the data of h, and notes them there.
func (f *File) writeJournal(h *header, changes []change) error {
	index := make([]byte, (len(changes)+perIndex-1)/perIndex*filePage)
	for i, c := range changes {
		binary.NativeEndian.PutUint64(index[8*i:], uint64(c.place))
	}
	h.JournalPages = uint64(len(changes))
	h.JournalSum = crc32.Update(h.journalSeed(), castagnoli, index)
	at := h.end()
	f.length = max(f.length, at+int64(len(index)+len(changes)*filePage))
	if err := f.write(index, at); err != nil {
		return err
	}
	w := runWriter{file: f}
	for i, c := range changes {
		h.JournalSum = crc32.Update(h.JournalSum, castagnoli, c.page)
		if err := w.add(at+int64(len(index)+i*filePage), c.page); err != nil {
			return err
		}
	}
	return w.flush()
}

// writeChanges writes pages to their places, which are in order.
func (f *File) writeChanges(changes []change) error {
	w := runWriter{file: f}
	for _, c := range changes {
		if err := w.add(c.place, c.page); err != nil {
			return err
		}
	}
	return w.flush()
}

// A runWriter gathers neighbours, to write them by one call.
type runWriter struct {
	file *File
	at   int64
	run  []byte
}

const mostRun = 256 << 10

func (w *runWriter) add(at int64, page []byte) error {
	if len(w.run) > 0 && (at != w.at+int64(len(w.run)) || len(w.run) >= mostRun) {
		if err := w.flush(); err != nil {
			return err
		}
	}
	if len(w.run) == 0 {
		w.at = at
	}
	w.run = append(w.run, page...)
	return nil
}

func (w *runWriter) flush() error {
	err := w.file.write(w.run, w.at)
	w.run = w.run[:0]
	return err
}

// replay finishes the commit of f.last: it writes the pages of the journal to their
// places, after it has checked all of them.
func (f *File) replay() error {
	changes, err := f.readJournal(&f.last)
	if err != nil {
		return err
	}
	if err := f.writeChanges(changes); err != nil {
		return err
	}
	if err := f.store(); err != nil {
		return err
	}
	f.last.finish()
	return f.settle(f.last)
}

// finish makes h the header of a commit that is done.
func (h *header) finish() {
	h.Sequence++
	h.JournalPages, h.JournalSum = 0, 0
}

func (f *File) readJournal(h *header) ([]change, error) {
	n := h.JournalPages
	indexSize := (n + perIndex - 1) / perIndex * filePage
	at := h.end()
	if n > uint64(f.length)/filePage || at+int64(indexSize+n*filePage) > f.length {
		return nil, fmt.Errorf("%w: the end of the journal is missing", ErrTruncated)
	}
	all := make([]byte, indexSize+n*filePage)
	if err := fileSpace.ReadFile(f.file, all, at); err != nil {
		return nil, err
	}
	if crc32.Update(h.journalSeed(), castagnoli, all) != h.JournalSum {
		return nil, fmt.Errorf("%w: that of the journal", ErrDamaged)
	}
	changes := make([]change, n)
	for i := range changes {
		place := int64(binary.NativeEndian.Uint64(all[8*i:]))
		if place < tableAt || place > at-filePage || place%filePage != 0 {
			return nil, fmt.Errorf("%w: the journal contradicts itself", ErrDamaged)
		}
		from := int(indexSize) + i*filePage
		changes[i] = change{place, all[from : from+filePage]}
	}
	return changes, nil
}
