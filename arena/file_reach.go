// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"fmt"
	"math/bits"
	"reflect"

	"github.com/ashlar-go/ashlar/internal/raw"
)

// A referrer is a kind of ref: its words are an offset, or an offset and a length, or an
// offset, a length and a capacity.
type referrer interface {
	target() (t reflect.Type, words int)
}

func (Ref[T]) target() (reflect.Type, int)        { return reflect.TypeFor[T](), 1 }
func (*AtomicRef[T]) target() (reflect.Type, int) { return reflect.TypeFor[T](), 1 }
func (StringRef) target() (reflect.Type, int)     { return reflect.TypeFor[byte](), 2 }
func (SliceRef[T]) target() (reflect.Type, int)   { return reflect.TypeFor[T](), 3 }

// A layout says where the refs of a type are.
type layout struct {
	size, align uint64
	refs        []refField
	arrays      []arrayField // of types with refs
	seen        map[uint64]*seenPage
}

type refField struct {
	at     uint64 // offset in the type
	words  int
	target *layout
}

type arrayField struct {
	at, n uint64
	elem  *layout
}

// hasRefs reports whether the type has refs. It is for layouts that are complete.
func (l *layout) hasRefs() bool { return len(l.refs)+len(l.arrays) > 0 }

func layoutOf[T any]() *layout { return layouts{}.of(reflect.TypeFor[T]()) }

type layouts map[reflect.Type]*layout

func (all layouts) of(t reflect.Type) *layout {
	if l, known := all[t]; known {
		return l
	}
	l := &layout{size: uint64(t.Size()), align: uint64(t.Align()), seen: map[uint64]*seenPage{}}
	all[t] = l
	all.collect(l, t, 0)
	return l
}

// collect adds the refs of a part of l, which has type t.
func (all layouts) collect(l *layout, t reflect.Type, at uint64) {
	const word = 8
	if r, ok := reflect.New(t).Interface().(referrer); ok {
		// A struct with an embedded ref has the ref's methods, but another size.
		if target, words := r.target(); uint64(t.Size()) == uint64(words)*word {
			l.refs = append(l.refs, refField{at: at, words: words, target: all.of(target)})
			return
		}
	}
	switch t.Kind() {
	case reflect.Struct:
		for i := range t.NumField() {
			field := t.Field(i)
			all.collect(l, field.Type, at+uint64(field.Offset))
		}
	case reflect.Array:
		if t.Len() == 0 {
			return
		}
		if elem := all.of(t.Elem()); elem.hasRefs() {
			l.arrays = append(l.arrays, arrayField{at: at, n: uint64(t.Len()), elem: elem})
		}
	}
}

// A seenPage has a bit for each 4 bytes of a page at which an object of one type was found.
type seenPage [filePage / 4 / 64]uint64

// see reports whether an object of this type is found at the offset for the first time.
func (l *layout) see(off uint64) bool {
	page := l.seen[off/filePage]
	if page == nil {
		page = new(seenPage)
		l.seen[off/filePage] = page
	}
	bit := off % filePage / 4
	first := page[bit/64]>>(bit%64)&1 == 0
	page[bit/64] |= 1 << (bit % 64)
	return first
}

// A marker finds the pages of a File that reachable objects use.
type marker struct {
	base uintptr
	used uint64   // bytes of data
	live []uint64 // a bit for each page
	end  uint64   // where the last reachable object ends
	todo []reached
}

// A reached is n objects of one type, whose refs are still to be followed.
type reached struct {
	off, n uint64
	layout *layout
}

// markFrom marks everything that refs reach from the root.
func markFrom(base uintptr, used, root uint64, l *layout) (*marker, error) {
	m := &marker{base: base, used: used, live: make([]uint64, pagesOf(used)/64+1)}
	if err := m.reach(root, 1, l); err != nil {
		return nil, err
	}
	for len(m.todo) > 0 {
		r := m.todo[len(m.todo)-1]
		m.todo = m.todo[:len(m.todo)-1]
		for i := range r.n {
			off := r.off + i*r.layout.size
			if !r.layout.see(off) {
				continue
			}
			if err := m.follow(off, r.layout); err != nil {
				return nil, err
			}
		}
	}
	return m, nil
}

// reach marks n objects at an offset.
func (m *marker) reach(off, n uint64, l *layout) error {
	if off == 0 {
		return nil
	}
	hi, size := bits.Mul64(n, l.size)
	if hi != 0 || off < dataFloor || size > m.used || off > m.used-size || off%l.align != 0 {
		return fmt.Errorf("%w: a ref to %d objects of %d bytes at offset %d leads nowhere", ErrDamaged, n, l.size, off)
	}
	m.end = max(m.end, off+size)
	for i := off / filePage; i < pagesOf(off+size); i++ {
		m.live[i/64] |= 1 << (i % 64)
	}
	if l.hasRefs() && size > 0 {
		m.todo = append(m.todo, reached{off, n, l})
	}
	return nil
}

// follow reaches what the refs of the object at an offset lead to.
func (m *marker) follow(off uint64, l *layout) error {
	for _, r := range l.refs {
		words := (*[3]uint64)(raw.Pointer(m.base + uintptr(off+r.at)))
		n := uint64(1)
		if r.words > 1 {
			n = words[r.words-1]
		}
		if err := m.reach(words[0], n, r.target); err != nil {
			return err
		}
	}
	for _, a := range l.arrays {
		for i := range a.n {
			if err := m.follow(off+a.at+i*a.elem.size, a.elem); err != nil {
				return err
			}
		}
	}
	return nil
}

// gaps returns the runs of pages without a reachable object, of the first used bytes. Page 0
// is never free, because offset 0 means nil.
func (m *marker) gaps(used uint64) (gaps []gap) {
	for i := uint64(1); i < used/filePage; i++ {
		switch {
		case m.live[i/64]>>(i%64)&1 != 0:
		case len(gaps) > 0 && gaps[len(gaps)-1].to == i*filePage:
			gaps[len(gaps)-1].to += filePage
		default:
			gaps = append(gaps, gap{i * filePage, (i + 1) * filePage})
		}
	}
	return gaps
}
