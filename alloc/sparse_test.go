// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"errors"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/vm"
	"github.com/ashlar-go/ashlar/stats"
)

// holes allocates and fills n blocks of a size, frees all whose number is no multiple of keep, and
// returns the others. Block i was filled with the number i·keep.
func holes(t testing.TB, a *Allocator, m interface {
	Malloc(int) (unsafe.Pointer, error)
	Free(unsafe.Pointer)
}, size, n, keep int) (kept []unsafe.Pointer) {
	t.Helper()
	blocks := make([]unsafe.Pointer, n)
	for i := range blocks {
		blocks[i] = alloc(t, m, size)
		fill(bytesAt(blocks[i], size), i)
	}
	for i, p := range blocks {
		if i%keep == 0 {
			kept = append(kept, p)
		} else {
			m.Free(p)
		}
	}
	return kept
}

// wantKept fails if a block of holes has changed, and frees them.
func wantKept(t testing.TB, a *Allocator, kept []unsafe.Pointer, size, keep int) {
	t.Helper()
	for i, p := range kept {
		if !filled(bytesAt(p, size), i*keep) {
			t.Fatalf("block %d of %d bytes lost its contents", i, size)
		}
		a.Free(p)
	}
}

// TestHolesComeBack: pages on which no block is live go back to the kernel although their spans
// have live blocks, by Trim and with age. The footprint tells so, and the live blocks keep what
// they contain.
func TestHolesComeBack(t *testing.T) {
	for _, how := range []string{"Trim", "age"} {
		for _, c := range []struct{ size, keep int }{
			{8 << 10, 2}, {32 << 10, 2}, {20 << 10, 4}, {60 << 10, 3}, {4 << 10, 4}, {64, 1024}, {6000, 16},
		} {
			a := openOnly(t, still)
			l := a.NewLocal()
			kept := holes(t, a, l, c.size, 8<<20/c.size, c.keep)
			l.Close()
			live := int64(len(kept) * (c.size + 2*int(vm.PageSize())))
			if how == "Trim" {
				a.Trim()
			} else {
				for range 4 {
					tick(a)
				}
			}
			s := a.Stats()
			now := a.space.Footprint.Now()
			if vm.PageSize() <= 4096 && now > live+1<<20 {
				t.Errorf("%s, one of %d blocks of %d bytes live: the footprint is %d bytes for %d", how, c.keep, c.size, now, live)
			}
			if s.Memory.Dirty() != s.Footprint.Now+s.Metadata.Footprint || s.Memory.IdleClean == 0 || s.Memory.IdleClean != sumPurged(&s) {
				t.Errorf("%s, blocks of %d bytes: the fields sum to %d, the footprints are %d and %d; %d bytes are idle and clean, %d in classes",
					how, c.size, s.Memory.Dirty(), s.Footprint.Now, s.Metadata.Footprint, s.Memory.IdleClean, sumPurged(&s))
			}
			check(t, a)
			wantKept(t, a, kept, c.size, c.keep)
			drained(t, a)
			shut(t, a)
		}
	}
}

func sumPurged(s *stats.Snapshot) (n int64) {
	for i := range s.Classes {
		n += s.Classes[i].Purged
	}
	return n
}

// TestHolesAreUsedAgain: blocks in pages that went back are handed out again. They are charged
// again, Calloc zeroes them, and a second Free of one is still reported as such.
func TestHolesAreUsedAgain(t *testing.T) {
	const size, n = 5000, 4000
	a := open(t, still)
	kept := holes(t, a, a, size, n, 5)
	full := a.space.Footprint.Now()
	a.Trim()
	sparse := a.space.Footprint.Now()
	if sparse > full*3/4 {
		t.Fatalf("the footprint fell from %d to %d bytes", full, sparse)
	}
	var again []unsafe.Pointer
	for range n - len(kept) {
		p, err := a.Calloc(1, size)
		again = append(again, must(t, p, err))
		if !zero(bytesAt(p, size)) {
			t.Fatal("Calloc returned a block that is not zero")
		}
		fill(bytesAt(p, size), 1)
	}
	if now := a.space.Footprint.Now(); now < n*size || now > full+1<<20 {
		t.Errorf("with as many blocks as before the footprint is %d bytes, and was %d", now, full)
	}
	check(t, a)
	for _, p := range again {
		a.Free(p)
	}
	a.Trim()
	check(t, a)
	wantMisuse(t, func() { a.Free(again[7]) }, MisuseError{Kind: DoubleFree, Op: "Free", Addr: uintptr(again[7]), Block: uintptr(again[7]), Size: 5120, State: "free"})
	wantKept(t, a, kept, size, 5)
	drained(t, a)
}

// TestHolesAtTheLimit: a block in a page that went back counts for the limit like a new one. At
// the limit, blocks that are in RAM are still found.
func TestHolesAtTheLimit(t *testing.T) {
	const size = 8 << 10
	a := open(t, still)
	kept := holes(t, a, a, size, 2000, 2)
	a.Trim()
	p := alloc(t, a, size)
	a.Free(p)
	limit := a.space.Footprint.Now() + 10*size
	if err := a.SetLimit(limit); err != nil {
		t.Fatal(err)
	}
	var more []unsafe.Pointer
	for {
		p, err := a.Malloc(size)
		if err != nil {
			if !errors.Is(err, ErrLimit) {
				t.Fatal(err)
			}
			break
		}
		fill(bytesAt(p, size), 1)
		more = append(more, p)
	}
	if len(more) < 10 || len(more) > 30 || a.space.Footprint.Now() > limit {
		t.Errorf("%d blocks were allocated, the footprint is %d bytes of %d", len(more), a.space.Footprint.Now(), limit)
	}
	for _, p := range more {
		a.Free(p)
	}
	check(t, a)
	wantKept(t, a, kept, size, 2)
	if err := a.SetLimit(0); err != nil {
		t.Fatal(err)
	}
}

// TestHolesRefused: what the kernel does not take stays charged, and goes later.
func TestHolesRefused(t *testing.T) {
	const size = 16 << 10
	a := open(t, still)
	kept := holes(t, a, a, size, 1000, 2)
	calls := 0
	vm.Inject(func(op vm.Op) error {
		if op != vm.OpPurge {
			return nil
		}
		if calls++; calls%3 == 0 {
			return errInjected
		}
		return nil
	})
	before := a.space.Footprint.Now()
	a.Trim()
	check(t, a)
	if now := a.space.Footprint.Now(); calls < 3 || now >= before {
		t.Errorf("after %d calls the footprint is %d bytes, and was %d", calls, now, before)
	}
	vm.Inject(func(op vm.Op) error {
		if op == vm.OpPurge {
			return errInjected
		}
		return nil
	})
	for _, p := range kept[:len(kept)/2] {
		a.Free(p) // spans of which a part is purged become idle, and the kernel does not take the rest
	}
	a.Trim()
	check(t, a)
	vm.Inject(nil)
	a.Trim()
	if now, live := a.space.Footprint.Now(), int64(len(kept)/2*size); now > live+1<<20 {
		t.Errorf("the footprint is %d bytes for %d", now, live)
	}
	for i, p := range kept[len(kept)/2:] {
		if !filled(bytesAt(p, size), (i+len(kept)/2)*2) {
			t.Fatal("a block lost its contents")
		}
		a.Free(p)
	}
}

// TestHolesRefusedStayCharged: pages that the kernel refuses to take are in RAM, and count.
func TestHolesRefusedStayCharged(t *testing.T) {
	const size, n = 16 << 10, 1000
	a := open(t, still)
	kept := holes(t, a, a, size, n, 2)
	before := a.space.Footprint.Now()
	vm.Inject(func(op vm.Op) error {
		if op == vm.OpPurge {
			return errInjected
		}
		return nil
	})
	a.Trim()
	vm.Inject(nil)
	if now := a.space.Footprint.Now(); now < before {
		t.Errorf("the kernel took nothing, and the footprint fell from %d to %d bytes", before, now)
	}
	check(t, a)
	a.Trim()
	if now := a.space.Footprint.Now(); now > before-n*size/4 {
		t.Errorf("the kernel took the pages, and the footprint is %d bytes, was %d", now, before)
	}
	for _, p := range kept {
		a.Free(p)
	}
}

// TestBlocksGather: where most blocks were freed at random, the live ones gather in few spans as
// the program goes on, and the others go back.
func TestBlocksGather(t *testing.T) {
	a := open(t, still)
	l := local(t, a)
	random := rand.New(rand.NewPCG(1, 2))
	type block struct {
		p       unsafe.Pointer
		size, n int
	}
	blocks := make([]block, 40_000)
	number := 0
	next := func() block {
		number++
		b := block{size: 200 + 300*random.IntN(3), n: number}
		b.p = alloc(t, l, b.size)
		fill(bytesAt(b.p, 20), number)
		return b
	}
	for i := range blocks {
		blocks[i] = next()
	}
	random.Shuffle(len(blocks), func(i, j int) { blocks[i], blocks[j] = blocks[j], blocks[i] })
	free := func(b block) {
		if !filled(bytesAt(b.p, 20), b.n) {
			t.Fatal("a block lost its contents")
		}
		l.Free(b.p)
	}
	kept := len(blocks) / 10
	for _, b := range blocks[kept:] {
		free(b)
	}
	blocks = blocks[:kept]
	spans := func() (n int64) {
		s := a.Stats()
		for i := range s.Classes {
			n += s.Classes[i].Spans
		}
		return n
	}
	a.Trim()
	before := spans()
	for i := range 1_200_000 {
		at := random.IntN(len(blocks))
		free(blocks[at])
		blocks[at] = next()
		if i%100_000 == 0 {
			tick(a)
		}
	}
	if now := spans(); now > before/2 {
		t.Errorf("%d spans are left of %d, for a tenth of the blocks", now, before)
	}
	check(t, a)
	for _, b := range blocks {
		free(b)
	}
}

// TestHolesConcurrent trims while goroutines allocate, check and free blocks.
func TestHolesConcurrent(t *testing.T) {
	a := open(t, still)
	var group sync.WaitGroup
	var done atomic.Int32
	const workers = 4
	for w := range workers {
		group.Add(1)
		go func() {
			defer group.Done()
			defer done.Add(1)
			random := rand.New(rand.NewPCG(uint64(w), 3))
			type block struct {
				p       unsafe.Pointer
				size, n int
			}
			blocks := make([]block, 600)
			for i := range fewer(60_000) {
				b := &blocks[random.IntN(len(blocks))]
				if b.p != nil {
					if !filled(bytesAt(b.p, b.size), b.n) {
						t.Errorf("a block of %d bytes lost its contents", b.size)
						return
					}
					a.Free(b.p)
				}
				*b = block{size: []int{64, 1500, 5000, 9000, 40000}[random.IntN(5)], n: i}
				p, err := a.Malloc(b.size)
				if err != nil {
					t.Error(err)
					return
				}
				b.p = p
				fill(bytesAt(p, b.size), i)
			}
			for _, b := range blocks {
				a.Free(b.p)
			}
		}()
	}
	for done.Load() < workers {
		yield()
		a.Trim()
		tick(a)
	}
	group.Wait()
	drained(t, a)
}
