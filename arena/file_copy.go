// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sync"

	"github.com/ashlar-go/ashlar/alloc"
)

// CopyOptions configure File.Copy. Every field may be zero.
type CopyOptions struct {
	// Capacity is the capacity of the copy, in bytes of data. Default: the capacity of the
	// file. To enlarge a full file, copy it with a larger Capacity and rename the copy.
	Capacity int64

	// Permissions are the permissions of the copy; the kernel removes the bits of the
	// umask. Default: 0600.
	Permissions fs.FileMode

	// NoStore lets the kernel decide when to write the copy to the disk. Default: the copy
	// is on the disk when Copy returns.
	NoStore bool
}

// A copying is a copy that is being made. Commits save the pages that they overwrite.
//
//	every place in [tableAt, next) is in the copy, and so is every place in saved
type copying struct {
	from  header // the state to copy
	next  int64  // guarded by the File's mutex
	saved map[int64]bool
	err   error // from a commit that could not save a page

	mu sync.Mutex // guards writes to the copy; locked while the File's mutex is held
	to *File
}

// copyBatch is how many pages are copied while the lock is held once.
var copyBatch int64 = 64

// afterBatch is called each time Copy releases the lock, in tests.
var afterBatch = func() {}

// Copy writes the state of the last commit to a new file at path. When Copy returns, other
// Files can open the copy. The program can use f meanwhile: allocations and commits wait
// for less than a millisecond at a time. Copy compares all data with their checksums. The
// error wraps fs.ErrExist if the file exists. If Copy fails, it removes the new file.
func (f *File) Copy(path string, o CopyOptions) error {
	if err := f.copy(path, &o); err != nil {
		return f.fail("Copy", err)
	}
	return nil
}

func (f *File) copy(path string, o *CopyOptions) (err error) {
	to := &File{path: path, options: FileOptions{Open: MustCreate, Capacity: o.Capacity, Permissions: o.Permissions, NoStore: o.NoStore}}
	if err := to.options.check(); err != nil {
		return err
	}
	made, err := to.openFile()
	if err == nil {
		err = f.copyTo(to)
	}
	if err == nil {
		err = to.release() // nobody relies on the copy before Copy returns
	}
	if err != nil && made {
		err = errors.Join(err, to.remove())
	}
	return errors.Join(err, to.release())
}

// copyTo copies the last commit to a file of 0 bytes.
func (f *File) copyTo(to *File) error {
	c, err := f.startCopy(to)
	if err != nil {
		return err
	}
	defer f.endCopy(c)
	h := &c.from
	if h.pages() > 0 {
		if err := f.copyRange(c, h.tablePlace(h.pages()-1)+filePage, nil); err != nil {
			return err
		}
	}
	sums := make([]byte, filePage)
	have := int64(-1)
	err = f.copyRange(c, h.end(), func(place int64, page []byte) error {
		i := uint64(place-h.dataAt()) / filePage
		if at := h.tablePlace(i); at != have {
			if err := to.read(sums, at); err != nil {
				return err
			}
			have = at
		}
		return compareSum(h, sums, i, page)
	})
	if err == nil {
		err = to.store()
	}
	if err == nil {
		err = to.settle()
	}
	if err != nil {
		return err
	}
	return to.storeName()
}

// startCopy makes commits save the pages that they overwrite.
func (f *File) startCopy(to *File) (*copying, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.closed:
		return nil, alloc.ErrClosed
	case f.broken != nil: // the file may have half of a commit
		return nil, f.broken
	}
	h := f.last
	to.last = h
	to.last.Sequence = 2
	if to.options.Capacity > 0 {
		to.last.Capacity = to.options.capacity()
	}
	if to.last.Capacity < h.Used {
		return nil, fmt.Errorf("%w: CopyOptions.Capacity is %d bytes, but %d bytes are in use: set a larger one", alloc.ErrInvalidSize, to.last.Capacity, h.Used)
	}
	if _, err := rand.Read(to.last.File[:]); err != nil {
		return nil, err
	}
	if err := to.truncate(to.last.end()); err != nil {
		return nil, err
	}
	c := &copying{from: h, next: tableAt, saved: map[int64]bool{}, to: to}
	f.copies = append(f.copies, c)
	return c, nil
}

func (f *File) endCopy(c *copying) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.copies = slices.DeleteFunc(f.copies, func(other *copying) bool { return other == c })
}

// copyRange copies the places up to end. The first range is the table, because check needs
// it. The second range starts with the data.
func (f *File) copyRange(c *copying, end int64, check func(place int64, page []byte) error) error {
	if check != nil {
		f.mu.Lock()
		c.next = c.from.dataAt()
		f.mu.Unlock()
	}
	buffer := make([]byte, copyBatch*filePage)
	for at := c.next; at < end; at += int64(len(buffer)) {
		buffer = buffer[:min(int64(len(buffer)), end-at)]
		skip, err := f.readBatch(c, at, buffer)
		if err != nil {
			return err
		}
		for off := 0; off < len(buffer); off += filePage {
			place, page := at+int64(off), buffer[off:off+filePage]
			if skip[place] {
				continue
			}
			if check != nil {
				if err := check(place, page); err != nil {
					return err
				}
			}
			if err := c.write(place, page); err != nil {
				return err
			}
		}
		afterBatch()
	}
	return nil
}

// readBatch reads the pages from a place on. saved has the places that a commit has saved
// already.
func (f *File) readBatch(c *copying, at int64, pages []byte) (saved map[int64]bool, err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.closed:
		return nil, alloc.ErrClosed
	case c.err != nil:
		return nil, c.err
	}
	c.next = at + int64(len(pages))
	saved = map[int64]bool{}
	for place := at; place < c.next; place += filePage {
		if c.saved[place] {
			saved[place] = true
			delete(c.saved, place)
		}
	}
	// A later commit may have cut off the last pages, and saved them.
	return saved, f.read(pages[:min(max(f.length-at, 0), int64(len(pages)))], at)
}

// write writes a page to the copy. A page of zeros stays a hole.
func (c *copying) write(place int64, page []byte) error {
	if isZero(page) {
		return nil
	}
	if place >= c.from.dataAt() {
		place += c.to.last.dataAt() - c.from.dataAt()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.to.write(page, place)
}

// save copies the pages that a commit is about to overwrite into the running copies. If a
// copy fails, the commit goes on. The caller holds mu.
func (f *File) save(changed []change) {
	if len(f.copies) == 0 {
		return
	}
	page := make([]byte, filePage)
	for _, c := range f.copies {
		for _, change := range changed {
			place := change.place
			if c.err != nil || place < c.next || place >= c.from.end() || c.saved[place] {
				continue
			}
			if c.err = f.read(page, place); c.err == nil {
				c.err = c.write(place, page)
			}
			c.saved[place] = true
		}
	}
}
