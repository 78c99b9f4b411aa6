// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"slices"
)

// While a commit is running, its journal is in the file beyond the data. It names the pages
// that the last commit needs unchanged, and has their new contents:
//
//	┌───────────────────────────────┬────────┬────────┬─────┐
//	│ index: the places in the file │ page 0 │ page 1 │  …  │     512 places a page
//	└───────────────────────────────┴────────┴────────┴─────┘
//
// The places are in ascending order. A place with the bit holeMark is of a page that becomes
// a hole, and has no contents in the journal. The checksum of the journal includes the file's number
// and the commit's number, so that a journal of another commit is not valid.
const (
	perIndex = filePage / 8
	holeMark = 1
)

// A change is the new contents of a page of the file.
type change struct {
	place int64
	page  []byte // nil: the page becomes a hole
	hole  bool   // the file may have no space for it yet
}

func (h *header) journalSeed() uint32 {
	return sum(binary.NativeEndian.AppendUint64(slices.Clone(h.File[:]), h.Sequence))
}

// indexSize returns the length of the index of n pages, in bytes.
func indexSize(n uint64) int64 { return int64((n + perIndex - 1) / perIndex * filePage) }

// writeJournal writes the changes beyond the data of h, and records the journal in h. The
// file is one page longer than the journal, and nobody writes that page. So a cut is
// noticed.
func (f *File) writeJournal(h *header, changes []change) error {
	index := make([]byte, indexSize(uint64(len(changes))))
	contents := 0
	for i, c := range changes {
		entry := uint64(c.place)
		if c.page == nil {
			entry |= holeMark
		} else {
			contents++
		}
		binary.NativeEndian.PutUint64(index[8*i:], entry)
	}
	h.JournalPages = uint64(len(changes))
	h.JournalSum = crc32.Update(h.journalSeed(), castagnoli(), index)
	at := h.journalAt()
	if err := f.setLength(at + int64(len(index)+(contents+1)*filePage)); err != nil {
		return err
	}
	if err := f.write(index, at); err != nil {
		return err
	}
	w := runWriter{file: f}
	at += int64(len(index))
	for _, c := range changes {
		if c.page == nil {
			continue
		}
		h.JournalSum = crc32.Update(h.JournalSum, castagnoli(), c.page)
		if err := w.add(at, c.page); err != nil {
			return err
		}
		at += filePage
	}
	return w.flush()
}

// writeChanges writes pages to their places, and makes holes. The places are in ascending
// order.
func (f *File) writeChanges(changes []change) error {
	w := runWriter{file: f}
	var holes []int64
	for _, c := range changes {
		if c.page == nil {
			holes = append(holes, c.place)
		} else if err := w.add(c.place, c.page); err != nil {
			return err
		}
	}
	if err := w.flush(); err != nil {
		return err
	}
	return f.makeHoles(holes)
}

// makeHoles makes holes of the pages at the places, which are in ascending order.
func (f *File) makeHoles(places []int64) error {
	for len(places) > 0 {
		n := 1
		for n < len(places) && places[n] == places[0]+int64(n)*filePage {
			n++
		}
		if err := f.punch(places[0], int64(n)*filePage); err != nil {
			return err
		}
		places = places[n:]
	}
	return nil
}

// A runWriter writes adjacent pages with one call.
type runWriter struct {
	file *File
	at   int64
	run  []byte
}

const maxRun = 256 << 10

func (w *runWriter) add(at int64, page []byte) error {
	if len(w.run) > 0 && (at != w.at+int64(len(w.run)) || len(w.run) >= maxRun) {
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
	if len(w.run) == 0 {
		return nil
	}
	err := w.file.write(w.run, w.at)
	w.run = w.run[:0]
	return err
}

// A journal is the journal of an unfinished commit.
type journal struct {
	places []int64 // of the pages with contents
	holes  []int64 // places of the pages that become holes
	at     int64   // offset of its first page in the file
}

// replay finishes the commit of f.last, after it has checked that all parts are in the
// file. second is the header in slot 1.
func (f *File) replay(second header) error {
	h := f.last
	j, err := f.readJournal(&h)
	if err != nil {
		return err
	}
	if err := f.checkFresh(&h, j); err != nil {
		return err
	}
	if second != h {
		if err := f.mark(&h); err != nil {
			return err
		}
	}
	return f.apply(h, func() error {
		w := runWriter{file: f}
		err := f.readPages(j.at, uint64(len(j.places)), func(i uint64, page []byte) error {
			return w.add(j.places[i], page)
		})
		if err != nil {
			return err
		}
		if err := w.flush(); err != nil {
			return err
		}
		return f.makeHoles(j.holes)
	})
}

// readJournal reads the journal of h in pieces, checks it, and returns the places of its
// pages.
func (f *File) readJournal(h *header) (*journal, error) {
	n := h.JournalPages
	size, at := indexSize(n), h.journalAt()
	if n > uint64(f.length)/filePage || at+size > f.length {
		return nil, fmt.Errorf("%w: the index of the journal is missing", ErrTruncated)
	}
	j := &journal{at: at + size}
	crc, before, left := h.journalSeed(), int64(tableAt-filePage), n
	contradicts := false
	err := f.readPages(at, uint64(size/filePage), func(_ uint64, page []byte) error {
		crc = crc32.Update(crc, castagnoli(), page)
		for ; len(page) > 0 && left > 0; page = page[8:] {
			entry := binary.NativeEndian.Uint64(page)
			place := int64(entry &^ holeMark)
			contradicts = contradicts || place <= before || place > h.end()-filePage || place%filePage != 0
			if entry&holeMark != 0 {
				j.holes = append(j.holes, place)
			} else {
				j.places = append(j.places, place)
			}
			before = place
			left--
		}
		return nil
	})
	if contents := uint64(len(j.places)); err == nil && j.at+int64(contents*filePage) > f.length {
		err = fmt.Errorf("%w: the end of the journal is missing", ErrTruncated)
	} else if err == nil {
		err = f.readPages(j.at, contents, func(_ uint64, page []byte) error {
			crc = crc32.Update(crc, castagnoli(), page)
			return nil
		})
	}
	switch {
	case err != nil:
		return nil, err
	case crc != h.JournalSum:
		return nil, fmt.Errorf("%w: the checksum of the journal", ErrDamaged)
	case contradicts:
		return nil, fmt.Errorf("%w: the journal contradicts itself", ErrDamaged)
	}
	return j, nil
}

// checkFresh checks the pages that the commit of h added. The pages are in their places;
// their checksums are in the journal.
func (f *File) checkFresh(h *header, j *journal) error {
	first := pagesOf(h.Before)
	if h.pages() <= first {
		return nil
	}
	sums := make([]byte, filePage)
	have := int64(0) // the place of the page in sums
	return f.readPages(h.place(first), h.pages()-first, func(n uint64, page []byte) error {
		i := first + n
		if place := h.tablePlace(i); place != have {
			at, found := slices.BinarySearch(j.places, place)
			if !found {
				return fmt.Errorf("%w: the journal lacks a page of the table", ErrDamaged)
			}
			if err := fileSpace.ReadFile(f.file, sums, j.at+int64(at)*filePage); err != nil {
				return err
			}
			have = place
		}
		return compareSum(h, sums, i, page)
	})
}

// readPages reads n pages of the file from an offset on, several at a time. It calls visit
// with the number and the contents of each.
func (f *File) readPages(at int64, n uint64, visit func(i uint64, page []byte) error) error {
	const batch = maxRun / filePage
	buffer := make([]byte, min(n, batch)*filePage)
	for i := uint64(0); i < n; {
		some := buffer[:min(n-i, batch)*filePage]
		if err := f.read(some, at+int64(i*filePage)); err != nil {
			return err
		}
		for ; len(some) > 0; i++ {
			if err := visit(i, some[:filePage]); err != nil {
				return err
			}
			some = some[filePage:]
		}
	}
	return nil
}
