// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"runtime/debug"
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/arena"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// An arenaModel performs the operations of a stream on an arena and compares the results
// with its shadow. All memory is freed at once.
type arenaModel struct {
	*model
	shadow
	arena   *arena.Arena
	options arena.Options
	in      stream
	fired   int64 // faults.fired at the start of the operation
	trace   trace
	tail    []byte // a slice of the arena that grows, nil if there is none
	last    *block // the block of tail in the shadow
}

// arenaOps contains the operations; a byte modulo their number selects one.
var arenaOps = []struct {
	name string
	do   func(*arenaModel) error
}{
	{"alloc", (*arenaModel).alloc}, {"alloc", (*arenaModel).alloc}, {"alloc", (*arenaModel).alloc}, {"alloc", (*arenaModel).alloc},
	{"new", (*arenaModel).new}, {"new", (*arenaModel).new}, {"new", (*arenaModel).new},
	{"slice", (*arenaModel).slice}, {"slice", (*arenaModel).slice},
	{"append", (*arenaModel).append}, {"append", (*arenaModel).append}, {"append", (*arenaModel).append},
	{"capped", (*arenaModel).capped},
	{"reset", (*arenaModel).reset},
	{"renew", (*arenaModel).renew},
	{"trim", (*arenaModel).trim},
	{"fail", (*arenaModel).fail},
	{"heal", (*arenaModel).heal},
}

// arenaOptions returns the options of an arena that one byte selects.
func arenaOptions(b int, a *alloc.Allocator) arena.Options {
	o := arena.Options{
		Allocator: a, Concurrent: b&1 != 0, NoZero: b&2 != 0, Checked: b&4 != 0,
		Align: [4]int{0, 16, 64, 4096}[b>>3&3], MaxChunk: [4]int{0, 4 << 10, 64 << 10, 0}[b>>5&3],
	}
	if o.MaxChunk > 0 {
		o.InitialSize = 2 << 10
	}
	o.HugePages = b>>5&3 == 3 && vm.Able(vm.HugePages)
	if b&128 != 0 {
		o.Limit = 8 << 20
	}
	return o
}

// runArenaModel runs an input. Its first byte selects the arena's options, and the
// second those of its Allocator.
func runArenaModel(data []byte) (err error) {
	defer disarm()
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	y := &arenaModel{in: newStream(data)}
	options := y.in.next()
	if y.model, err = newModel(y.in.next(), alloc.HugePagesOff, alloc.Hardening{}, nil, -1); err != nil {
		return err
	}
	y.options = arenaOptions(options, y.a)
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v\n%s", v, debug.Stack())
		}
		if err != nil {
			err = fmt.Errorf("options %#x: %w", options, y.trace.wrap(err))
		}
	}()
	for y.in.more() {
		if err := y.step(); err != nil {
			return err
		}
	}
	return y.end()
}

// open makes the arena if there is none. It reports whether there is one.
func (y *arenaModel) open() (bool, error) {
	if y.arena != nil {
		return true, nil
	}
	return y.insist(func() (err error) {
		y.arena, err = arena.NewArenaWithOptions(y.options)
		return err
	})
}

// insist makes a call. A failure must leave all allocations as they were.
func (y *arenaModel) insist(call func() error) (done bool, wrong error) {
	full := false
	return vm.Insist(call, func(err error) error {
		if err := y.refusal(err); err != nil {
			return err
		}
		full = errors.Is(err, alloc.ErrLimit)
		y.fired = y.faults.fired.Load()
		if y.arena == nil {
			return nil
		}
		return y.sound()
	}, func() (restore func()) {
		if full || y.trace.steps%2 == 0 {
			return nil
		}
		return y.faults.suspend()
	})
}

func (y *arenaModel) step() error {
	o := arenaOps[y.in.next()%len(arenaOps)]
	y.trace.begin(o.name, 0)
	y.fired = y.faults.fired.Load()
	if there, err := y.open(); !there || err != nil {
		return err
	}
	if err := o.do(y); err != nil {
		return err
	}
	if y.trace.steps%auditStep == 0 && y.arena != nil {
		return y.sound()
	}
	return nil
}

// sound checks the contents of all allocations and the arena's statistics.
func (y *arenaModel) sound() error {
	if err := y.verify(); err != nil {
		return err
	}
	s := y.arena.Stats()
	if s.Used+s.Free+s.Waste != s.Reserved || s.Used < int64(y.bytes) || s.HighWater < s.Used ||
		y.options.Limit > 0 && s.Reserved > y.options.Limit {
		return fmt.Errorf("%d bytes are allocated, but the statistics are %+v", y.bytes, s)
	}
	return nil
}

// refusal returns nil if the operation may fail with err.
func (y *arenaModel) refusal(err error) error {
	switch {
	case errors.Is(err, alloc.ErrOutOfMemory) && y.faults.fired.Load() > y.fired,
		errors.Is(err, alloc.ErrLimit) && y.options.Limit > 0:
		return nil
	}
	return err
}

// size reads a size from the stream: mostly a small one.
func (y *arenaModel) size() int {
	n := y.in.size()
	if n < 0 || n > 4<<20 || y.bytes+n > maxBytes {
		n &= 0x3ff
	}
	y.trace.note(n)
	return n
}

// enter checks size new bytes at an address and adds them to the shadow.
func (y *arenaModel) enter(at unsafe.Pointer, size, align int) (*block, error) {
	b := &block{addr: raw.Addr(at), requested: size, usable: size, known: size, id: y.newID()}
	if align = max(align, y.options.Align); at == nil || b.addr%uintptr(align) != 0 {
		return nil, fmt.Errorf("%d bytes aligned to %d: got %p", size, align, at)
	}
	if !y.options.NoZero {
		if i := nonZero(b.bytes(size)); i >= 0 {
			return nil, fmt.Errorf("%v: byte %d is not zero", b, i)
		}
	}
	if size == 0 {
		return b, nil
	}
	err := y.add(b, true)
	b.fill()
	return b, err
}

func (y *arenaModel) alloc() error {
	size, align := y.size(), y.in.align(14)
	y.trace.note(align)
	if align <= 0 || align&(align-1) != 0 || align > alloc.MaxAlign {
		if p, err := y.arena.Alloc(size, align); p != nil || !errors.Is(err, alloc.ErrInvalidSize) {
			return fmt.Errorf("alignment %d: got %p, %w", align, p, err)
		}
		return nil
	}
	var p unsafe.Pointer
	done, err := y.insist(func() (err error) {
		p, err = y.arena.Alloc(size, align)
		return neither(p, err)
	})
	if !done || err != nil {
		return err
	}
	_, err = y.enter(p, size, align)
	return err
}

// try makes a call that panics for lack of memory.
func (y *arenaModel) try(f func()) (done bool, err error) {
	return y.insist(func() (err error) {
		defer func() {
			switch v := recover().(type) {
			case nil:
			case *arena.Error:
				err = v
			default:
				panic(v)
			}
		}()
		f()
		return nil
	})
}

func (y *arenaModel) new() error {
	var p unsafe.Pointer
	size, kind := 0, y.in.next()%4
	done, err := y.try(func() {
		switch kind {
		case 0:
			p, size = unsafe.Pointer(arena.New[[3]byte](y.arena)), 3
		case 1:
			p, size = unsafe.Pointer(arena.New[[5]uint64](y.arena)), 40
		case 2:
			p, size = unsafe.Pointer(arena.NewLinked[[3]*byte](y.arena)), int(unsafe.Sizeof([3]*byte{}))
		default:
			p, size = unsafe.Pointer(arena.New[[1000]uint16](y.arena)), 2000
		}
	})
	if !done || err != nil {
		return err
	}
	_, err = y.enter(p, size, 1)
	return err
}

func (y *arenaModel) slice() error {
	var s []uint32
	n := y.size() / 4
	done, err := y.try(func() { s = arena.MakeSlice[uint32](y.arena, n/2, n) })
	if !done || err != nil {
		return err
	}
	if len(s) != n/2 || cap(s) != n {
		return fmt.Errorf("a slice of %d, %d has %d, %d", n/2, n, len(s), cap(s))
	}
	_, err = y.enter(unsafe.Pointer(unsafe.SliceData(s)), 4*n, 4)
	return err
}

// append appends to a slice, which may grow in place if it is the last allocation.
func (y *arenaModel) append() error {
	more := make([]byte, y.size()%5000)
	if y.bytes+3*len(more)+2*len(y.tail) > maxBytes {
		return nil
	}
	if y.last != nil {
		if err := y.last.verify(); err != nil {
			return err
		}
	}
	before := len(y.tail)
	grown := y.tail
	if done, err := y.try(func() { grown = arena.Append(y.arena, y.tail, more...) }); !done || err != nil {
		return err
	}
	if len(grown) != before+len(more) {
		return fmt.Errorf("appending %d bytes to %d makes %d", before, len(more), len(grown))
	}
	if y.last != nil {
		if err := y.last.verifyAt(raw.Addr(unsafe.Pointer(unsafe.SliceData(grown))), before); err != nil {
			return err
		}
		y.remove(y.last)
		y.last = nil
	}
	if y.tail = grown; cap(grown) == 0 {
		return nil
	}
	b := &block{addr: raw.Addr(unsafe.Pointer(unsafe.SliceData(grown))), requested: len(grown),
		usable: cap(grown), known: len(grown), id: y.newID()}
	if i := nonZero(b.bytes(len(grown))[before:]); i >= 0 {
		return fmt.Errorf("appended byte %d is wrong", i)
	}
	y.last = b
	err := y.add(b, true)
	b.fill()
	return err
}

// capped appends to a part of a slice whose capacity ends with the part, as bytes.Split
// returns it. The rest of the slice must not change.
func (y *arenaModel) capped() error {
	n := y.size()
	if n < 2 {
		return nil
	}
	var s, grown []byte
	if done, err := y.try(func() { s = arena.MakeSlice[byte](y.arena, n, n) }); !done || err != nil {
		return err
	}
	b, err := y.enter(unsafe.Pointer(unsafe.SliceData(s)), n, 1)
	if err != nil {
		return err
	}
	k := y.in.next() % min(n, 16)
	part := s[n-1-k : n-1 : n-1] // all but the last byte
	if done, err := y.try(func() { grown = arena.Append(y.arena, part, 1, 2, 3) }); !done || err != nil {
		return err
	}
	if err := b.verify(); err != nil {
		return fmt.Errorf("after Append to a part of a slice: %w", err)
	}
	if len(grown) != k+3 || string(grown[:k]) != string(part) {
		return fmt.Errorf("appending 3 bytes to a part of %d bytes makes %d", k, len(grown))
	}
	clear(grown)
	_, err = y.enter(unsafe.Pointer(unsafe.SliceData(grown)), cap(grown), 1)
	return err
}

// reset resets the arena, and again after a few short rounds.
func (y *arenaModel) reset() error {
	for range y.in.next() % 4 {
		if err := y.endRound(); err != nil {
			return err
		}
		for range y.in.next() % 8 {
			if err := y.new(); err != nil {
				return err
			}
		}
	}
	return y.endRound()
}

// endRound resets the arena. Its old memory is invalid, and in a checked arena inaccessible.
func (y *arenaModel) endRound() error {
	if err := y.sound(); err != nil {
		return err
	}
	y.arena.Reset()
	return y.forget()
}

// renew frees the arena and makes another one.
func (y *arenaModel) renew() error {
	if err := y.sound(); err != nil {
		return err
	}
	y.arena.Free()
	y.arena = nil
	return y.forget()
}

// forget removes all blocks from the shadow.
func (y *arenaModel) forget() error {
	checked := y.options.Checked && y.faults.fired.Load() == 0
	for len(y.live) > 0 {
		b := y.live[0]
		if checked && len(y.live)%16 == 1 {
			var m *alloc.MisuseError
			if err := alloc.Catch(func() { b.bytes(1)[0]++ }); !errors.As(err, &m) {
				return fmt.Errorf("a write to %v after it was freed: %w", b, err)
			}
		}
		y.remove(b)
	}
	y.tail, y.last = nil, nil
	return nil
}

func (y *arenaModel) trim() error {
	y.a.Trim()
	return y.sound()
}

func (y *arenaModel) fail() error {
	which, amount := y.in.next(), y.in.next()
	y.trace.note(which, amount)
	y.faults.arm(which, amount)
	return nil
}

func (y *arenaModel) heal() error {
	disarm()
	return nil
}

// end frees the arena. The Allocator must then be as if new.
func (y *arenaModel) end() error {
	disarm()
	if y.arena != nil {
		if err := y.renew(); err != nil {
			return err
		}
	}
	if !y.options.Checked { // otherwise there is a quarantine
		if err := y.empty(nil); err != nil {
			return err
		}
	}
	if err := y.close(nil); err != nil {
		return err
	}
	return y.leaked()
}
