// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"fmt"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/heapprof"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/vm"
)

func (k *checker) free(_ holder, op operation, addr uintptr) { k.take(op, addr, nil) }

func (k *checker) freeValue(_ holder, addr uintptr, size int, exact bool) {
	k.take(opFree, addr, func(requested uintptr) error {
		if requested == uintptr(size) || !exact && requested > uintptr(size) {
			return nil
		}
		return fmt.Errorf("freed as a value of %s, but %s were requested: it is of another type", bytesOf(size), bytesOf(int(requested)))
	})
}

// take frees the block at addr: it moves the block into the quarantine. If agrees is not nil,
// take calls it with the size of the block. agrees returns an error if the caller of Free expects
// another size. take panics on misuse.
func (k *checker) take(op operation, addr uintptr, agrees func(size uintptr) error) {
	freed := k.a.stack()
	k.mu.Lock()
	err := k.retire(op, addr, freed, agrees)
	if err != nil {
		k.mu.Unlock()
		panic(err)
	}
	k.shrink(op, k.tooMuch)
}

// realloc moves the content of the block at addr to a new block of size bytes, as
// Allocator.copied does, and frees the old block.
func (k *checker) realloc(h holder, op operation, addr, kept uintptr, size int) (unsafe.Pointer, error) {
	k.usable(op, addr) // panics on misuse before realloc changes anything
	to, err := k.a.copied(h, op, 0, 0, kept, size)
	if err != nil {
		return nil, err
	}
	copied := false
	defer func() {
		if !copied { // another goroutine has freed the old block in the meantime
			k.free(h, op, raw.Addr(to))
		}
	}()
	k.take(op, addr, func(usable uintptr) error { // take holds mu: nobody else frees it
		n := min(usable, kept, uintptr(size))
		raw.Copy(raw.Addr(to), addr, n)
		copied = true
		return nil
	})
	return to, nil
}

// retire moves the live block at addr into the quarantine. If the block is misused or damaged,
// retire returns an error and the block stays live. The caller holds mu.
func (k *checker) retire(op operation, addr uintptr, freed heapprof.Stack, agrees func(uintptr) error) error {
	b, err := k.intact(op, addr)
	if err != nil {
		return err
	}
	if agrees != nil {
		if err := agrees(b.size); err != nil {
			return b.misuse(TypeMismatch, op, addr, err.Error())
		}
	}
	b.freed = freed
	k.bury(b)

	n, whole := &k.tally[b.class], b.whole()
	n.live--
	n.requested -= int64(b.size)
	k.live -= whole
	n.quarantined++
	n.quarantinedBytes += whole
	k.held += whole

	at := raw.Addr(unsafe.Pointer(b))
	if k.youngest == 0 {
		k.oldest = at
	} else {
		checkedAt(k.youngest).younger = at
	}
	k.youngest = at
	return nil
}

// bury makes later uses of a freed block detectable. It makes the whole pages of a large object
// inaccessible, so that every use of them faults. It fills all other bytes with freedPattern, so
// that the checker finds writes to them.
func (k *checker) bury(b *checkedBlock) {
	b.state = poisoned
	if base, n := b.pages(); n > 0 && b.class == classLarge {
		if split, err := k.a.space.Guard(base, n); split {
			b.state = fencedApart
		} else if err == nil {
			b.state = fenced
		}
	}
	b.eachPoisoned(func(addr, n uintptr) bool {
		fillWith(&freedPattern, addr, n)
		return true
	})
}

// pages returns the address and the size in bytes of the whole pages inside a block.
func (b *checkedBlock) pages() (base, n uintptr) {
	base = raw.AlignUp(b.Addr, vm.PageSize())
	end := raw.AlignDown(b.Addr+b.size, vm.PageSize())
	return base, max(end, base) - base
}

// eachPoisoned calls f for each range of a quarantined block that is filled with freedPattern.
// It stops when f returns false.
func (b *checkedBlock) eachPoisoned(f func(addr, n uintptr) bool) {
	if b.state == poisoned {
		f(b.Addr, b.size)
		return
	}
	base, n := b.pages()
	if f(b.Addr, base-b.Addr) {
		f(base+n, b.Addr+b.size-base-n)
	}
}

// yield releases all blocks from the quarantine. It reports whether there were any. If the
// program wrote to a freed block, yield releases that block and then panics.
func (k *checker) yield(op operation) (any bool) {
	k.mu.Lock()
	any = k.oldest != 0
	k.shrink(op, func() bool { return k.oldest != 0 })
	return any
}

// tooMuch reports whether the quarantine exceeds its limit and must release its oldest block.
// The youngest block always stays. The caller holds mu.
func (k *checker) tooMuch() bool {
	if k.oldest == k.youngest {
		return false
	}
	if n := k.a.options.Quarantine; n != 0 {
		return k.held > n
	}
	small := k.held - k.tally[classLarge].quarantinedBytes
	return k.held > maxQuarantine || small > max(k.live/quarantineShare, minQuarantine)
}

// shrink releases the oldest blocks from the quarantine while more returns true. It panics if
// the program wrote to a released block after freeing it, or to its redzones. The caller holds
// mu; shrink unlocks it.
func (k *checker) shrink(op operation, more func() bool) {
	for more() {
		inner, damage := k.leave(op)
		k.mu.Unlock()
		if inner == 0 {
			return
		}
		k.unchecked.free((*processors)(k.a), op, inner)
		if damage != nil {
			panic(damage)
		}
		k.mu.Lock()
	}
	k.mu.Unlock()
}

// leave removes the oldest block from the quarantine. It returns the address of the inner block
// and the damage to the block. If the kernel refuses to make the block accessible again, the
// block stays in the quarantine and inner is 0. The caller holds mu.
func (k *checker) leave(op operation) (inner uintptr, damage error) {
	b := checkedAt(k.oldest)
	damage = b.damage(op)
	if b.state != poisoned {
		base, n := b.pages()
		if k.a.space.Unguard(base, n, b.state == fencedApart) != nil {
			return 0, nil
		}
	}
	if k.oldest = b.younger; k.oldest == 0 {
		k.youngest = 0
	}
	n, whole := &k.tally[b.class], b.whole()
	n.quarantined--
	n.quarantinedBytes -= whole
	k.held -= whole
	inner = b.inner()
	k.blocks.Drop(k.blocks.Unlink(b.Addr))
	return inner, damage
}
