// SPDX-License-Identifier: Apache-2.0

package arena

import "encoding/binary"

// A table holds the pages of the file's table that a commit changes.
type table struct {
	file    *File
	pages   map[int64]*tablePage // by place
	scratch [filePage]byte
}

type tablePage struct {
	change
	changed bool
}

// page returns the page of the table that has the checksum of page i of the data.
func (t *table) page(i uint64) (*tablePage, error) {
	f := t.file
	place := f.last.tablePlace(i)
	if c, ok := t.pages[place]; ok {
		return c, nil
	}
	c := &tablePage{change: change{place: place, page: make([]byte, filePage), hole: true}}
	if i/perTable*perTable < f.last.pages() { // otherwise it has no checksum that counts
		c.hole = false
		if err := f.read(c.page, place); err != nil {
			return nil, err
		}
	}
	t.pages[place] = c
	return c, nil
}

// set changes the checksum of page i, and returns the previous one.
func (t *table) set(i uint64, sum uint32) (before uint32, err error) {
	c, err := t.page(i)
	if err != nil {
		return 0, err
	}
	at := c.page[i%perTable*sumSize:]
	before = binary.NativeEndian.Uint32(at)
	binary.NativeEndian.PutUint32(at, sum)
	c.changed = true
	return before, nil
}

// appendDropped makes a hole of page i, if it is not zero yet.
func (t *table) appendDropped(changed []change, i uint64) ([]change, error) {
	sums, err := t.page(i)
	if err != nil {
		return nil, err
	}
	place := t.file.last.place(i)
	if binary.NativeEndian.Uint32(sums.page[i%perTable*sumSize:]) == zeroSum {
		if zero, err := t.isZeroAt(place); err != nil || zero {
			return changed, err
		}
	}
	_, err = t.set(i, zeroSum)
	return append(changed, change{place: place}), err
}

// appendStale makes zero of a fresh page to which a failed commit has written.
func (t *table) appendStale(fresh []change, place int64) ([]change, error) {
	if zero, err := t.isZeroAt(place); err != nil || zero {
		return fresh, err
	}
	return append(fresh, change{place: place, page: zeroPage}), nil
}

// isZeroAt reports whether the page of the file at a place is zero.
func (t *table) isZeroAt(place int64) (bool, error) {
	err := t.file.read(t.scratch[:], place)
	return isZero(t.scratch[:]), err
}
