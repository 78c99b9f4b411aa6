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

// markZones writes the redzones.
func (b *checkedBlock) markZones() {
	front := b.front()
	fillWith(&zonePattern, b.Addr-front, front)
	fillWith(&zonePattern, b.Addr+b.size, uintptr(b.behind))
}

// front returns the bytes of the redzone before the block.
func (b *checkedBlock) front() uintptr { return min(uintptr(1)<<b.shift, zoneMax) }

// damage returns an error if a redzone was written to, or the memory of a block in
// quarantine.
func (b *checkedBlock) damage(op operation) error {
	end := b.Addr + b.size
	if first, n := zonePattern.changed(end, uintptr(b.behind)); n > 0 {
		return b.overwritten(Overflow, op, "beyond the end of the block", first, n, end+uintptr(b.behind))
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

// overwritten reports that n bytes were overwritten that were nobody's to write, the
// first at address first. What is shown of them ends before end.
func (b *checkedBlock) overwritten(kind MisuseKind, op operation, where string, first uintptr, n int, end uintptr) error {
	const shown = 16
	were := "were"
	if n == 1 {
		were = "was"
	}
	return b.misuse(kind, op, b.Addr, fmt.Sprintf("%s %s %s overwritten, the first at offset %d: % x",
		bytesOf(n), where, were, int(first-b.Addr), raw.Bytes(first, min(shown, end-first))))
}

// misuse returns an error about the block.
func (b *checkedBlock) misuse(kind MisuseKind, op operation, addr uintptr, detail string) *MisuseError {
	return b.complete(newMisuse(kind, op, addr, detail))
}

// complete completes an error about the block.
func (b *checkedBlock) complete(e *MisuseError) *MisuseError {
	e.of(b.Addr, int(b.size), "live")
	e.Allocator = nameAt(b.inner()) // a large object's own pages are in no map
	e.Allocated = origin{stack: b.allocated}.call()
	if b.state != checkedLive {
		e.State, e.Freed = "free", origin{stack: b.freed}.call()
	}
	return e
}

// inspect explains what is wrong with an address that is not that of a live block. The
// caller holds mu.
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

// inspectUnknown is inspect for an address in no block that the checker knows.
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

// around returns the block whose inner block addr is in, nil if there is none. It looks
// at all of them. The caller holds mu.
func (k *checker) around(addr uintptr) (b *checkedBlock) {
	k.blocks.Each(func(at uintptr) {
		if c := checkedAt(at); addr-c.inner() < c.Addr+c.size+uintptr(c.behind)-c.inner() {
			b = c
		}
	})
	return b
}

// describe tells what was wrong with an access that faulted at addr; nil if it is none of
// a block in quarantine.
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

// damaged is damages, of live blocks and those in quarantine, for whoever holds mu.
func (k *checker) damaged(op operation) error {
	var all []error
	k.blocks.Each(func(at uintptr) {
		if err := checkedAt(at).damage(op); err != nil {
			all = append(all, err)
		}
	})
	return errors.Join(all...)
}

// leaks returns what writeLeaks writes.
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
