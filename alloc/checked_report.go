// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/ashlar-go/ashlar/internal/heapprof"
	"github.com/ashlar-go/ashlar/internal/pprofile"
	"github.com/ashlar-go/ashlar/internal/raw"
)

// markZones fills both redzones with zonePattern.
func (b *checkedBlock) markZones() {
	front := b.front()
	fillWith(&zonePattern, b.Addr-front, front)
	fillWith(&zonePattern, b.Addr+b.size, uintptr(b.after))
}

// front returns the size in bytes of the redzone before the block.
func (b *checkedBlock) front() uintptr { return min(uintptr(1)<<b.shift, zoneMax) }

// damage returns an error if the program wrote to a redzone. For a block in quarantine it also
// returns an error if the program wrote to the block itself.
func (b *checkedBlock) damage(op operation) error {
	end := b.Addr + b.size
	if first, n := zonePattern.changed(end, uintptr(b.after)); n > 0 {
		return b.overwritten(Overflow, op, "beyond the end of the block", first, n, end+uintptr(b.after))
	}
	if first, n := zonePattern.changed(b.Addr-b.front(), b.front()); n > 0 {
		return b.overwritten(Underflow, op, "before the start of the block", first, n, b.Addr)
	}
	var err error
	if b.state != checkedLive {
		b.eachPoisoned(func(addr, size uintptr) bool {
			if first, n := freedPattern.changed(addr, size); n > 0 {
				err = b.overwritten(UseAfterFree, op, "of the block, after it was freed,", first, n, addr+size)
			}
			return err == nil
		})
	}
	return err
}

// overwritten returns an error for n overwritten bytes outside live memory. The first of these
// bytes is at address first. The error shows up to 16 bytes from there, none at or beyond end.
func (b *checkedBlock) overwritten(kind MisuseKind, op operation, where string, first uintptr, n int, end uintptr) error {
	const shown = 16
	were := "were"
	if n == 1 {
		were = "was"
	}
	return b.misuse(kind, op, b.Addr, fmt.Sprintf("%s %s %s overwritten, the first at offset %d: % x",
		bytesOf(n), where, were, int(first-b.Addr), raw.Bytes(first, min(shown, end-first))))
}

// misuse returns an error that describes the block.
func (b *checkedBlock) misuse(kind MisuseKind, op operation, addr uintptr, detail string) *MisuseError {
	return b.complete(newMisuse(kind, op, addr, detail))
}

// complete adds the description of the block to e: its address, size, state and call sites.
func (b *checkedBlock) complete(e *MisuseError) *MisuseError {
	e.of(b.Addr, int(b.size), "live")
	e.Allocator = nameAt(b.inner()) // the page map lacks the later pages of a large object
	e.Allocated = origin{stack: b.allocated}.call()
	if b.state != checkedLive {
		e.State, e.Freed = "free", origin{stack: b.freed}.call()
	}
	return e
}

// inspect returns an error that describes an address at which no live block begins. The caller
// holds mu.
func (k *checker) inspect(op operation, addr uintptr) error {
	b := k.around(addr)
	switch {
	case k.closed || b == nil:
		return k.inspectUnknown(op, addr)
	case b.Addr == addr:
		return b.misuse(freedAs(op), op, addr, freedDetail)
	case addr < b.Addr:
		return b.misuse(InvalidPointer, op, addr, bytesOf(int(b.Addr-addr))+" before the start of a block")
	case addr-b.Addr >= b.size:
		return b.misuse(InvalidPointer, op, addr, bytesOf(int(addr-b.Addr-b.size))+" beyond the end of a block")
	}
	return b.misuse(InvalidPointer, op, addr, insideBlock(int(addr-b.Addr)))
}

// inspectUnknown does what inspect does for an address outside all blocks of the checker.
func (k *checker) inspectUnknown(op operation, addr uintptr) error {
	err := k.a.misuseAt(op, addr)
	var e *MisuseError
	if errors.As(err, &e) && e.Block != 0 && !k.closed {
		e.Detail = "no block is here, live or in quarantine; it was freed long ago, or never handed out"
		if e.State != "live" && e.State != "never allocated" {
			e.Kind = freedAs(op)
		}
	}
	return err
}

// around returns the block whose inner block contains addr, or nil if there is none. It examines
// every block. The caller holds mu.
func (k *checker) around(addr uintptr) (b *checkedBlock) {
	k.blocks.Each(func(at uintptr) {
		if c := checkedAt(at); addr-c.inner() < c.Addr+c.size+uintptr(c.after)-c.inner() {
			b = c
		}
	})
	return b
}

// describe returns an error that describes an access that faulted at addr. It returns nil if addr
// is in no block in quarantine.
func (k *checker) describe(addr uintptr) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if b := k.around(addr); b != nil && b.state != checkedLive && addr-b.Addr < b.size {
		return b.complete(accessMisuse(UseAfterFree, addr, fmt.Sprintf("byte %d of the block was used after it was freed", addr-b.Addr)))
	}
	return nil
}

func (k *checker) damages(op operation) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.damaged(op)
}

// damaged returns the damage to all live blocks and all blocks in quarantine. The caller holds mu.
func (k *checker) damaged(op operation) error {
	var all []error
	k.blocks.Each(func(at uintptr) {
		if err := checkedAt(at).damage(op); err != nil {
			all = append(all, err)
		}
	})
	return errors.Join(all...)
}

// leaks returns the text that writeLeaks writes.
func (k *checker) leaks() []byte {
	by := map[heapprof.Stack]*pprofile.Site{}
	var objects, size int64
	k.mu.Lock()
	k.blocks.Each(func(at uintptr) {
		b := checkedAt(at)
		if b.state != checkedLive {
			return
		}
		objects++
		size += int64(b.size)
		if by[b.allocated] == nil {
			by[b.allocated] = &pprofile.Site{}
		}
		by[b.allocated].InuseObjects++
		by[b.allocated].InuseBytes += float64(b.size)
	})
	k.mu.Unlock()
	var sites []pprofile.Site
	for stack, site := range by {
		if stack != 0 {
			site.Frames = slices.Collect(heapprof.Frames(stack.PCs()))
		}
		sites = append(sites, *site)
	}
	return k.a.liveText(objects, size, pprofile.TopStacks(sites, 1, math.MaxInt))
}
