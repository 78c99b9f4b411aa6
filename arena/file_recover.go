package arena

import (
	"crypto/rand"
	"errors"
	"fmt"
	"path/filepath"
)

// create writes both headers of a new file. Whoever dies before that leaves a file of
// no bytes, which the next one makes anew, or one with a header in the first slot.
func (f *File) create(capacity uint64) error {
	h := header{Magic: fileMagic, Version: fileVersion, Sequence: 1, Capacity: capacity}
	if _, err := rand.Read(h.File[:]); err != nil {
		return err
	}
	page := h.encode()
	if err := f.write(append(page, page...), 0); err != nil {
		return errors.Join(err, fileSpace.Truncate(f.file, 0))
	}
	if err := f.store(); err != nil {
		return err
	}
	f.length = 2 * filePage
	return f.storeName()
}

// storeName has the file's name survive the system.
func (f *File) storeName() error {
	if f.options.NoStore {
		return nil
	}
	dir, err := fileSpace.Open(filepath.Dir(f.path), 0, 0)
	if err != nil {
		return err
	}
	return errors.Join(fileSpace.StoreFile(dir), fileSpace.CloseFile(dir))
}

// recover reads the headers and brings the file into the state of the last commit.
func (f *File) recover() error {
	slots, valid, err := f.headers()
	if err != nil {
		return err
	}
	f.last = slots[valid]
	if f.length < f.last.end() && f.last.Used > 0 {
		return fmt.Errorf("%w: it has %d bytes of %d", ErrTruncated, f.length, f.last.end())
	}
	unfinished := f.last.JournalPages > 0
	switch {
	case f.options.ReadOnly && unfinished:
		return ErrUnfinished
	case f.options.ReadOnly:
		return nil
	case unfinished:
		err = f.replay()
	case slots[0] != slots[1]:
		err = f.settle(f.last)
	}
	if err != nil {
		return err
	}
	return f.cutTail()
}

// headers reads both slots and returns them with the number of the one that counts.
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
		if errs[i] = slots[i].decode(page); errs[i] == nil && (valid < 0 || slots[i].Sequence > slots[valid].Sequence) {
			valid = i
		}
	}
	switch {
	case valid >= 0:
		return slots, valid, nil
	case f.length < filePage && f.foreignStart():
		return slots, 0, fmt.Errorf("%w: it does not begin as one", ErrForeign)
	}
	return slots, 0, errs[0]
}

// foreignStart reports whether a file shorter than a header begins otherwise than one.
func (f *File) foreignStart() bool {
	var want, got [8]byte
	h := header{Magic: fileMagic}
	n := min(len(want), int(f.length))
	copy(want[:n], h.encode())
	return fileSpace.ReadFile(f.file, got[:n], 0) == nil && got != want
}

// settle writes a header into both slots, the second first: the first may be the one
// that counts until then. When the second is stored the first may be anything.
func (f *File) settle(h header) error {
	if err := f.write(h.encode(), filePage); err != nil {
		return err
	}
	if err := f.store(); err != nil {
		return err
	}
	return f.write(h.encode(), 0)
}

// cutTail cuts off what lies behind the data: the journal, and what a commit that did
// not happen has written. Then the file is made long again, by zeros.
func (f *File) cutTail() error {
	end := f.last.dataAt() + int64(max(pagesOf(f.count), f.last.pages())*filePage)
	if err := fileSpace.Truncate(f.file, end); err != nil {
		return err
	}
	f.length = end
	return f.extend(max(f.count, dataFloor))
}

func (f *File) write(p []byte, at int64) error { return fileSpace.WriteFile(f.file, p, at) }

// store has what was written reach the disk, unless that is not wanted.
func (f *File) store() error {
	if f.options.NoStore {
		return nil
	}
	return fileSpace.StoreFile(f.file)
}
