package alloc

import (
	"fmt"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/heapprof"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/vm"
	"github.com/ashlar-go/ashlar/sizeclass"
)

// free takes the block at addr back, into the quarantine. agrees, if it is not nil, says
// whether the block's size is what the caller takes it for.
func (k *checker) free(op string, addr uintptr, agrees func(size uintptr) error) {
	freed := k.a.stack()
	k.mu.Lock()
	err := k.retire(op, addr, freed, agrees)
	k.mu.Unlock()
	if err != nil {
		panic(err)
	}
	k.shrink(op, k.most, true)
}

// freeTyped is free for a pointer to a value of size bytes: no block of fewer, nor, if it
// is to be exact, of more.
func (k *checker) freeTyped(p unsafe.Pointer, size int, exact bool) {
	if p == nil {
		return
	}
	k.free("Free", raw.Addr(p), func(asked uintptr) error {
		if asked == uintptr(size) || !exact && asked > uintptr(size) {
			return nil
		}
		return fmt.Errorf("freed as a value of %s, but %s were asked for: it is of another type", bytesOf(size), bytesOf(int(asked)))
	})
}

// retire puts the live block at addr into the quarantine, unless something is wrong with
// it. The caller holds mu.
func (k *checker) retire(op string, addr uintptr, freed heapprof.Stack, agrees func(uintptr) error) error {
	b, err := k.intact(op, addr)
	if err != nil {
		return err
	}
	if agrees != nil {
		if err := agrees(b.size); err != nil {
			return b.misuse(op, addr, err.Error())
		}
	}
	b.freed = freed
	k.bury(b)

	n := &k.counts[b.class]
	n.live--
	n.requested -= int64(b.size)
	n.quarantined++
	n.quarantinedBytes += int64(b.whole)
	k.held += int64(b.whole)
	k.append(b)
	return nil
}

// append makes b the youngest in the quarantine.
func (k *checker) append(b *checkedBlock) {
	at := k.blocks.Find(b.Addr)
	b.younger = 0
	if k.youngest == 0 {
		k.oldest = at
	} else {
		checkedAt(k.youngest).younger = at
	}
	k.youngest = at
}

// bury makes uses of a block's memory show: as faults if it is a large object, else by
// what they leave in the poison.
func (k *checker) bury(b *checkedBlock) {
	b.state = poisoned
	if base, n := b.pages(); n > 0 && b.class == sizeclass.Count {
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

// pages returns the whole pages of a block.
func (b *checkedBlock) pages() (base, n uintptr) {
	base = raw.AlignUp(b.Addr, vm.PageSize())
	end := raw.AlignDown(b.Addr+b.size, vm.PageSize())
	return base, max(end, base) - base
}

// eachPoisoned calls f with what is poisoned of a block in quarantine, piece by piece,
// until it returns false.
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

// shrink lets the oldest blocks leave the quarantine, down to most bytes, but for the
// youngest, if that is to stay. It panics if one was written to; that has left
// nevertheless.
func (k *checker) shrink(op string, most int64, keep bool) {
	if k == nil {
		return
	}
	for {
		k.mu.Lock()
		inner, damage := k.leave(op, most, keep)
		k.mu.Unlock()
		if inner == 0 {
			return
		}
		k.a.freeBlock((*processors)(k.a), op, inner)
		if damage != nil {
			panic(damage)
		}
	}
}

// leave takes the oldest block out of the quarantine, if there is too much in it, and
// returns its inner block, 0 if none leaves, and what is wrong with it. What the kernel
// does not make accessible again stays. The caller holds mu.
func (k *checker) leave(op string, most int64, keep bool) (inner uintptr, damage error) {
	if k.held <= most || k.oldest == 0 || keep && k.oldest == k.youngest {
		return 0, nil
	}
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
	n := &k.counts[b.class]
	n.quarantined--
	n.quarantinedBytes -= int64(b.whole)
	k.held -= int64(b.whole)
	inner = b.inner
	k.blocks.Drop(k.blocks.Unlink(b.Addr))
	return inner, damage
}
