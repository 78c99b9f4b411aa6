// SPDX-License-Identifier: Apache-2.0

package web_test

import (
	"math/rand/v2"
	"sync"
	"testing"
	"time"
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/arena"
	"github.com/ashlar-go/ashlar/stats"
)

// A busy is an allocator that is always in use and whose page shows every section. Each
// snapshot does one second's work first, and reports that a second has passed. This is
// necessary because a browser's virtual time runs faster than the clock.
type busy struct {
	*alloc.Allocator
	t      *testing.T
	random *rand.Rand

	mu     sync.Mutex // protects the fields below
	looks  int
	blocks []unsafe.Pointer
}

func newBusy(t *testing.T) *busy {
	t.Helper()
	a, err := alloc.NewAllocator(alloc.Options{Limit: 1 << 30, Decay: -1, ProfileRate: 64 << 10})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.Close() })
	b := &busy{Allocator: a, t: t, random: rand.New(rand.NewPCG(1, 2))}
	b.small(60000)
	for range 300 {
		b.get(10000 + b.random.IntN(100000))
	}
	for range 20 {
		b.get(200000 + b.random.IntN(3000000))
	}
	b.arenas()
	for i, p := range b.blocks { // some ranges completely, most of the others
		if i/5000%3 == 0 || i%10 != 0 && i < 40000 || i%5 == 0 {
			a.Free(p)
		}
	}
	b.blocks = nil
	return b
}

func (b *busy) get(size int) {
	p, err := b.Malloc(size)
	if err != nil {
		b.t.Error(err) // t.Fatal is not allowed here: this may be the server's goroutine
		return
	}
	block := unsafe.Slice((*byte)(p), size)
	for i := 0; i < size; i += 4096 {
		block[i] = 1
	}
	b.blocks = append(b.blocks, p)
}

func (b *busy) small(n int) {
	for range n {
		b.get(16 << b.random.IntN(9) * (8 + b.random.IntN(8)) / 8)
	}
}

func (b *busy) arenas() {
	for _, o := range []arena.Options{{Name: "request"}, {Name: "request"}, {Name: "memtable", InitialSize: 4 << 20, MaxChunk: 4 << 20}, {}} {
		o.Allocator = b.Allocator
		made, err := arena.NewArenaWithOptions(o)
		if err != nil {
			b.t.Fatal(err)
		}
		b.t.Cleanup(made.Free)
		for range 100 {
			if _, err := made.Alloc(b.random.IntN(5000), 8); err != nil {
				b.t.Fatal(err)
			}
		}
	}
}

// Stats does one second's work first: the heap grows for 30 seconds, then everything is
// freed.
func (b *busy) Stats() stats.Snapshot {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.looks++; b.looks%30 == 0 {
		for _, p := range b.blocks {
			b.Free(p)
		}
		b.blocks = b.blocks[:0]
	} else {
		b.small(3000)
	}
	if b.looks%40 == 0 {
		b.Trim()
	}
	s := b.Allocator.Stats()
	s.Time = s.Time.Add(time.Duration(b.looks) * time.Second)
	return s
}
