// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"fmt"
	"sync/atomic"
	"unsafe"
)

func init() { register(90, mstress()) }

const (
	mstressScale      = 50
	mstressIterations = 25
	mstressSlots      = 1000
	mstressLargest    = 8 * 64 * 10_000
)

// mstress is mimalloc's stress test: mstress P 50 25. Each thread allocates 100·50·(i mod 8 + 1) blocks of
// 8·2^(0…4) B, and half as many of 8·2^(0…6) B that it retains. 1 % of the blocks are 100 times as large,
// and 1 % of those 1,000 times or, one in ten, 10,000 times. 66 % of the steps free a random block, and 25
// % exchange one with one of 1,000 slots that all threads share. At the end a thread frees all its blocks.
// Threads are recreated 25 times; between two generations half of the slots are freed. All words of a block
// are written and verified. The scale multiplies the 50.
func mstress() *Workload {
	return &Workload{
		Name:       "mstress",
		Goroutines: []int{2},
		Largest:    mstressLargest,
		MaxLive:    100_000,
		Operation:  "block",
		parameters: func(_ int, scale float64) string {
			return fmt.Sprintf("%d blocks and more a goroutine, 8 B–%d KiB, %d times, %d shared slots", 100*scaled(mstressScale, scale), mstressLargest>>10, mstressIterations, mstressSlots)
		},
		prepare: func(t *Team) func() {
			s := make([]atomic.Pointer[uint64], mstressSlots)
			return func() {
				for i := range mstressIterations {
					if i == 0 {
						t.each(func(w *worker) { w.mstress(s, t.rounds(mstressScale)) })
					} else {
						t.each(func(w *worker) { w.inSuccessor(func() { w.mstress(s, t.rounds(mstressScale)) }) })
					}
					t.workers[0].mstressDrop(s, 50)
				}
				t.workers[0].mstressDrop(s, 100)
			}
		},
	}
}

func (w *worker) mstress(shared []atomic.Pointer[uint64], scale int) {
	left := 100 * scale * (w.index%8 + 1)
	retain := left / 2
	var data, retained []*uint64
	for left > 0 || retain > 0 {
		if retain == 0 || left > 0 && w.random.chance(50) {
			left--
			data = append(data, w.words(1<<w.random.below(5)))
		} else {
			retain--
			retained = append(retained, w.words(1<<w.random.below(7)))
		}
		if w.random.chance(66) && len(data) > 0 {
			at := w.random.below(len(data))
			w.freeWords(data[at])
			data[at] = nil
		}
		if w.random.chance(25) && len(data) > 0 {
			at := w.random.below(len(data))
			data[at] = shared[w.random.below(len(shared))].Swap(data[at])
		}
	}
	for _, words := range [][]*uint64{retained, data} {
		for _, p := range words {
			w.freeWords(p)
		}
	}
}

// mstressDrop frees about this percentage of the shared slots.
func (w *worker) mstressDrop(shared []atomic.Pointer[uint64], percent int) {
	for i := range shared {
		if w.random.chance(percent) {
			w.freeWords(shared[i].Swap(nil))
		}
	}
}

// mstressCookie makes words differ from plain numbers.
const mstressCookie = 0xbf58476d1ce4e5b9

// words allocates n words or, at times, many more. The first word holds their number and a tag, so that
// threads can exchange the address alone. The other words depend on both and on their index.
func (w *worker) words(n int) *uint64 {
	if w.random.chance(1) {
		switch {
		case !w.random.chance(1):
			n *= 100
		case !w.random.chance(10):
			n *= 1000
		default:
			n *= 10_000
		}
	}
	p := (*uint64)(w.handle.Malloc(8 * n))
	first := uint64(w.nextTag())<<32 | uint64(n)
	for i := range n {
		*word(p, i) = (first - uint64(i)) ^ mstressCookie
	}
	w.account(8 * n)
	w.ops++
	return p
}

func (w *worker) freeWords(p *uint64) {
	if p == nil {
		return
	}
	first := *p ^ mstressCookie
	n := int(uint32(first))
	if n < 1 || n > mstressLargest/8 {
		w.team.corrupted(&Corruption{uintptr(unsafe.Pointer(p)), 8, 0, byte(*p)})
		return
	}
	for i := range n {
		if want := (first - uint64(i)) ^ mstressCookie; *word(p, i) != want {
			w.team.corrupted(&Corruption{uintptr(unsafe.Pointer(p)), 8 * n, byte(want), byte(*word(p, i))})
			break
		}
	}
	*p = 0 // a block that was given out twice is then found when it is freed again
	w.handle.Release(unsafe.Pointer(p), 8*n)
	w.account(-8 * n)
}

// word is the i-th of the words at p.
func word(p *uint64, i int) *uint64 { return (*uint64)(unsafe.Add(unsafe.Pointer(p), 8*i)) }
