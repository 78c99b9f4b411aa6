// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/stats/heaptrace"
)

// batchModes are the ways in which an Allocator serves batches.
var batchModes = map[string]Options{
	"plain": still, "checked": strict, "guarded": guardAll,
	"sampled":  {Decay: -1, ProfileRate: 300},
	"hardened": {Decay: -1, Hardening: Hardening{ZeroOnFree: true, RandomOrder: true}},
}

// liveIn returns how many blocks the statistics count as live.
func liveIn(a *Allocator) int64 {
	s := a.Stats()
	return s.Live()
}

// batchers calls f with an Allocator, a Local and a Tag.
func batchers(t *testing.T, o Options, f func(t *testing.T, a *Allocator, m batcher)) {
	a := open(t, o)
	for _, m := range []batcher{a, local(t, a), a.Tag("batches")} {
		t.Run(strings.TrimPrefix(fmt.Sprintf("%T", m), "*alloc."), func(t *testing.T) { f(t, a, m) })
	}
}

// TestBatch: batches of every length have distinct blocks of the requested size, zeroed if
// zeroes were requested. They are freed in any order, together with blocks of other sizes.
func TestBatch(t *testing.T) {
	for mode, o := range batchModes {
		t.Run(mode, func(t *testing.T) {
			batchers(t, o, func(t *testing.T, a *Allocator, m batcher) {
				random := rand.New(rand.NewPCG(1, 2))
				for range 2 { // blocks that were used, the second time
					var all []unsafe.Pointer
					for _, size := range []int{0, 1, 64, 1000, 4000, 16 << 10, 100_000, 200_000} {
						for _, n := range []int{0, 1, 3, 31, 32, 33, 300} {
							if n*size > fewer(2<<20) {
								continue
							}
							all = append(all, nil)
							all = append(all, batchOf(t, m, size, n, len(all)%2 == 0)...)
						}
					}
					random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
					m.FreeBatch(all)
					if n := liveIn(a); n != 0 {
						t.Fatalf("%d blocks are live at the end", n)
					}
				}
			})
		})
	}
}

// old is what blocks hold when they are freed.
var old = bytes.Repeat([]byte{0xaa}, 300_000)

// batchOf allocates a batch and writes to all bytes of the blocks.
func batchOf(t *testing.T, m batcher, size, n int, needZero bool) []unsafe.Pointer {
	t.Helper()
	blocks := make([]unsafe.Pointer, n)
	allocate := m.MallocBatch
	if needZero {
		allocate = m.CallocBatch
	}
	if got, err := allocate(size, blocks); err != nil || got != n {
		t.Fatalf("a batch of %d blocks of %d bytes: %d, %v", n, size, got, err)
	}
	for _, p := range blocks {
		if UsableSize(p) < size {
			t.Fatalf("a block of %d bytes has %d usable", size, UsableSize(p))
		}
		if needZero && bytes.Count(bytesAt(p, size), []byte{0}) != size {
			t.Fatalf("a block of %d bytes is not zero", size)
		}
		copy(bytesAt(p, size), old)
	}
	return blocks
}

// TestBatchStaysInCache: batches that are longer than two magazines take no magazines from the depot once
// these have grown.
func TestBatchStaysInCache(t *testing.T) {
	const size, rounds = 16 << 10, 20_000
	a := open(t, still)
	l := local(t, a)
	blocks := make([]unsafe.Pointer, 32)
	exchanges := func(rounds int) (n int64) {
		before := a.Stats()
		for range rounds {
			if n, err := l.MallocBatch(size, blocks); n != len(blocks) || err != nil {
				t.Fatal(n, err)
			}
			l.FreeBatch(blocks)
		}
		after := a.Stats()
		for i := range after.Classes {
			n += after.Classes[i].Exchanges - before.Classes[i].Exchanges
		}
		return n
	}
	if n := exchanges(rounds); n == 0 {
		t.Error("the first batches come from nowhere")
	}
	if n := exchanges(100); n != 0 {
		t.Errorf("%d magazines were exchanged for 100 batches of a busy class", n)
	}
}

// TestBatchAddresses: the blocks of batches do not overlap, in whatever order batches and single
// blocks are freed.
func TestBatchAddresses(t *testing.T) {
	batchers(t, still, func(t *testing.T, a *Allocator, m batcher) {
		random := rand.New(rand.NewPCG(3, 4))
		live := map[unsafe.Pointer]bool{}
		for range fewer(300) {
			size := []int{16, 100, 5000, 20 << 10}[random.IntN(4)]
			blocks := make([]unsafe.Pointer, random.IntN(100))
			if n, err := m.MallocBatch(size, blocks); n != len(blocks) || err != nil {
				t.Fatal(n, err)
			}
			for _, p := range blocks {
				if live[p] {
					t.Fatalf("%p was handed out twice", p)
				}
				live[p] = true
			}
			var dead []unsafe.Pointer
			for p := range live {
				if len(dead) == random.IntN(100) {
					break
				}
				dead = append(dead, p)
				delete(live, p)
			}
			m.FreeBatch(dead)
			if n := liveIn(a); n != int64(len(live)) {
				t.Fatalf("%d blocks are live, the statistics have %d", len(live), n)
			}
		}
		for p := range live {
			m.(Memory).Free(p)
		}
	})
}

// TestBatchMisuse: a misuse in the middle of a batch is reported with its index. The blocks
// before it are freed then, and those after it are live.
func TestBatchMisuse(t *testing.T) {
	for mode, o := range modes {
		t.Run(mode, func(t *testing.T) {
			batchers(t, o, func(t *testing.T, a *Allocator, m batcher) {
				for _, size := range []int{64, 16 << 10, 300_000} {
					for _, at := range []int{0, 1, 7, 19} {
						for name, bad := range map[string]func(blocks []unsafe.Pointer) unsafe.Pointer{
							"a free block": func([]unsafe.Pointer) unsafe.Pointer {
								p := alloc(t, a, size)
								a.Free(p)
								return p
							},
							"inside a block": func(blocks []unsafe.Pointer) unsafe.Pointer { return unsafe.Add(blocks[at+1], 8) },
							"twice":          func(blocks []unsafe.Pointer) unsafe.Pointer { return blocks[max(at-1, 0)] },
							"Go memory":      func([]unsafe.Pointer) unsafe.Pointer { return unsafe.Pointer(new([64]byte)) },
						} {
							if name == "twice" && at == 0 {
								continue
							}
							blocks := batchOf(t, m, size, 21, false)
							lost := blocks[at]
							blocks[at] = bad(blocks)
							e, ok := panicOf(func() { m.FreeBatch(blocks) }).(*MisuseError)
							if !ok || e.Batch != 21 || e.Index != at || e.Addr != uintptr(blocks[at]) {
								t.Fatalf("%s, index %d: %+v", name, at, e)
							}
							if want := fmt.Sprintf("index %d in a batch of 21", at); !strings.Contains(e.Error(), want) {
								t.Errorf("the text does not say %q: %v", want, e)
							}
							if n := liveIn(a); n != int64(21-at) {
								t.Fatalf("%s, index %d: %d blocks are live, want %d", name, at, n, 21-at)
							}
							blocks[at] = lost
							m.FreeBatch(blocks[at:])
						}
					}
				}
			})
		})
	}
}

// TestBatchOutOfMemory: a batch for which memory does not suffice says how many blocks it has,
// and no block is lost.
func TestBatchOutOfMemory(t *testing.T) {
	for mode, o := range map[string]Options{"plain": still, "checked": strict} {
		o.Limit = 4 << 20
		t.Run(mode, func(t *testing.T) {
			batchers(t, o, func(t *testing.T, a *Allocator, m batcher) {
				for _, size := range []int{200, 16 << 10, 200_000} {
					blocks := make([]unsafe.Pointer, 8<<20/size)
					mark := unsafe.Pointer(&blocks[0])
					for i := range blocks {
						blocks[i] = mark
					}
					n, err := m.MallocBatch(size, blocks)
					if !errors.Is(err, ErrLimit) || n == 0 || n == len(blocks) {
						t.Fatalf("%d blocks of %d bytes, %v", n, size, err)
					}
					for i, p := range blocks {
						if (p == mark) != (i >= n) {
							t.Fatalf("%d blocks were allocated, but element %d is %p", n, i, p)
						}
					}
					if live := liveIn(a); live != int64(n) {
						t.Errorf("%d blocks are live, want %d", live, n)
					}
					m.FreeBatch(blocks[:n])
					a.Trim()
				}
				if n, err := m.MallocBatch(-1, make([]unsafe.Pointer, 3)); n != 0 || !errors.Is(err, ErrInvalidSize) {
					t.Errorf("size −1: %d, %v", n, err)
				}
			})
		})
	}
}

// TestBatchSampled: blocks of batches are sampled as others are, wherever they come from.
func TestBatchSampled(t *testing.T) {
	const n, size, rate = 30_000, 4000, 10_000 // some 1,500 samples
	a := open(t, Options{Decay: -1, ProfileRate: rate})
	blocks := make([]unsafe.Pointer, 100)
	for range n / len(blocks) {
		Must(a.MallocBatch(size, blocks))
		a.FreeBatch(blocks)
	}
	class := int64(GoodSize(size))
	if got := inUse(heapProfileOf(t, a), 0)[class]; got < 0.8*n || got > 1.2*n {
		t.Errorf("the profile estimates %v blocks of %d", got, n)
	}
	s := a.Stats()
	for _, c := range s.Classes {
		if int64(c.Size) == class && (c.Allocs != n || c.Live != 0 || c.Requested != 0) {
			t.Errorf("%d allocations, %d live, %d bytes", c.Allocs, c.Live, c.Requested)
		}
	}
}

// TestBatchTrace: a trace has each block of a batch.
func TestBatchTrace(t *testing.T) {
	batchers(t, still, func(t *testing.T, a *Allocator, m batcher) {
		stop := startTrace(t, a)
		a.Trim() // a Local that was used before forgets what it has counted down
		blocks := batchOf(t, m, 100, 50, true)
		m.FreeBatch(blocks)
		var l heaptrace.Live
		events := stop()
		followAll(t, &l, events)
		if len(events) != 100 || l.Objects() != 0 || l.Unknown != 0 || events[0].Op != heaptrace.Calloc {
			t.Errorf("%d events, %d live, %d unknown", len(events), l.Objects(), l.Unknown)
		}
	})
}

// TestBatchConcurrent: goroutines hand batches to each other while memory is trimmed.
func TestBatchConcurrent(t *testing.T) {
	a := open(t, Options{Decay: -1, ProfileRate: 100_000})
	handed := make(chan []unsafe.Pointer, 4)
	var wg sync.WaitGroup
	for g := range 4 {
		wg.Go(func() {
			random := rand.New(rand.NewPCG(uint64(g), 5))
			var m batcher = a
			if g%2 == 1 {
				l := a.NewLocal()
				defer l.Close()
				m = l
			}
			for range fewer(2000) {
				size := 16 << random.IntN(12)
				blocks := make([]unsafe.Pointer, 1+random.IntN(64))
				if _, err := m.MallocBatch(size, blocks); err != nil {
					t.Error(err)
				}
				for _, p := range blocks {
					*(*uint64)(p) = uint64(uintptr(p))
				}
				select {
				case handed <- blocks:
					blocks = <-handed
				default:
				}
				for _, p := range blocks {
					if *(*uint64)(p) != uint64(uintptr(p)) {
						t.Errorf("a block was overwritten")
					}
				}
				m.FreeBatch(blocks)
				if random.IntN(200) == 0 {
					a.Trim()
				}
			}
		})
	}
	wg.Wait()
	close(handed)
	for blocks := range handed {
		a.FreeBatch(blocks)
	}
	if n := liveIn(a); n != 0 {
		t.Errorf("%d blocks are live at the end", n)
	}
}

// TestBatchZeroValue: a batch may be the first use of an Allocator.
func TestBatchZeroValue(t *testing.T) {
	a := new(Allocator)
	blocks := batchOf(t, a, 20<<10, 50, true)
	a.FreeBatch(blocks)
	if err := a.Close(); err != nil {
		t.Error(err)
	}
	if e, ok := panicOf(func() { new(Allocator).FreeBatch(blocks) }).(*MisuseError); !ok || e.Index != 0 {
		t.Errorf("%+v", e)
	}
}

// TestBatchClosed: batches of a closed Allocator fail as single blocks do.
func TestBatchClosed(t *testing.T) {
	a := openOnly(t, still)
	blocks := batchOf(t, a, 64, 10, false)
	shut(t, a)
	if n, err := a.MallocBatch(64, make([]unsafe.Pointer, 5)); n != 0 || !errors.Is(err, ErrClosed) {
		t.Errorf("%d, %v", n, err)
	}
	if e, ok := panicOf(func() { a.FreeBatch(blocks) }).(*MisuseError); !ok || e.Kind != UseAfterClose || e.Index != 0 || e.Batch != 10 {
		t.Errorf("%+v", e)
	}
}

// TestBatchSparse: batches in a class most of whose blocks are idle take whole magazines, which are short
// there, and no block is lost or handed out twice.
func TestBatchSparse(t *testing.T) {
	a := open(t, still)
	kept := map[unsafe.Pointer]bool{}
	all := make([]unsafe.Pointer, 100_000)
	if _, err := a.MallocBatch(64, all); err != nil {
		t.Fatal(err)
	}
	for i, p := range all {
		if i%4 == 0 {
			kept[p] = true
		} else {
			a.Free(p)
		}
	}
	c := sizeclass.Of(64)
	if room := a.depots[c].BatchRoom(c); room >= a.depots[c].Room(c) {
		t.Errorf("magazines for batches of a sparse class have room for %d blocks", room)
	}
	batch := make([]unsafe.Pointer, 1000)
	for range 50 {
		if _, err := a.MallocBatch(64, batch); err != nil {
			t.Fatal(err)
		}
		seen := map[unsafe.Pointer]bool{}
		for _, p := range batch {
			if seen[p] || kept[p] {
				t.Fatalf("the block at %p was handed out twice", p)
			}
			seen[p] = true
		}
		a.FreeBatch(batch)
	}
	if err := a.checkInvariants(); err != nil {
		t.Fatal(err)
	}
	if live := liveIn(a); live != int64(len(kept)) {
		t.Errorf("%d blocks are live, want %d", live, len(kept))
	}
	if _, err := a.MallocBatch(64, make([]unsafe.Pointer, 100_000)); err != nil {
		t.Fatal(err)
	}
	if room := a.depots[c].BatchRoom(c); room < a.depots[c].Room(c) {
		t.Errorf("magazines for batches of a dense class have room for %d blocks", room)
	}
}
