// SPDX-License-Identifier: Apache-2.0

package suite

import (
	"errors"
	"math/bits"
	"sync"
	"sync/atomic"
	"testing"
	"unsafe"
)

const tiny = 0.002

// heapHandle is a correct allocator. It counts operations, does not clear memory, and uses freed blocks again at
// once.
type heapHandle struct{ heap *heap }

// A heap keeps freed blocks by size. Its mutex guards everything.
type heap struct {
	mutex sync.Mutex
	free  map[int][]unsafe.Pointer
	live  map[unsafe.Pointer]int
	peak  int
	wrong int // frees of blocks that are not live, or with another size
}

func newHeap() *heap {
	return &heap{free: make(map[int][]unsafe.Pointer), live: make(map[unsafe.Pointer]int)}
}

func (h *heap) open() Handle { return heapHandle{h} }

func (w heapHandle) Malloc(size int) unsafe.Pointer {
	h := w.heap
	h.mutex.Lock()
	defer h.mutex.Unlock()
	var p unsafe.Pointer
	if list := h.free[size]; len(list) > 0 {
		p, h.free[size] = list[len(list)-1], list[:len(list)-1]
	} else {
		words := make([]uint64, (size+7)/8)
		p = unsafe.Pointer(unsafe.SliceData(words))
	}
	h.live[p] = size
	h.peak = max(h.peak, len(h.live))
	return p
}

func (w heapHandle) Release(p unsafe.Pointer, size int) {
	h := w.heap
	h.mutex.Lock()
	defer h.mutex.Unlock()
	if h.live[p] != size {
		h.wrong++
		return
	}
	delete(h.live, p)
	h.free[size] = append(h.free[size], p)
}

func (heapHandle) Close() {}

// arena is an Arena on the Go heap, for documents and memtables.
type arena struct{}

func (arena) Node() *Node          { return new(Node) }
func (arena) Tower() *Tower        { return new(Tower) }
func (arena) Links(n int) []*Tower { return make([]*Tower, n) }
func (arena) Bytes(n int) []byte   { return make([]byte, n) }
func (arena) Reset()               {}
func (arena) Close()               {}

func (load *Workload) setup(open func() Handle, goroutines int) Setup {
	s := Setup{Open: open, Goroutines: goroutines, Scale: tiny}
	if load.InArenas {
		s.Arena = func() Arena { return arena{} }
	}
	return s
}

func TestWorkloadsFreeWhatTheyAllocate(t *testing.T) {
	for _, w := range All() {
		for _, goroutines := range w.Goroutines {
			t.Run(w.Name, func(t *testing.T) {
				h := newHeap()
				result, err := w.Run(w.setup(h.open, goroutines))
				if err != nil {
					t.Fatal(err)
				}
				if len(h.live) != 0 || h.wrong != 0 {
					t.Errorf("%d blocks leaked, %d wrong frees", len(h.live), h.wrong)
				}
				if result.Operations < 1 || result.Elapsed <= 0 {
					t.Errorf("no figures: %+v", result)
				}
				if w.MaxLive > 0 && h.peak > w.MaxLive*2 {
					t.Errorf("%d blocks were live, but the bound says about %d", h.peak, w.MaxLive)
				}
			})
		}
	}
}

func TestBlocksFitTheirBound(t *testing.T) {
	for _, w := range All() {
		if w.InArenas {
			continue
		}
		h := newHeap()
		if _, err := w.Run(w.setup(h.open, w.Goroutines[0])); err != nil {
			t.Fatal(err)
		}
		for size := range h.free {
			if size > w.Largest {
				t.Errorf("%s allocates %d bytes, but the bound says at most %d", w.Name, size, w.Largest)
			}
		}
	}
}

func TestPlaysAreTheSame(t *testing.T) {
	for _, w := range All() {
		first, err := w.Run(w.setup(newHeap().open, w.Goroutines[0]))
		if err != nil {
			t.Fatal(err)
		}
		second, err := w.Run(w.setup(newHeap().open, w.Goroutines[0]))
		if err != nil {
			t.Fatal(err)
		}
		if first.Operations != second.Operations {
			t.Errorf("%s has %d operations and then %d", w.Name, first.Operations, second.Operations)
		}
	}
}

// A brokenHandle has one of the faults of an allocator, from time to time.
type brokenHandle struct {
	Handle
	calls *atomic.Int64
	fault func(w Handle, size int) unsafe.Pointer
}

func (b brokenHandle) Malloc(size int) unsafe.Pointer {
	if b.calls.Add(1)%5 == 0 {
		return b.fault(b.Handle, size)
	}
	return b.Handle.Malloc(size)
}

// these faults return a block that does not belong to the caller alone.
func faults() map[string]func(w Handle, size int) unsafe.Pointer {
	var mutex sync.Mutex
	given := make(map[int]unsafe.Pointer)
	return map[string]func(w Handle, size int) unsafe.Pointer{
		"one block for two": func(w Handle, size int) unsafe.Pointer {
			mutex.Lock()
			defer mutex.Unlock()
			size = 1 << bits.Len(uint(size-1))
			if given[size] == nil {
				given[size] = w.Malloc(size)
			}
			return given[size]
		},
		"a block in the middle of another": func(w Handle, size int) unsafe.Pointer {
			mutex.Lock()
			defer mutex.Unlock()
			if given[-1] == nil {
				given[-1] = w.Malloc(64 << 20)
			}
			return unsafe.Add(given[-1], 8)
		},
	}
}

func TestBrokenPeersAreCaught(t *testing.T) {
	if raceDetector {
		t.Skip("goroutines that are given the same block race")
	}
	for _, w := range All() {
		if w.Name == "cache-thrash" || w.Name == "cache-scratch" || w.InArenas || w.MaxLive == 1 {
			continue // too few blocks are live at once
		}
		for name, fault := range faults() {
			t.Run(w.Name+"/"+name, func(t *testing.T) {
				h, calls := newHeap(), new(atomic.Int64)
				open := func() Handle { return brokenHandle{h.open(), calls, fault} }
				setup := w.setup(open, w.Goroutines[len(w.Goroutines)-1])
				if w.Name == "malloc-large" {
					setup.Scale = 0.5 // it has few blocks
				}
				_, err := w.Run(setup)
				var found *Corruption
				if !errors.As(err, &found) {
					t.Errorf("error %v, want a *Corruption", err)
				}
			})
		}
	}
}

// brokenArena writes to the bytes that it returned before.
type brokenArena struct {
	arena
	last *[]byte
}

func (b brokenArena) Bytes(n int) []byte {
	if old := *b.last; len(old) > 0 {
		old[len(old)-1] ^= 0x55
	}
	*b.last = make([]byte, n)
	return *b.last
}

func TestBrokenArenasAreCaught(t *testing.T) {
	for _, w := range All() {
		if !w.InArenas {
			continue
		}
		s := w.setup(nil, 1)
		s.Arena = func() Arena { return brokenArena{last: new([]byte)} }
		var found *Corruption
		if _, err := w.Run(s); !errors.As(err, &found) {
			t.Errorf("%s: error %v, want a *Corruption", w.Name, err)
		}
	}
}

func TestPeakLive(t *testing.T) {
	w, err := Named("window=64/size=131072")
	if err != nil {
		t.Fatal(err)
	}
	result, err := w.Run(w.setup(newHeap().open, 1))
	if err != nil {
		t.Fatal(err)
	}
	if high, low := int64(64*131072), int64(62*131072); result.PeakLive > high || result.PeakLive < low {
		t.Errorf("the peak of live bytes is %d, want %d or a little less", result.PeakLive, high)
	}
}

func TestUnknownWorkload(t *testing.T) {
	if _, err := Named("no such"); err == nil {
		t.Error("no error for an unknown workload")
	}
}

// idleHandle does nothing, so that only the cost of the calls and of the accounting is
// left.
type idleHandle struct{ block unsafe.Pointer }

func (w idleHandle) Malloc(int) unsafe.Pointer   { return w.block }
func (w idleHandle) Release(unsafe.Pointer, int) {}
func (w idleHandle) Close()                      {}

func BenchmarkWorker(b *testing.B) {
	var handle Handle = idleHandle{unsafe.Pointer(new([64]byte))}
	b.Run("calls", func(b *testing.B) {
		for range b.N {
			handle.Release(handle.Malloc(64), 64)
		}
	})
	b.Run("calls, tags and books", func(b *testing.B) {
		h := &worker{team: new(Team), handle: handle}
		for range b.N {
			h.free(h.alloc(64))
		}
	})
}

// TestFill: fill writes all of a block and nothing beside it.
func TestFill(t *testing.T) {
	for size := 1; size <= 70; size++ {
		memory := make([]byte, 96)
		w := &worker{team: new(Team), handle: idleHandle{unsafe.Pointer(&memory[8])}}
		b := w.fill(size)
		for at, got := range memory {
			if inside := at >= 8 && at < 8+size; inside != (got == b.tag) {
				t.Fatalf("byte %d after filling %d from byte 8: %#x, the tag is %#x", at, size, got, b.tag)
			}
		}
	}
}
