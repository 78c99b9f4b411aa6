// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"testing"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/smallheap"
)

// belowLine are sizes whose blocks are smaller than a cache line.
var belowLine = []int{1, 16, 17, 32, 48}

// TestForeignBlocksWait: if a goroutine frees a block that another one allocated, it does not get
// back the block next, beside blocks that the other one still uses in the same cache line.
func TestForeignBlocksWait(t *testing.T) {
	line := func(p unsafe.Pointer) uintptr { return raw.Addr(p) / 64 }
	for _, size := range belowLine {
		a := open(t, still)
		giver, taker := local(t, a), local(t, a)
		var gifts []unsafe.Pointer
		theirs := map[uintptr]bool{}
		for i := range 40 {
			p := alloc(t, giver, size)
			if i%2 == 0 {
				gifts = append(gifts, p)
			} else {
				theirs[line(p)] = true
			}
		}
		taker.Free(alloc(t, taker, size)) // taker has magazines
		for i, p := range gifts {
			taker.Free(p)
			q := alloc(t, taker, size)
			if theirs[line(q)] {
				t.Errorf("%d B: after %d foreign blocks were freed, the next one shares a cache line with a block of the other goroutine", size, i+1)
				break
			}
		}
	}
}

// TestFreedBlocksAreTakenOver: a program that frees and allocates in turn uses its cache alone,
// also for blocks that are smaller than a cache line, and also if what it frees at a time is more
// than a magazine.
func TestFreedBlocksAreTakenOver(t *testing.T) {
	for _, size := range belowLine {
		for _, batch := range []int{1, 50, smallheap.MaxSlots * 3 / 2} {
			a := open(t, still)
			l := local(t, a)
			live := make([]unsafe.Pointer, batch)
			exchanges := func() int64 { return a.Stats().Classes[sizeclass.Of(size)].Exchanges }
			var before int64
			for round := range 20 + 10_000/batch {
				if round == 20 {
					before = exchanges()
				}
				for _, p := range live {
					l.Free(p)
				}
				for i := range live {
					live[i] = alloc(t, l, size)
				}
			}
			if n := exchanges() - before; n != 0 {
				t.Errorf("%d B, %d at a time: %d magazines were exchanged with the depot", size, batch, n)
			}
		}
	}
}

// TestOwnBlocksAtTheLimit: at the limit, each block that was freed can be allocated again, however
// few they are.
func TestOwnBlocksAtTheLimit(t *testing.T) {
	for _, size := range belowLine {
		a := open(t, Options{Decay: -1, Limit: 1 << 20})
		l := local(t, a)
		var live []unsafe.Pointer
		for p, err := l.Malloc(size); err == nil; p, err = l.Malloc(size) {
			live = append(live, p)
		}
		for n := range 4 {
			for range n {
				l.Free(live[len(live)-1])
				live = live[:len(live)-1]
			}
			for range n {
				live = append(live, alloc(t, l, size))
			}
		}
	}
}
