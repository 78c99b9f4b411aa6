// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"crypto/rand"
	"errors"
	"fmt"
)

// newHeader makes the header of a new file.
func (f *File) newHeader() error {
	f.last = header{Magic: fileMagic, Version: fileVersion, Sequence: 1, Capacity: f.options.capacity()}
	_, err := rand.Read(f.last.File[:])
	return err
}

// create writes both headers of a new file. If the process or the system dies before that,
// incomplete recognises the file.
func (f *File) create() error {
	if err := f.truncate(2 * filePage); err != nil {
		return err
	}
	page := f.last.encode()
	if err := f.write(append(page, page...), 0); err != nil {
		return errors.Join(err, f.truncate(0))
	}
	if err := f.store(); err != nil {
		return err
	}
	if err := f.storeName(); err != nil {
		return err
	}
	return f.cutTail()
}

// storeName makes the file's name survive a crash of the system.
func (f *File) storeName() error {
	if f.options.NoStore {
		return nil
	}
	return fileSpace.StoreName(f.path)
}

// recover brings the file into the state of the last commit.
//
//	slot 0   slot 1           what has happened, and what recover does
//	H        H                nothing
//	H        H+1 with journal a commit was prepared: if all its parts are in the file, it
//	                          is finished; otherwise it is undone
//	H+1      H+1, or invalid  a commit: it is finished
//	H+2      H+1, or invalid  a commit was finished
//	invalid  the other        the state in slot 1 is used
func (f *File) recover(slots [2]header, valid int) error {
	f.last = slots[valid]
	unfinished := f.last.JournalPages > 0
	if f.options.ReadOnly && unfinished {
		return ErrUnfinished
	}
	if unfinished {
		err := f.replay(slots[1])
		if err == nil {
			return f.cutTail()
		}
		// The commit has overwritten no place yet if slot 0 still has the state before.
		before := slots[0]
		if !isDamage(err) || valid != 1 || before.Sequence+1 != f.last.Sequence || before.JournalPages > 0 {
			return err
		}
		f.last = before
	}
	if f.length < f.last.end() && f.last.Used > 0 {
		return fmt.Errorf("%w: it has %d bytes of %d", ErrTruncated, f.length, f.last.end())
	}
	if f.options.ReadOnly {
		return nil
	}
	if slots[0] != f.last || slots[1] != f.last {
		if err := f.settle(); err != nil {
			return err
		}
	}
	return f.cutTail()
}

func isDamage(err error) bool { return errors.Is(err, ErrDamaged) || errors.Is(err, ErrTruncated) }

// headers reads both slots and returns them, with the index of the header that counts. An
// invalid header is returned as zero.
func (f *File) headers() (slots [2]header, valid int, err error) {
	page := make([]byte, filePage)
	valid = -1
	var errs [2]error
	for i := range slots {
		if f.length < filePage*int64(i+1) {
			errs[i] = fmt.Errorf("%w: it has %d bytes", ErrTruncated, f.length)
			continue
		}
		if err := fileSpace.ReadFile(f.file, page, int64(i)*filePage); err != nil {
			return slots, 0, err
		}
		if errs[i] = slots[i].decode(page); errs[i] != nil {
			slots[i] = header{}
		} else if valid < 0 || slots[i].Sequence > slots[valid].Sequence {
			valid = i
		}
	}
	if valid >= 0 {
		return slots, valid, nil
	}
	switch incomplete, err := f.incomplete(); {
	case err != nil:
		return slots, 0, err
	case incomplete:
		return slots, 0, fmt.Errorf("%w: it has %d bytes, %w", ErrTruncated, f.length, errIncomplete)
	case f.length < filePage && f.foreignStart():
		return slots, 0, fmt.Errorf("%w: it does not begin with the magic number", ErrForeign)
	}
	return slots, 0, errs[0]
}

// errIncomplete: the process that made the file died before the file was an arena.
var errIncomplete = errors.New("and the program that made it did not finish")

// incomplete reports whether a create that was interrupted can have left this file: at most
// two pages, and each sector of a page is zero or belongs to a header of a new file.
func (f *File) incomplete() (bool, error) {
	if f.length > 2*filePage {
		return false, nil
	}
	const sector = 512
	pages := make([]byte, 2*filePage)
	if err := fileSpace.ReadFile(f.file, pages[:f.length], 0); err != nil {
		return false, err
	}
	for ; len(pages) > 0; pages = pages[filePage:] {
		page := pages[:filePage]
		var h header
		h.read(page)
		first := header{Magic: fileMagic, Version: fileVersion, Sequence: 1, Capacity: h.Capacity, File: h.File}
		if start := page[:sector]; !isZero(start) && string(start) != string(first.encode()[:sector]) {
			return false, nil
		}
		if !isZero(page[sector : filePage-sumSize]) {
			return false, nil
		}
	}
	return true, nil
}

// foreignStart reports whether a file shorter than a header begins with another magic
// number.
func (f *File) foreignStart() bool {
	var want, got [8]byte
	h := header{Magic: fileMagic}
	n := min(len(want), int(f.length))
	copy(want[:n], h.encode())
	return fileSpace.ReadFile(f.file, got[:n], 0) == nil && got != want
}

// settle writes the last header into both slots. It writes slot 1 first, because slot 0 can
// be the one that counts until then. A commit requires that slot 0 is stored.
func (f *File) settle() error {
	for _, slot := range []int64{1, 0} {
		if err := f.writeSlot(slot, &f.last); err != nil {
			return err
		}
		if err := f.store(); err != nil {
			return err
		}
	}
	return nil
}

func (f *File) writeSlot(i int64, h *header) error { return f.write(h.encode(), i*filePage) }
