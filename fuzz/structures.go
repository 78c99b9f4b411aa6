// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"runtime/debug"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/alloc/offheap"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// structures performs the operations of a stream on one structure of each type of package
// offheap, and compares the results with Go's maps.
type structures struct {
	a       *alloc.Allocator
	in      stream
	faults  *faults // nil if none are injected
	fired   int64   // faults.fired at the start of the operation
	limited bool
	refused int // calls of the operation
	trace   trace
	near    mapModel[uint32, uint16]
	far     mapModel[[300]byte, [40]uint32]
	bulky   mapModel[[2000]byte, uint8] // its tables are of few entries, so its directory grows
	grown   bool                        // bulky was large once
	cache   cacheModel
	slots   slotsModel
	texts   textModel
}

// structureOps contains the operations; a byte modulo their number selects one.
var structureOps = []struct {
	name string
	do   func(*structures) error
}{
	{"near.set", func(y *structures) error { return y.near.set(y, 1) }},
	{"near.burst", func(y *structures) error { return y.near.set(y, 8*y.in.next()) }},
	{"near.delete", func(y *structures) error { return y.near.delete(y, 1+2*y.in.next()) }},
	{"near.loop", func(y *structures) error { return y.near.loop(y) }},
	{"far.burst", func(y *structures) error { return y.far.set(y, 1+y.in.next()) }},
	{"far.delete", func(y *structures) error { return y.far.delete(y, 1+y.in.next()) }},
	{"far.loop", func(y *structures) error { return y.far.loop(y) }},
	{"bulky.burst", func(y *structures) error {
		n := y.in.next()
		if n < 236 || y.grown { // it takes a tenth of a second
			return y.bulky.set(y, 1+4*n)
		}
		y.grown = true
		return y.bulky.growAndClear(y)
	}},
	{"bulky.delete", func(y *structures) error { return y.bulky.delete(y, 1+2*y.in.next()) }},
	{"bulky.loop", func(y *structures) error { return y.bulky.loop(y) }},
	{"cache.set", func(y *structures) error { return y.cache.set(y, 1) }},
	{"cache.burst", func(y *structures) error { return y.cache.set(y, y.in.next()) }},
	{"cache.get", func(y *structures) error { return y.cache.get(y, 1+y.in.next()) }},
	{"cache.delete", func(y *structures) error { return y.cache.delete(y) }},
	{"slots.add", func(y *structures) error { return y.slots.add(y, 1+y.in.next()) }},
	{"slots.remove", func(y *structures) error { return y.slots.remove(y, 1+y.in.next()) }},
	{"slots.check", func(y *structures) error { return y.slots.check(y) }},
	{"text.intern", func(y *structures) error { return y.texts.intern(y, 1+y.in.next()) }},
	{"text.release", func(y *structures) error { return y.texts.release(y, 1+y.in.next()) }},
	{"fail", (*structures).fail},
	{"heal", (*structures).heal},
}

// fail makes kernel calls fail, or sets a limit. Most memory of structures comes from pages that
// are mapped already, so a limit refuses more of it.
func (y *structures) fail() error {
	which, amount := y.in.next(), y.in.next()
	y.trace.note(which, amount)
	switch {
	case y.faults == nil:
	case which < 64:
		y.faults.arm(which, amount)
	default:
		y.limited = true
		return y.a.SetLimit(1 + y.a.Stats().Footprint.Now*int64(amount)/192)
	}
	return nil
}

// heal makes all kernel calls work, and removes the limit.
func (y *structures) heal() error {
	if y.faults == nil {
		return nil
	}
	disarm()
	y.limited = false
	return y.a.SetLimit(0)
}

// maxStructuresInput is the maximum number of bytes of an input of FuzzStructures that are used. go test
// -fuzz gives up a process whose input takes 10 s, and this one copies keys of 2000 bytes all the time.
const maxStructuresInput = 2 << 10

// runStructures plays an input. Its first byte selects the options of the Allocator.
func runStructures(data []byte) error {
	defer disarm()
	in := newStream(data[:min(len(data), maxStructuresInput)])
	m, err := newModel(in.next(), alloc.HugePagesOff, alloc.Hardening{}, nil, -1)
	if err != nil {
		return err
	}
	if err := playStructures(m.a, in, &m.faults); err != nil {
		return err
	}
	if s := m.a.Stats(); s.Live() != 0 {
		return fmt.Errorf("%d blocks are live after Close of all structures", s.Live())
	}
	return m.a.Close()
}

// playStructures plays a stream on new structures and closes them.
func playStructures(a *alloc.Allocator, in stream, f *faults) (err error) {
	y := &structures{a: a, in: in, faults: f}
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v\n%s", v, debug.Stack())
		}
		if err != nil {
			err = y.trace.wrap(err)
		}
	}()
	if err := y.open(); err != nil {
		return y.refusal(err)
	}
	for y.in.more() {
		o := structureOps[y.in.next()%len(structureOps)]
		y.trace.begin(o.name, 0)
		y.refused = 0
		if y.faults != nil {
			y.fired = y.faults.fired.Load()
		}
		if err := o.do(y); err != nil {
			return err
		}
	}
	y.trace.begin("end", 0)
	return y.end()
}

func (y *structures) open() (err error) {
	y.near.key, y.near.value = func(i int) uint32 { return uint32(i) << 12 }, func(i int) uint16 { return uint16(i) }
	y.far.key = func(i int) [300]byte { return [300]byte{7: byte(i), 8: byte(i >> 8)} }
	y.far.value = func(i int) [40]uint32 { return [40]uint32{39: uint32(i)} }
	y.bulky.key = func(i int) [2000]byte { return [2000]byte{1998: byte(i), 1999: byte(i >> 8)} }
	y.bulky.value = func(i int) uint8 { return uint8(i) }
	if y.near.m, err = offheap.NewMap[uint32, uint16](y.a, offheap.MapOptions{}); err != nil {
		return err
	}
	if y.far.m, err = offheap.NewMap[[300]byte, [40]uint32](y.a, offheap.MapOptions{Name: "far"}); err != nil {
		return err
	}
	if y.bulky.m, err = offheap.NewMap[[2000]byte, uint8](y.a, offheap.MapOptions{Name: "bulky"}); err != nil {
		return err
	}
	if y.cache.c, err = offheap.NewCache[string, []byte](y.a, offheap.CacheOptions{Bytes: 100 << 10}); err != nil {
		return err
	}
	y.texts.in = offheap.NewInterner(y.a, offheap.InternerOptions{})
	y.slots.s, err = offheap.NewSlots[[3]uint32](y.a, offheap.SlotsOptions{})
	return err
}

// end compares everything and closes the structures.
func (y *structures) end() error {
	if err := y.heal(); err != nil {
		return err
	}
	err := errors.Join(y.near.check(), y.far.check(), y.bulky.check(), y.cache.check(), y.slots.check(y), y.texts.check())
	y.near.m.Close()
	y.far.m.Close()
	y.bulky.m.Close()
	y.cache.c.Close()
	y.slots.s.Close()
	y.texts.in.Close()
	return err
}

// refusal returns nil if the operation may fail with err.
func (y *structures) refusal(err error) error {
	if y.limited && errors.Is(err, alloc.ErrLimit) || errors.Is(err, alloc.ErrOutOfMemory) && (y.faults == nil || y.faults.fired.Load() > y.fired) {
		return nil
	}
	return err
}

// insist makes a call. unchanged says what a failure has changed; it may be nil.
func (y *structures) insist(call, unchanged func() error) (done bool, wrong error) {
	return vm.Insist(call, func(err error) error {
		if err := y.refusal(err); err != nil {
			return err
		}
		if y.faults != nil {
			y.fired = y.faults.fired.Load()
		}
		if y.refused++; unchanged == nil || y.refused > 4 { // comparing takes long
			return nil
		}
		return unchanged()
	}, func() (restore func()) {
		if y.faults == nil || y.trace.steps%2 == 0 {
			return nil
		}
		resume, limit := y.faults.suspend(), y.a.Stats().Limit
		if err := y.a.SetLimit(0); err != nil {
			return nil
		}
		return func() {
			resume()
			_ = y.a.SetLimit(limit)
		}
	})
}

// A mapModel is a Map with a map that has the same entries.
type mapModel[K comparable, V comparable] struct {
	m     *offheap.Map[K, V]
	model map[K]V
	key   func(int) K
	value func(int) V
}

// set sets n keys one after the other, from a chosen one on.
func (p *mapModel[K, V]) set(y *structures, n int) error {
	if p.model == nil {
		p.model = map[K]V{}
	}
	from, v := y.in.below(4096), y.in.next()
	y.trace.note(from, n, v)
	for i := from; i < from+n; i++ {
		if done, err := y.insist(func() error { return p.m.Set(p.key(i), p.value(i^v)) }, p.check); !done || err != nil {
			return err
		}
		p.model[p.key(i)] = p.value(i ^ v)
	}
	return nil
}

// growAndClear makes the map so large that insertions copy its directory piece by piece.
func (p *mapModel[K, V]) growAndClear(y *structures) error {
	if err := p.set(y, 15_000); err != nil {
		return err
	}
	if err := p.check(); err != nil {
		return err
	}
	if done, err := y.insist(p.m.Clear, p.check); !done || err != nil {
		return err
	}
	clear(p.model)
	return p.check()
}

func (p *mapModel[K, V]) delete(y *structures, n int) error {
	from := y.in.below(4096)
	y.trace.note(from, n)
	for i := from; i < from+n; i++ {
		_, there := p.model[p.key(i)]
		if p.m.Delete(p.key(i)) != there {
			return fmt.Errorf("deleting key %d: want %v", i, there)
		}
		delete(p.model, p.key(i))
	}
	return nil
}

// loop deletes some of the entries while it iterates, adds others, and sets others again: the
// iteration must have the new value, also if an addition has replaced the table meanwhile.
func (p *mapModel[K, V]) loop(y *structures) error {
	mask, n := y.in.next(), 0
	seen := map[K]bool{}
	y.trace.note(mask)
	for k, v := range p.m.All() {
		if want, there := p.model[k]; seen[k] || !there || *v != want {
			return fmt.Errorf("an iteration has key %s, value %v; want %v %v; seen: %v", brief(k), *v, want, there, seen[k])
		}
		seen[k] = true
		if n++; n&mask&3 == 3 {
			p.m.Delete(k)
			delete(p.model, k)
			delete(seen, k) // it may be returned again if it is added again
		}
		if n&mask&0x14 == 0x14 {
			again := (mask + n*5) % 4096
			if _, there := p.model[p.key(again)]; !there {
				again = 5000 + y.trace.steps*7 + n
			}
			for _, i := range []int{5000 + y.trace.steps*7 + n, again} {
				if done, err := y.insist(func() error { return p.m.Set(p.key(i), p.value(n)) }, nil); !done || err != nil {
					return err
				}
				p.model[p.key(i)] = p.value(n)
			}
		}
	}
	for k := range p.model {
		if _, ok := p.m.Get(k); !ok {
			return fmt.Errorf("key %s is lost", brief(k))
		}
	}
	return nil
}

// brief returns a value as text without the middle of long ones.
func brief(v any) string {
	s := fmt.Sprint(v)
	if len(s) > 60 {
		s = s[:20] + " … " + s[len(s)-20:]
	}
	return s
}

// check compares all entries.
func (p *mapModel[K, V]) check() error {
	n := 0
	for k, v := range p.m.All() {
		n++
		if want, there := p.model[k]; !there || *v != want {
			return fmt.Errorf("key %s is %v, want %v %v", brief(k), *v, want, there)
		}
	}
	for k, want := range p.model {
		if v, ok := p.m.Get(k); !ok || v != want {
			return fmt.Errorf("key %s is %v %v, want %v", brief(k), brief(v), ok, brief(want))
		}
	}
	if n != len(p.model) || p.m.Len() != n {
		return fmt.Errorf("%d entries, Len %d, want %d", n, p.m.Len(), len(p.model))
	}
	return nil
}

// A cacheModel is a Cache with what was set last.
type cacheModel struct {
	c     *offheap.Cache[string, []byte]
	model map[string][]byte
}

func (p *cacheModel) set(y *structures, n int) error {
	if p.model == nil {
		p.model = map[string][]byte{}
	}
	from, size := y.in.below(2048), y.in.next()
	if size >= 250 {
		size *= 60
	}
	y.trace.note(from, n, size)
	for i := from; i < from+n; i++ {
		key, value := fmt.Sprint(i), bytes.Repeat([]byte{byte(i + size)}, size+i%5)
		delete(p.model, key)
		if done, err := y.insist(func() error { return p.c.Set(key, value, 0) }, p.check); !done || err != nil {
			return err
		}
		p.model[key] = value
		if got, ok := p.c.Get(nil, key); !ok || !bytes.Equal(got, value) {
			return fmt.Errorf("%s is %q %v right after Set, want %q", key, got, ok, value)
		}
	}
	return nil
}

func (p *cacheModel) get(y *structures, n int) error {
	from := y.in.below(2048)
	for i := from; i < from+n; i++ {
		key := fmt.Sprint(i)
		want, there := p.model[key]
		if got, ok := p.c.Get(nil, key); ok && (!there || !bytes.Equal(got, want)) || there && !ok && p.c.Stats().Evicted == 0 {
			return fmt.Errorf("%s is %q %v, want %q %v", key, got, ok, want, there)
		}
	}
	return nil
}

func (p *cacheModel) delete(y *structures) error {
	key := fmt.Sprint(y.in.below(2048))
	if _, there := p.model[key]; p.c.Delete(key) && !there {
		return fmt.Errorf("deleted %s, which was not there", key)
	}
	delete(p.model, key)
	return nil
}

// check compares all entries with the statistics.
func (p *cacheModel) check() error {
	entries, live := int64(0), int64(0)
	for key, want := range p.model {
		if got, ok := p.c.Get(nil, key); ok {
			if !bytes.Equal(got, want) {
				return fmt.Errorf("%s is %q, want %q", key, got, want)
			}
			entries++
			live += int64(len(key) + len(want))
		}
	}
	if s := p.c.Stats(); s.Entries != entries || s.Live != live || s.Bytes > s.Limit+8<<10 {
		return fmt.Errorf("%d entries of %d bytes are found; %v", entries, live, s)
	}
	return nil
}
