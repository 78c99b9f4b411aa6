// SPDX-License-Identifier: Apache-2.0

package smallheap

import "github.com/ashlar-go/ashlar/internal/sizeclass"

// split returns a magazine of at most as many blocks as one for want should have: m, which is in no
// stack, or another one to which it moves blocks of m, so that others can have the rest.
func (d *Depot) split(c sizeclass.Class, m uintptr, want uint32) (part uintptr) {
	room := d.room(c, want)
	if magazineAt(m).n > room {
		if part, err := d.takeEmpty(c, want); err == nil {
			move(part, m, magazineAt(part).room)
			d.full.push(m)
			return part
		} // without memory, the caller gets the whole magazine
	}
	setRoom(m, max(room, magazineAt(m).n))
	return m
}

// store stores a magazine with the others that have blocks, or have none. If its blocks fit into
// the topmost one, they go there: so a cache that wants many blocks gets them at once.
func (d *Depot) store(c sizeclass.Class, m uintptr) {
	n, top := magazineAt(m).n, d.full.top
	switch {
	case n == 0:
		d.empty.push(m)
	case top != 0 && magazineAt(top).n+n <= min(uint32(d.Room(c)), magazineAt(top).slots):
		setRoom(top, max(uint32(d.Room(c)), magazineAt(top).room))
		move(top, m, n)
		d.full.blocks += int(n)
		d.empty.push(m)
	default:
		d.full.push(m)
	}
}
