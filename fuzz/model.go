// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"sync/atomic"
	"time"
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/internal/metadata"
	"github.com/ashlar-go/ashlar/internal/pagemap"
	"github.com/ashlar-go/ashlar/internal/vm"
	"github.com/ashlar-go/ashlar/largeobj"
	"github.com/ashlar-go/ashlar/stats"
)

// localCount is the number of Locals of a runner.
const localCount = 3

// A model is the Allocator under test, and the state that its runners share.
type model struct {
	a       *alloc.Allocator
	faults  faults
	checked bool  // a is checked
	fenced  bool  // its spans have guards; they stay if the kernel refuses to remove them
	limited bool  // there may be a limit
	ceiling int64 // upper bound of the footprint while there is a limit
	aging   bool  // the purger runs
	moving  bool  // statistics change while they are read: the purger runs, or several runners do

	recording *recording // of a; nil if there is none

	before  int              // bytes of metadata in use before a was made
	peer    *alloc.Allocator // another Allocator, whose blocks are foreign to a
	foreign [2]unsafe.Pointer
}

// retained contains the limits of retained bytes that an input can select.
var retained = [4]int64{0, 1 << 20, 256 << 10, -1}

// largeOptions returns the options for large objects that one byte selects.
func largeOptions(b int) largeobj.Options {
	o := largeobj.Options{
		Policy:      [4]largeobj.Policy{largeobj.Retain, largeobj.Unmap, largeobj.Keep, largeobj.Retain}[b%4],
		RetainBytes: retained[b/4%4],
		LazyPurge:   b&16 != 0,
	}
	if b&32 != 0 {
		o.MaxMappings = 1 // carve from the first object on
	}
	return o
}

// hardeningOf returns the options that three bits select, as far as the platform has them.
func hardeningOf(b int) alloc.Hardening {
	return alloc.Hardening{ZeroOnFree: b&1 != 0, RandomOrder: b&2 != 0, SpanGuards: b&4 != 0 && vm.Able(vm.Guards)}
}

// hugePagesOf returns the use of huge pages that two bits select, as far as the platform has them.
func hugePagesOf(b int) alloc.HugePages {
	if !vm.Able(vm.HugePages) {
		return alloc.HugePagesOff
	}
	return [4]alloc.HugePages{alloc.HugePagesOff, alloc.HugePagesAll, alloc.HugePagesDense, alloc.HugePagesOff}[b%4]
}

// newModel makes an Allocator with options from one byte. onLimit may be nil.
func newModel(options int, huge alloc.HugePages, h alloc.Hardening, onLimit func(int) bool, decay time.Duration) (*model, error) {
	o := alloc.Options{Decay: decay, OnLimit: onLimit, Large: largeOptions(options), Checked: checkedOf(options), Hardening: h, HugePages: huge}
	if options&0xc0 == guarding && vm.Able(vm.Guards) {
		o.GuardRate = 1
	}
	m := &model{checked: o.Checked, fenced: h.SpanGuards, before: metadata.InUse(), aging: decay >= 0, moving: decay >= 0}
	var err error
	if m.a, err = alloc.NewAllocator(o); err == nil && options&0xc0 == recorded {
		m.recording = new(recording)
		err = m.a.Trace().Start(&m.recording.file, alloc.TraceOptions{})
	}
	return m, err
}

// strangers returns a small and a large block of another Allocator.
func (m *model) strangers() ([2]unsafe.Pointer, error) {
	if m.peer != nil {
		return m.foreign, nil
	}
	peer, err := alloc.NewAllocator(alloc.Options{Decay: -1})
	if err != nil {
		return m.foreign, err
	}
	for i, size := range []int{1000, 200 << 10} {
		if m.foreign[i], err = peer.Malloc(size); err != nil {
			return m.foreign, errors.Join(err, peer.Close())
		}
	}
	m.peer = peer
	return m.foreign, nil
}

// snapshot returns the Allocator's statistics and checks their sums.
func (m *model) snapshot() (*stats.Snapshot, error) {
	now := m.a.Stats()
	s := &now
	if m.moving {
		return s, nil
	}
	if got, want := s.Memory.Total(), s.Mapped.Now+s.Metadata.Mapped; got != want {
		return s, fmt.Errorf("the fields of Memory add up to %d bytes, but %d are mapped\n%v", got, want, s)
	}
	if got, want := s.Memory.Dirty(), s.Footprint.Now+s.Metadata.Footprint; got != want {
		return s, fmt.Errorf("the dirty fields add up to %d bytes, but the footprint is %d\n%v", got, want, s)
	}
	if m.limited && s.Footprint.Now > m.ceiling {
		return s, fmt.Errorf("the footprint is %d bytes, but the limit allows %d", s.Footprint.Now, m.ceiling)
	}
	return s, nil
}

// setLimit limits the footprint to n bytes; 0 removes the limit.
func (m *model) setLimit(n int64) {
	s := m.a.Stats()
	m.a.SetLimit(n)
	m.limited, m.ceiling = n > 0, max(n, s.Footprint.Now)
}

// empty requires that an Allocator without live blocks becomes empty: at once, or after a while if its
// memory ages meanwhile.
func (m *model) empty(seen map[uintptr]struct{}) error {
	err := m.emptied(seen)
	for i := 0; err != nil && m.aging && i < 1000; i++ { // not until a time: the process may be stopped meanwhile
		time.Sleep(time.Millisecond)
		err = m.emptied(seen)
	}
	return err
}

// emptied trims an Allocator without live blocks. Nothing may remain except the guard pool,
// which must be inaccessible.
func (m *model) emptied(seen map[uintptr]struct{}) error {
	m.a.Trim()
	s, err := m.snapshot()
	if err != nil {
		return err
	}
	if s.Footprint.Now != 0 || s.Mapped.Now != s.Memory.GuardsClean || s.Mapped.Now == 0 && s.Mappings.Now != 0 || s.Live() != 0 {
		if m.fenced && m.faults.fired.Load() > 0 {
			return nil
		}
		return fmt.Errorf("after everything was freed and trimmed there are %d live blocks, a footprint of %d bytes, "+
			"and %d bytes mapped in %d mappings\n%v", s.Live(), s.Footprint.Now, s.Mapped.Now, s.Mappings.Now, s)
	}
	return forgotten(seen, pagemap.Guarded)
}

// close closes the Allocator. Nothing of it may remain.
func (m *model) close(seen map[uintptr]struct{}) error {
	s := m.a.Stats()
	live := s.Live()
	if err := m.a.Close(); err != nil {
		return fmt.Errorf("closing: %w", err)
	}
	if err := m.recording.check(live); err != nil {
		return err
	}
	s = m.a.Stats()
	if s.Footprint.Now != 0 || s.Mapped.Now != 0 || s.Mappings.Now != 0 {
		return fmt.Errorf("after Close: a footprint of %d bytes, %d bytes mapped in %d mappings",
			s.Footprint.Now, s.Mapped.Now, s.Mappings.Now)
	}
	if _, err := m.a.Malloc(100); !errors.Is(err, alloc.ErrClosed) {
		return fmt.Errorf("allocating after Close: %w", err)
	}
	return forgotten(seen, 0)
}

// closePeer closes the other Allocator.
func (m *model) closePeer() error {
	if m.peer == nil {
		return nil
	}
	for _, p := range m.foreign {
		m.peer.Free(p)
	}
	return m.peer.Close()
}

// spoilt is set after an input has failed in this process: its Allocators stay open and
// may use a changing amount of metadata.
var spoilt atomic.Bool

// leaked returns an error if metadata was lost. All Allocators and their Locals must be
// closed.
func (m *model) leaked() error { return leakedSince(m.before) }

func leakedSince(before int) error {
	if n := metadata.InUse() - before; n != 0 && !spoilt.Load() {
		return fmt.Errorf("%d bytes of metadata are lost", n)
	}
	return nil
}

// forgotten returns an error if the page map has an entry for an address although nothing
// is live. Entries of the given kind are allowed.
func forgotten(seen map[uintptr]struct{}, kind pagemap.Kind) error {
	for addr := range seen {
		if h := pagemap.HeaderOf(addr); h != nil && h.Kind != kind {
			return fmt.Errorf("the page map still has an entry for %#x, where a block was: %+v", addr, *h)
		}
	}
	return nil
}
