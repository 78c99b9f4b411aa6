// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"runtime/debug"
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/internal/raw"
)

// misuse passes a bad address to the Allocator. It must panic with a *MisuseError and
// change nothing.
func (p *runner) misuse(h int) error { return p.misuseBy(h, 5) }

// misuseOwn makes a misuse that is one no matter what other goroutines do.
func (p *runner) misuseOwn(h int) error { return p.misuseBy(h, 3) }

func (p *runner) misuseBy(h, kinds int) error {
	kind, how := p.in.below(kinds), p.in.next()
	p.trace.note(kind, how)
	var addr uintptr
	switch kind {
	case 0:
		addr = p.interior(how)
	case 1:
		return p.misuseGo(h, how)
	case 2:
		if p.checked {
			return p.overwriteAround(h, how)
		}
		return p.overwriteHeader(h, how)
	case 3:
		addr = p.stale(how)
	case 4:
		return p.misuseForeign(h, how)
	}
	if addr == 0 {
		return nil
	}
	return p.refuses(h, how, raw.Pointer(addr))
}

// interior returns an address inside a block, after its first byte.
func (p *runner) interior(how int) uintptr {
	b := p.pick()
	if b == nil {
		return 0
	}
	offset := 1 + how%7
	if how >= 128 {
		offset = max(b.usable-1-how%15, 1)
	}
	return b.addr + uintptr(offset)
}

// static is memory of no heap.
var static [64]byte

// misuseGo passes addresses that no Allocator has returned.
func (p *runner) misuseGo(h, how int) error {
	var stack [64]byte
	heap := make([]byte, 64)
	at := [...]unsafe.Pointer{
		unsafe.Pointer(&stack[16]), unsafe.Pointer(&heap[16]), unsafe.Pointer(&static[16]),
		raw.Pointer(1 << 30), raw.Pointer(^uintptr(0) - 15),
	}[how/4%5]
	if p.overlapping(raw.Addr(at), 1) != nil {
		return nil // made up, but equal to a block's address by chance
	}
	return p.refuses(h, how, at)
}

// misuseForeign passes a live block of another Allocator.
func (p *runner) misuseForeign(h, how int) error {
	if p.faults.fired.Load() > 0 && p.peer == nil {
		return nil // injected faults would make the other Allocator fail
	}
	disarm()
	blocks, err := p.strangers()
	if err != nil {
		return err
	}
	if how%4 == 2 {
		how++ // UsableSize accepts blocks of every Allocator
	}
	return p.refuses(h, how, blocks[how/4%len(blocks)])
}

// overwriteHeader damages the header of a large object, like an underflow, until the
// Allocator has reported it.
func (p *runner) overwriteHeader(h, how int) error {
	b := p.pick()
	if b == nil {
		return nil
	}
	if b.small {
		return p.overwriteGuarded(h, how, b)
	}
	hit := &raw.Bytes(b.addr-64, 64)[how%64]
	was := *hit
	*hit ^= 0x40
	defer func() { *hit = was }()
	if how%4 == 2 {
		how++ // UsableSize does not check headers
	}
	return p.refuses(h, how, b.pointer())
}

// refuses passes the address at to one of four operations, which must refuse it.
func (p *runner) refuses(h, how int, at unsafe.Pointer) error {
	err := misused(func() {
		switch how % 4 {
		case 0:
			p.handle(h).Free(at)
		case 1:
			_, _ = p.handle(h).Realloc(at, 1+how*how)
		case 2:
			alloc.UsableSize(at)
		case 3:
			_, _ = p.handle(h).Realloc(at, 0)
		}
	})
	if err != nil {
		return fmt.Errorf("misuse of %p: %w", at, err)
	}
	return p.reconcile()
}

// misused returns nil if f panics with a *MisuseError.
func misused(f func()) (err error) {
	defer func() {
		switch v := recover().(type) {
		case nil:
			err = errors.New("no panic")
		case *alloc.MisuseError:
		default:
			err = fmt.Errorf("panic: %v\n%s", v, debug.Stack())
		}
	}()
	f()
	return nil
}
