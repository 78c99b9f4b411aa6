// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"github.com/ashlar-go/ashlar/internal/vm"
	"github.com/ashlar-go/ashlar/largeobj/mmap"
)

// pickRegion returns an open region that the stream selects, nil if there is none.
func (m *regionModel) pickRegion() *mappedFile {
	if len(m.open) == 0 {
		return nil
	}
	i := m.in.below(len(m.open))
	m.trace.note(i)
	return m.open[i]
}

// length reads a length of up to maxText bytes.
func (m *regionModel) length() int {
	n := m.in.below(maxText)
	if n%4 == 0 { // often the end of a page, or next to it
		n = n/4096*4096 + n/4%3
	}
	m.trace.note(n)
	return n
}

func (m *regionModel) mapFile() error {
	if len(m.open) == maxRegions {
		return m.closeOne()
	}
	how := m.in.next()
	r := &mappedFile{mode: mmap.FileMode(how % 4 % 3), off: m.length(), beyond: how&4 != 0} // 0 and 3: read-only
	if how&8 == 0 {
		r.off %= 5000
	}
	o := mmap.FileOptions{Mode: r.mode, Offset: int64(r.off), Beyond: r.beyond, Create: how&16 != 0}
	o.Sparse = how&32 != 0 && r.mode == mmap.FileShared
	o.GuardPages = how&64 != 0 && vm.PlacesFiles()
	if how&128 != 0 || r.beyond {
		o.Length = 1 + m.length()
	}
	m.trace.note(how)
	text, want := m.mapped(r, &o)
	err := m.kernel(func() (err error) {
		r.Region, err = mmap.MapFile(m.path, o)
		return err
	})
	if done, err := m.settle(err, want, true, text); !done || err != nil {
		return err
	}
	if o.Length == 0 { // to the end of the file, which another program may have moved
		r.n = r.Len()
	}
	m.open = append(m.open, r)
	return nil
}

// mapped returns what MapFile should do: the contents of the file afterwards, or the error.
func (m *regionModel) mapped(r *mappedFile, o *mmap.FileOptions) (text []byte, want error) {
	r.n = o.Length
	if o.Length == 0 {
		r.n = len(m.text) - r.off
	}
	end := r.off + r.n
	switch {
	case o.Create && o.Mode != mmap.FileShared:
		return nil, mmap.ErrInvalid
	case !m.exists && !o.Create:
		return nil, fs.ErrNotExist
	case r.n < 0:
		return nil, mmap.ErrInvalid
	case !r.beyond && end > len(m.text) && r.mode != mmap.FileShared:
		return nil, mmap.ErrTruncated
	case r.beyond:
		return m.text, nil
	}
	return grown(m.text, end), nil
}

func (m *regionModel) resize() error {
	r := m.pickRegion()
	if r == nil {
		return m.mapFile()
	}
	n := 1 + m.length()
	end, before, text := r.off+n, r.off+r.n, m.text
	var want error
	switch {
	case r.beyond:
	case r.mode != mmap.FileShared && end > len(text):
		want = mmap.ErrTruncated
	case r.mode == mmap.FileShared && end < before && before == len(text):
		text = text[:end]
	case r.mode == mmap.FileShared:
		text = grown(text, end)
	}
	err := m.kernel(func() error { return r.Resize(n) })
	done, err := m.settle(err, want, m.exists, text)
	if done {
		r.n = n
	}
	return err
}

func (m *regionModel) refresh() error {
	r := m.pickRegion()
	if r == nil {
		return m.mapFile()
	}
	var want error
	if r.beyond {
		want = mmap.ErrInvalid
	}
	err := m.kernel(r.Refresh)
	done, err := m.settle(err, want, m.exists, m.text)
	if done {
		r.n = max(len(m.text)-r.off, 0)
	}
	if before := max(len(m.text)-len(m.appended)-r.off, 0); m.appended != nil && r.Len() == before {
		r.n = before // it had asked for the length before the other program appended
	}
	return err
}

// write writes to the file by a region.
func (m *regionModel) write() error {
	r := m.pickRegion()
	if r == nil {
		return m.mapFile()
	}
	room := min(r.n, len(m.text)-r.off)
	if room <= 0 || r.mode == mmap.FileCopyOnWrite {
		return nil
	}
	at, b := m.in.below(room), byte(1+m.in.next()%255)
	err := r.Catch(func(bytes []byte) error { bytes[at] = b; return nil })
	if r.mode == mmap.FileReadOnly {
		if !errors.Is(err, mmap.ErrReadOnly) {
			return fmt.Errorf("writing to a read-only region: %w", orNone(err))
		}
		return nil
	}
	m.text = slices.Clone(m.text)
	m.text[r.off+at] = b
	return err
}

func (m *regionModel) sync() error {
	r := m.pickRegion()
	if r == nil {
		return nil
	}
	var want error
	if r.mode == mmap.FileCopyOnWrite && r.n > 0 {
		want = mmap.ErrInvalid
	}
	err := m.kernel(r.Sync)
	done, err := m.settle(err, want, m.exists, m.text)
	if done && r.n > 0 && m.calls[vm.OpSync] == 0 {
		return errors.New("nothing was written to the disk")
	}
	return err
}

// lock locks and unlocks a region. Locking makes the copies of a copy-on-write region.
func (m *regionModel) lock() error {
	r := m.pickRegion()
	if r == nil || r.n == 0 || r.mode == mmap.FileCopyOnWrite {
		return nil
	}
	var want error
	page := os.Getpagesize()
	if last := (r.off + r.n - 1) / page * page; last >= len(m.text) {
		want = mmap.ErrTruncated
	}
	err := m.kernel(func() error { return errors.Join(r.Lock(), r.Unlock()) })
	_, err = m.settle(err, want, m.exists, m.text)
	return err
}

func (m *regionModel) closeOne() error {
	if len(m.open) == 0 {
		return nil
	}
	return m.closeAt(m.in.below(len(m.open)))
}

func (m *regionModel) closeAt(i int) error {
	r := m.open[i]
	m.open = slices.Delete(m.open, i, i+1)
	err := m.kernel(r.Close)
	if _, err = m.settle(err, nil, m.exists, m.text); err == nil && r.Len() != 0 {
		err = errors.New("it is not closed")
	}
	return err
}

func (m *regionModel) otherAppends() error {
	if m.exists && len(m.text) < maxText {
		m.text = slices.Concat(m.text, m.appendToFile("another program's"))
	}
	return nil
}

func (m *regionModel) otherCuts() error {
	if !m.exists || len(m.text) == 0 {
		return nil
	}
	n := m.length() % len(m.text)
	m.text = m.text[:n]
	return os.Truncate(m.path, int64(n))
}

// otherRemoves removes the file, unless a region shows it: then the model would have to
// know two files.
func (m *regionModel) otherRemoves() error {
	if !m.exists || len(m.open) > 0 {
		return nil
	}
	m.exists, m.text = false, nil
	return os.Remove(m.path)
}

// otherLocks locks the file as another program does (flock), or unlocks it. Regions do not
// care.
func (m *regionModel) otherLocks() error {
	if m.locked != nil {
		err := others.CloseFile(m.locked)
		m.locked = nil
		return err
	}
	if !m.exists {
		return nil
	}
	f, err := others.Open(m.path, vm.ForWriting, 0)
	if err != nil {
		return err
	}
	m.locked = f
	return others.LockFile(f, true, false)
}
