// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/alloc/offheap"
)

// A slotsModel is Slots with all Handles that there ever were.
type slotsModel struct {
	s    *offheap.Slots[[3]uint32]
	live []offheap.Handle[[3]uint32]
	all  map[offheap.Handle[[3]uint32]]bool // true: live
}

// value is the value that belongs to a Handle.
func (p *slotsModel) value(h offheap.Handle[[3]uint32]) [3]uint32 {
	return [3]uint32{uint32(h), uint32(h >> 32), 7}
}

func (p *slotsModel) add(y *structures, n int) error {
	if p.all == nil {
		p.all = map[offheap.Handle[[3]uint32]]bool{}
	}
	for range n {
		var h offheap.Handle[[3]uint32]
		done, err := y.insist(func() (err error) {
			h, err = p.s.Add([3]uint32{})
			return err
		}, func() error { return p.check(y) })
		if !done || err != nil {
			return err
		}
		if _, twice := p.all[h]; twice {
			return fmt.Errorf("handle %#x twice", h)
		}
		*p.s.Get(h) = p.value(h)
		p.all[h] = true
		p.live = append(p.live, h)
	}
	return nil
}

func (p *slotsModel) remove(y *structures, n int) error {
	for range min(n, len(p.live)) {
		i := y.in.below(256) % len(p.live)
		h := p.live[i]
		p.s.Remove(h)
		p.all[h] = false
		p.live[i] = p.live[len(p.live)-1]
		p.live = p.live[:len(p.live)-1]
	}
	return nil
}

func (p *slotsModel) check(*structures) error {
	n := 0
	for h, v := range p.s.All() {
		if n++; !p.all[h] || *v != p.value(h) {
			return fmt.Errorf("handle %#x is %v; live: %v", h, *v, p.all[h])
		}
	}
	for h, live := range p.all {
		if (p.s.Get(h) != nil) != live {
			return fmt.Errorf("handle %#x: want live %v", h, live)
		}
	}
	if n != len(p.live) || p.s.Len() != n {
		return fmt.Errorf("%d values, Len %d, want %d", n, p.s.Len(), len(p.live))
	}
	return nil
}

// A textModel is an Interner with the number of users of each string.
type textModel struct {
	in    *offheap.Interner
	users map[string]int
	texts map[string]offheap.Text
}

func text(i int) string { return fmt.Sprint("text ", i%1000)[i%6:] }

func (p *textModel) intern(y *structures, n int) error {
	if p.users == nil {
		p.users, p.texts = map[string]int{}, map[string]offheap.Text{}
	}
	from := y.in.below(1000)
	for i := from; i < from+n; i++ {
		s := text(i)
		var t offheap.Text
		done, err := y.insist(func() (err error) {
			t, err = p.in.Intern(s)
			return err
		}, p.check)
		if !done || err != nil {
			return err
		}
		if p.users[s] > 0 && t != p.texts[s] {
			return fmt.Errorf("%q is %#x and %#x", s, p.texts[s], t)
		}
		p.users[s]++
		p.texts[s] = t
	}
	return nil
}

func (p *textModel) release(y *structures, n int) error {
	from := y.in.below(1000)
	for i := from; i < from+n; i++ {
		s := text(i)
		t, known := p.texts[s]
		switch {
		case p.users[s] > 0:
			p.in.Release(t)
			p.users[s]--
		case known:
			if err := released(func() { p.in.Release(t) }); err != nil {
				return err
			}
		}
	}
	return nil
}

// released requires that f panics with a double free.
func released(f func()) (err error) {
	defer func() {
		if e, ok := recover().(*alloc.MisuseError); !ok || e.Kind != alloc.DoubleFree {
			err = fmt.Errorf("a Release too many: %v", e)
		}
	}()
	f()
	return nil
}

func (p *textModel) check() error {
	n := 0
	for s, t := range p.texts {
		if p.users[s] > 0 {
			if n++; p.in.String(t) != s {
				return fmt.Errorf("%q is %q", s, p.in.String(t))
			}
		}
		if _, ok := p.in.Lookup(s); ok != (p.users[s] > 0) {
			return fmt.Errorf("%q has %d users; found: %v", s, p.users[s], ok)
		}
	}
	if p.in.Len() != n {
		return fmt.Errorf("%d strings, want %d", p.in.Len(), n)
	}
	return nil
}
