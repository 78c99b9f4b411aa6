// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/vm"
	"github.com/ashlar-go/ashlar/largeobj/mmap"
)

// A memoryRegion is a region of private memory, or of a memfd, and what the model knows of
// it.
type memoryRegion struct {
	*mmap.Region
	shared bool
	text   []byte // the contents
}

// pickMemory returns an open region of memory that the stream selects, nil if there is none.
func (m *regionModel) pickMemory() *memoryRegion {
	if len(m.memory) == 0 {
		return nil
	}
	i := m.in.below(len(m.memory))
	m.trace.note(i)
	return m.memory[i]
}

// mapMemory maps private or shared memory. If the kernel refuses, nothing was ever mapped, so
// the peaks of the statistics stay.
func (m *regionModel) mapMemory() error {
	if len(m.memory) == maxRegions {
		return m.closeMemory()
	}
	how, n := m.in.next(), 1+m.length()
	m.trace.note(how)
	shared := how&16 != 0
	placed := !shared || vm.PlacesFiles()
	o := mmap.Options{GuardPages: how&1 != 0 && placed}
	if how&2 != 0 && placed {
		o.Align = 1 << (12 + how>>2&3)
	}
	before := mmap.Sum()
	if m.next.call == 1 { // it will fail: ask for more than there ever was
		n += int(before.ChargedPeak - before.Charged)
	}
	r := &memoryRegion{shared: shared, text: make([]byte, n)}
	err := m.aside(func() (err error) {
		if r.shared {
			r.Region, err = mmap.MapShared("", n, mmap.SharedOptions{Options: o})
		} else {
			r.Region, err = mmap.Map(n, mmap.MapOptions{Options: o})
		}
		return err
	})
	if err != nil {
		if after := mmap.Sum(); !m.didMap && (after.MappedPeak != before.MappedPeak || after.ChargedPeak != before.ChargedPeak) {
			return fmt.Errorf("nothing was mapped, and the peaks rose from %+v to %+v", before, after)
		}
		return m.excused(err)
	}
	if r.Len() != n || o.Align > 0 && raw.Addr(unsafe.Pointer(&r.Bytes()[0]))%uintptr(o.Align) != 0 {
		return fmt.Errorf("%d bytes at %p, want %d aligned to %d", r.Len(), r.Bytes(), n, o.Align)
	}
	m.memory = append(m.memory, r)
	return nil
}

// excused returns nil if an injected fault explains err.
func (m *regionModel) excused(err error) error {
	if m.fired > 0 && (errors.Is(err, errInjected) || errors.Is(err, errDiskFull)) {
		return nil
	}
	return err
}

func (m *regionModel) resizeMemory() error {
	r := m.pickMemory()
	if r == nil {
		return m.mapMemory()
	}
	n := 1 + m.length()
	if err := m.aside(func() error { return r.Resize(n) }); err != nil {
		return m.excused(err)
	}
	r.text = append(slices.Clone(r.text[:min(n, len(r.text))]), make([]byte, max(n-len(r.text), 0))...)
	return nil
}

// fillMemory writes to a range, often up to the last byte.
func (m *regionModel) fillMemory() error {
	r := m.pickMemory()
	if r == nil {
		return m.mapMemory()
	}
	off, n := m.span(r)
	b := byte(1 + m.in.next()%255)
	for i := range r.text[off : off+n] {
		r.text[off+i] = b
	}
	return r.Catch(func(bytes []byte) error { copy(bytes[off:off+n], r.text[off:]); return nil })
}

// span reads a range of a region.
func (m *regionModel) span(r *memoryRegion) (off, n int) {
	off = m.length() % len(r.text)
	if n = m.length() % (len(r.text) - off + 1); m.in.next()%4 == 0 {
		n = len(r.text) - off
	}
	return off, n
}

// discard drops pages. Those of private memory become zero, if they are whole.
func (m *regionModel) discard() error {
	r := m.pickMemory()
	if r == nil {
		return nil
	}
	off, n := m.span(r)
	if err := m.aside(func() error { return r.AdviseRange(off, n, mmap.AdviseDontNeed) }); err != nil || r.shared {
		return m.excused(err)
	}
	page := int(vm.PageSize())
	from, to := (off+page-1)/page*page, (off+n)/page*page
	if off+n == len(r.text) && n > 0 {
		to = len(r.text)
	}
	if from < to {
		clear(r.text[from:to])
	}
	return nil
}

// protect takes access to some pages away, looks at which pages have none, and gives it back.
func (m *regionModel) protect() error {
	r := m.pickMemory()
	if r == nil {
		return nil
	}
	page := int(vm.PageSize())
	pages := (len(r.text) + page - 1) / page
	first := m.in.below(pages)
	last := first + m.in.below(pages-first)
	access := mmap.ReadOnly + mmap.Access(m.in.next()%2)
	off := first * page
	n := min((last+1)*page, len(r.text)) - off
	m.trace.note(first, last)
	if err := m.aside(func() error { return r.ProtectRange(off, n, access) }); err != nil {
		return m.excused(err)
	}
	for i := range pages {
		at := min(i*page+7, len(r.text)-1)
		err := r.Catch(func(b []byte) error { b[at] = r.text[at]; return nil })
		if closed := first <= i && i <= last; errors.Is(err, mmap.ErrFault) != closed || !closed && err != nil {
			return fmt.Errorf("writing to page %d, with pages %d to %d protected: %w", i, first, last, orNone(err))
		}
	}
	return r.Protect(mmap.ReadWrite)
}

func (m *regionModel) closeMemory() error {
	if len(m.memory) == 0 {
		return nil
	}
	return m.closeMemoryAt(m.in.below(len(m.memory)))
}

func (m *regionModel) closeMemoryAt(i int) error {
	r := m.memory[i]
	m.memory = slices.Delete(m.memory, i, i+1)
	if err := m.aside(r.Close); err != nil {
		return m.excused(err)
	}
	if r.Len() != 0 {
		return errors.New("it is not closed")
	}
	return nil
}

// underflow writes in front of a region, as a program with a wrong index does. Close must
// report it, and close the region.
func (m *regionModel) underflow() error {
	if len(m.memory) == 0 {
		return nil
	}
	i, at := m.in.below(len(m.memory)), m.in.below(8)
	r := m.memory[i]
	m.memory = slices.Delete(m.memory, i, i+1)
	header := raw.Bytes(raw.Addr(unsafe.Pointer(&r.Bytes()[0]))-8, 8)
	header[at] ^= 0x20
	if err := r.Close(); !errors.Is(err, mmap.ErrDamaged) {
		return fmt.Errorf("closing a region after a write in front of it: %w", orNone(err))
	}
	if r.Len() != 0 {
		return errors.New("it is not closed")
	}
	return nil
}

// soundMemory compares the regions of memory with the model.
func (m *regionModel) soundMemory() error {
	for i, r := range m.memory {
		if r.Len() != len(r.text) {
			return fmt.Errorf("region %d of memory has %d bytes, want %d", i, r.Len(), len(r.text))
		}
		if at := differ(r.text, r.Bytes()); !bytes.Equal(r.text, r.Bytes()) {
			return fmt.Errorf("region %d of memory, shared %v, %d bytes: byte %d is %d, want %d",
				i, r.shared, len(r.text), at, r.Bytes()[at], r.text[at])
		}
	}
	return nil
}

// aside is kernel for an operation that has nothing to do with the file.
func (m *regionModel) aside(f func() error) error {
	m.next.appends = false
	return m.kernel(f)
}
