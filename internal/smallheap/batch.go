// SPDX-License-Identifier: Apache-2.0

package smallheap

import (
	"math/bits"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/pagemap"
	"github.com/ashlar-go/ashlar/internal/raceannotate"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
)

// MaxBatch is the largest number of blocks that ClassCache.TakeBatch and PutBatch move. It bounds
// the time for which a goroutine is pinned.
const MaxBatch = 32

// TakeBatch takes up to MaxBatch blocks for out, marks them live with the size code of cc, and
// returns their number. It takes fewer if both magazines run out of blocks, or if the sampler
// has to be asked. Bit i of used is set if out[i] may hold old contents; otherwise the block is
// zero.
func (r *ClassCache) TakeBatch(cc sizeclass.ClassCode, out []unsafe.Pointer) (n int, used uint32) {
	out = out[:min(len(out), MaxBatch, int(r.nextSample))]
	n, used = r.takeBatch(cc.Code(), out)
	if n < len(out) && r.Empty() && r.previous != 0 {
		r.Refill(0)
		more, of := r.takeBatch(cc.Code(), out[n:])
		used |= of << n
		n += more
	}
	return n, used
}

// takeBatch takes blocks from the loaded magazine.
func (r *ClassCache) takeBatch(code uint8, out []unsafe.Pointer) (n int, used uint32) {
	n, used = takeRun(r.top, code, out)
	if n == 0 { // the empty cache is shared, and nobody writes to it
		return 0, 0
	}
	r.top -= uintptr(n) * slotSize
	r.nextSample -= uintptr(n)
	r.requested += uintptr(n) * uintptr(code)
	return n, used
}

// takeRun takes the blocks of the slots below top for out, which has room for at most MaxBatch,
// and marks them live. It stops at a slot whose block is not free, such as the sentinel. So it
// stays within the bounds of a magazine, even if two goroutines use one Local.
func takeRun(top uintptr, code uint8, out []unsafe.Pointer) (n int, used uint32) {
	for n < len(out) {
		top -= slotSize
		s := (*slot)(raw.Pointer(top))
		st := (*State)(raw.Pointer(s.state))
		was := *st
		if !IsCached(was) {
			break
		}
		*st = Live | code
		used = used>>1 | uint32(was)<<(MaxBatch-1) // Used is bit 0
		out[n] = raw.Pointer(s.addr)
		raceannotate.Acquire(s.addr)
		n++
	}
	return n, used >> uint(MaxBatch-n)
}

// PutBatch frees the blocks of class c from the first one on, and returns their number. Each must
// begin a block of the owner that is live and plain, as in Free's fast path; PutBatch stops at
// another one, and when the loaded magazine has no room. There are at most MaxBatch of them.
func (r *ClassCache) PutBatch(c sizeclass.Class, owner uintptr, blocks []unsafe.Pointer) (n int) {
	n, codes := putRun(r.top, c, owner, blocks)
	if n == 0 {
		return 0
	}
	r.top += uintptr(n) * slotSize
	r.requested -= codes
	return n
}

// putRun frees blocks as PutBatch does, into the slots from top to the end of the magazine. codes
// is the sum of their size codes.
func putRun(top uintptr, c sizeclass.Class, owner uintptr, blocks []unsafe.Pointer) (n int, codes uintptr) {
	for _, p := range blocks {
		addr := raw.Addr(p)
		leaf := pagemap.Leaf(addr)
		if leaf == 0 {
			break
		}
		d := pagemap.Entry(leaf, addr)
		if d == 0 {
			break
		}
		h := (*pagemap.Header)(raw.Pointer(d))
		i := h.Index(addr)
		if !h.Owns(i, addr, owner) || h.Class != c {
			break
		}
		st, to := StateOf(d, i), (*slot)(raw.Pointer(top))
		was := *st
		if !IsPlain(was) || to.addr == endMark {
			break
		}
		raceannotate.Release(addr)
		codes += uintptr(was - Live)
		*st = Cached | Used
		*to = slot{addr, raw.Addr(unsafe.Pointer(st))}
		top += slotSize
		n++
	}
	return n, codes
}

// PlainBlock returns the state and the class of the block at addr, if it is one of the owner's
// that Free's fast path may take back. Otherwise the state is nil.
func PlainBlock(addr, owner uintptr) (st *State, c sizeclass.Class) {
	if leaf := pagemap.Leaf(addr); leaf != 0 {
		if d := pagemap.Entry(leaf, addr); d != 0 {
			h := (*pagemap.Header)(raw.Pointer(d))
			if i := h.Index(addr); h.Owns(i, addr, owner) {
				if st := StateOf(d, i); IsPlain(*st) {
					return st, h.Class
				}
			}
		}
	}
	return nil, 0
}

// FindRoom reports whether there is room for a block, after the previous magazine was loaded if
// it is empty.
func (r *ClassCache) FindRoom() bool {
	if !r.HasRoom() && !r.Torn() {
		r.MakeRoom(0)
	}
	return r.HasRoom()
}

// PassOver counts down up to want blocks that the caller is about to take from the depot, and
// returns their number. The depot counts them as handed out.
func (r *ClassCache) PassOver(want int) int {
	n := min(uintptr(want), r.nextSample)
	r.nextSample -= n
	r.counted -= n
	return int(n)
}

// A Chain is a list of magazines, linked by next, that belongs to one goroutine. 0 is the empty
// list.
type Chain uintptr

func (l *Chain) push(m uintptr) {
	magazineAt(m).next = uintptr(*l)
	*l = Chain(m)
}

func (l *Chain) pop() uintptr {
	m := uintptr(*l)
	if m != 0 {
		*l = Chain(magazineAt(m).next)
	}
	return m
}

// TakeChain takes magazines with at least want blocks, or all blocks that the depot has. If no
// magazine has blocks, it fills some from the partial spans. The blocks are for a batch of length
// blocks.
func (d *Depot) TakeChain(c sizeclass.Class, want, length int) (l Chain) {
	d.lock(c)
	defer d.mu.Unlock()
	d.batch = max(d.batch, length)
	for want > 0 && !d.closed && d.ready(c) {
		m := d.full.pop()
		want -= int(magazineAt(m).n)
		l.push(m)
	}
	d.unused = min(d.unused, d.full.count)
	return l
}

// ready reports whether there is a magazine with blocks. If there is none, it fills one from
// the partial spans. The caller holds mu.
func (d *Depot) ready(c sizeclass.Class) bool {
	if d.full.top != 0 || d.fullest() == 0 {
		return d.full.top != 0
	}
	m, err := d.takeEmpty(c, uint32(d.Room(c)))
	if err != nil {
		return false
	}
	err = d.fill(c, m, uint32(d.Room(c))) // at the limit there may be idle blocks that cannot be charged
	d.store(c, m)
	return err == nil && d.full.top != 0
}

// EmptyChain takes magazines without blocks that have room for at least want blocks. It takes
// fewer if there is no memory for them.
func (d *Depot) EmptyChain(c sizeclass.Class, want int) (l Chain) {
	d.lock(c)
	defer d.mu.Unlock()
	for want > 0 {
		m, err := d.takeEmpty(c, uint32(d.Room(c)))
		if err != nil {
			break
		}
		l.push(m)
		want -= int(magazineAt(m).room)
	}
	return l
}

// PutChain takes magazines back as Put does, and adds the counts of the blocks that were taken
// from them or put into them, as Account does.
func (d *Depot) PutChain(c sizeclass.Class, l Chain, allocs, requested uint64) (empty Spans) {
	d.lock(c)
	defer d.mu.Unlock()
	d.allocs += allocs
	d.requested += requested
	for m := l.pop(); m != 0; m = l.pop() {
		d.put(c, m, &empty)
	}
	return empty
}

// Take hands out blocks of the magazines as ClassCache.TakeBatch does, and returns their number.
// If needZero is set, it zeroes their first size bytes. twice is the address of a block that was
// found in a second slot, or 0: it was freed twice at the same moment, and the slot is dropped.
func (l Chain) Take(cc sizeclass.ClassCode, out []unsafe.Pointer, needZero bool, size int) (n int, twice uintptr) {
	for m := uintptr(l); m != 0 && n < len(out); m = magazineAt(m).next {
		for mag := magazineAt(m); mag.n > 0 && n < len(out); {
			run := out[n:min(n+MaxBatch, len(out))]
			k, used := takeRun(raw.Addr(unsafe.Pointer(slotOf(m, mag.n))), cc.Code(), run)
			if mag.n -= uint32(k); k < len(run) && mag.n > 0 {
				mag.n--
				twice = slotOf(m, mag.n).addr
			}
			if needZero {
				Clear(run[:k], used, size)
			}
			n += k
		}
	}
	return n, twice
}

// Clear zeroes the first size bytes of the blocks whose bits in used are set.
func Clear(blocks []unsafe.Pointer, used uint32, size int) {
	for ; used != 0; used &= used - 1 {
		raw.Clear(raw.Addr(blocks[bits.TrailingZeros32(used)]), uintptr(size))
	}
}

// Put frees blocks of class c as ClassCache.PutBatch does, into the magazines, which have no
// blocks. It returns the number of blocks and the sum of their size codes.
func (l Chain) Put(c sizeclass.Class, owner uintptr, blocks []unsafe.Pointer) (n int, codes uint64) {
	for m := uintptr(l); m != 0 && n < len(blocks); m = magazineAt(m).next {
		k, of := putRun(raw.Addr(unsafe.Pointer(slotOf(m, 0))), c, owner, blocks[n:])
		magazineAt(m).n = uint32(k)
		codes += uint64(of)
		if n += k; uint32(k) < magazineAt(m).room {
			break
		}
	}
	return n, codes
}
