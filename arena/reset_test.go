// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"errors"
	"runtime"
	"testing"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/internal/invariants"
	"github.com/ashlar-go/ashlar/internal/raw"
)

// request does the allocations of a server's request: 100 of 16 B to 4 KiB.
func request(t testing.TB, a *Arena) {
	for i := range 100 {
		size := 16 << (i % 9)
		if b := MakeSlice[byte](a, size, size); b[0]|b[size-1] != 0 {
			t.Error("not zero")
		} else {
			b[0], b[size-1] = 1, 1
		}
	}
}

// TestRequestLoop: in the steady state a request costs no Go allocation and no kernel call.
func TestRequestLoop(t *testing.T) {
	if invariants.Enabled {
		t.Skip("checking invariants costs what this counts")
	}
	for _, o := range []Options{{}, {Concurrent: true, InitialSize: 1 << 20}} {
		o.Allocator = host(t)
		a := open(t, o)
		for range 100 { // so that every processor has its caches
			request(t, a)
			a.Reset()
		}
		before := numbers(o.Allocator).Kernel
		if n := testing.AllocsPerRun(1000, func() {
			request(t, a)
			a.Reset()
		}); n != 0 {
			t.Errorf("concurrent %v: %v Go allocations a request", o.Concurrent, n)
		}
		if after := numbers(o.Allocator).Kernel; after != before {
			t.Errorf("concurrent %v: kernel calls: before %+v, after %+v", o.Concurrent, before, after)
		}
	}
}

// TestArenaPerRequest: a new arena for each request costs no kernel call either.
func TestArenaPerRequest(t *testing.T) {
	h := host(t)
	serve := func() {
		a, err := NewArenaWithOptions(Options{Allocator: h})
		if err != nil {
			t.Fatal(err)
		}
		request(t, a)
		a.Free()
	}
	for range 100 { // so that every processor has a cache
		serve()
	}
	before := numbers(h).Kernel
	for range 1000 {
		serve()
	}
	after := numbers(h).Kernel
	if after.Mmap != before.Mmap || after.Munmap != before.Munmap || after.Madvise != before.Madvise || after.Mremap != before.Mremap {
		t.Errorf("kernel calls: before %+v, after %+v", before, after)
	}
}

// TestResetKeeps: Reset keeps the chunks that recent rounds used, and releases the others.
func TestResetKeeps(t *testing.T) {
	a := open(t, Options{})
	use := func(n int) {
		for range n {
			New[[1000]byte](a)[999] = 1
		}
		a.Reset()
		checkArena(t, a)
	}
	use(20_000)
	reserved := a.Stats().Reserved
	if reserved < 20_000_000 {
		t.Fatalf("%d bytes are reserved after a round of 20 MB", reserved)
	}
	use(20_000)
	if s := a.Stats(); s.Reserved != reserved || s.Used != 0 || s.Free != reserved || s.Resets != 2 {
		t.Errorf("after the same round again: %+v; want %d bytes reserved and free", s, reserved)
	}
	last := reserved
	for range 60 {
		use(20)
		now := a.Stats().Reserved
		if now > last {
			t.Fatalf("a small round reserves more: %d bytes after %d", now, last)
		}
		last = now
	}
	if last > 128<<10 {
		t.Errorf("%d bytes are reserved after 60 rounds of 20 KB", last)
	}
	if s := a.Stats(); s.HighWater < 20_000_000 {
		t.Errorf("the high-water mark is %d", s.HighWater)
	}
}

// TestStats: the numbers add up, in the arena and in the allocator's snapshot.
func TestStats(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			h := host(t)
			k.options.Allocator, k.options.Name = h, "counted"
			a := open(t, k.options)
			open(t, Options{Allocator: h})
			const n = 5000
			for range n {
				New[[10]int64](a)
			}
			MakeSlice[byte](a, 3<<20, 3<<20)
			s := numbers(h)
			if len(s.Arenas) != 2 || s.Arenas[0] != a.Stats() {
				t.Fatalf("the snapshot has %+v, the arena says %+v", s.Arenas, a.Stats())
			}
			got := s.Arenas[0]
			size := int64(max(80, (80+a.mask)&^a.mask))
			used := n*size + 3<<20
			if got.Used < used || got.Used > used+int64(1+len(a.lanes))<<16 {
				t.Errorf("used %d, allocated %d", got.Used, used)
			}
			if got.Used+got.Free+got.Waste != got.Reserved || got.Waste < 0 || got.Free < 0 || got.HighWater != got.Used {
				t.Errorf("the numbers do not add up: %+v", got)
			}
			if got.Name != "counted" || got.Concurrent != k.options.Concurrent || got.Chunks == 0 {
				t.Errorf("%+v", got)
			}
			wantWords(t, errorString(got.Made), "arena.open", "testing_test.go:")
			wantWords(t, errorString(s.String()), "counted")
			a.Reset()
			if got := a.Stats(); got.Used != 0 || got.Resets != 1 || got.HighWater < used {
				t.Errorf("after Reset: %+v", got)
			}
		})
	}
}

// TestWaste: bytes skipped for alignment and unused tails of chunks count as waste.
func TestWaste(t *testing.T) {
	a := open(t, Options{InitialSize: 32 << 10, MaxChunk: 32 << 10})
	alloc := func(size, align int) uintptr {
		p, err := a.Alloc(size, align)
		if err != nil {
			t.Fatal(err)
		}
		return raw.Addr(p)
	}
	end := alloc(104, 8) + 104
	skipped := int64(alloc(4000, 2048) - end)
	if s := a.Stats(); s.Waste != skipped || s.Used != 104+4000 {
		t.Errorf("skipped %d bytes: %+v", skipped, s)
	}
	for a.Stats().Chunks == 1 {
		alloc(2000, 8)
	}
	if s := a.Stats(); s.Waste <= skipped || s.Used+s.Free+s.Waste != s.Reserved {
		t.Errorf("after the end of a chunk: %+v", s)
	}
}

type errorString string

func (s errorString) Error() string { return string(s) }

// TestArenasCome: the snapshot lists an arena from its creation until Free.
func TestArenasCome(t *testing.T) {
	h := host(t)
	var arenas []*Arena
	ids := func() (ids []int64) {
		for _, s := range numbers(h).Arenas {
			ids = append(ids, s.ID)
		}
		return ids
	}
	for range 10 {
		a, err := NewArenaWithOptions(Options{Allocator: h})
		if err != nil {
			t.Fatal(err)
		}
		arenas = append(arenas, a)
	}
	for n := 10; n > 0; n-- {
		if got := ids(); len(got) != n {
			t.Fatalf("%d arenas are listed, there are %d", len(got), n)
		}
		i := n * 7 % 10 % len(arenas)
		gone := arenas[i].core.id
		arenas[i].Free()
		arenas = append(arenas[:i], arenas[i+1:]...)
		for _, id := range ids() {
			if id == gone {
				t.Fatal("an arena that was freed is listed")
			}
		}
	}
}

// TestAfterFree: each use of an arena after Free panics with the reason.
func TestAfterFree(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			k.options.Name = "gone"
			a := open(t, k.options)
			New[int](a)
			NewLinked[*int](a)
			a.Free()
			for name, f := range map[string]func(){
				"New":             func() { New[int](a) },
				"MakeSlice":       func() { MakeSlice[int](a, 1, 1) },
				"Append":          func() { Append(a, nil, 1) },
				"CloneString":     func() { CloneString(a, "text") },
				"NewLinked":       func() { NewLinked[*int](a) },
				"MakeLinkedSlice": func() { MakeLinkedSlice[*int](a, 1, 1) },
				"Alloc":           func() { _, _ = a.Alloc(1, 1) },
				"Reset":           func() { a.Reset() },
				"Free":            func() { a.Free() },
				"Audit":           func() { _ = a.Audit() },
			} {
				t.Run(name, func(t *testing.T) { wantMisuse(t, f, `arena "gone" was freed`) })
			}
		})
	}
}

// TestDropped: an arena that the program dropped is freed and reported.
func TestDropped(t *testing.T) {
	h := host(t)
	reports := make(chan Dropped, 2)
	func() {
		for range 2 {
			a, err := NewArenaWithOptions(Options{Allocator: h, Name: "forgotten", OnDrop: func(d Dropped) { reports <- d }})
			if err != nil {
				t.Fatal(err)
			}
			MakeSlice[byte](a, 1<<20, 1<<20)
			NewLinked[*int](a)
		}
	}()
	if !eventually(func() bool {
		runtime.GC()
		return len(numbers(h).Arenas) == 0
	}) {
		t.Fatal("the arenas are still there")
	}
	s := numbers(h)
	for range 2 {
		d := <-reports
		if d.Name != "forgotten" || d.Reserved < 1<<20 {
			t.Errorf("%+v", d)
		}
		wantWords(t, errorString(d.Made), "TestDropped", "reset_test.go:")
	}
	if len(s.Dropped) != 1 || s.Dropped[0].Arenas != 2 || s.Dropped[0].Bytes < 2<<20 {
		t.Errorf("dropped: %+v", s.Dropped)
	}
	wantWords(t, errorString(s.String()), "2 arenas with", "were dropped without Free", "made at", "TestDropped")
	if n := s.Live(); n != 0 {
		t.Errorf("%d blocks are still live", n)
	}
}

// TestAllocatorClosed: after the allocator was closed, its arenas can only be freed.
func TestAllocatorClosed(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			h, err := alloc.NewAllocator(alloc.Options{Decay: -1})
			if err != nil {
				t.Fatal(err)
			}
			k.options.Allocator = h
			a, err := NewArenaWithOptions(k.options)
			if err != nil {
				t.Fatal(err)
			}
			p := New[point](a)
			NewLinked[*int](a)
			a.Reset()
			New[point](a)
			if err := h.Close(); err != nil {
				t.Fatal(err)
			}
			if arenaMemory.contains(addr(p)) {
				t.Error("released memory is attributed to an arena")
			}
			if _, err := a.Alloc(64<<10, 8); err == nil {
				t.Error("memory of a closed allocator")
			}
			a.Free()
		})
	}
}

// TestHostClosed: after its Allocator was closed an arena returns ErrClosed. Reset and Free
// do nothing.
func TestHostClosed(t *testing.T) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) {
			var host alloc.Allocator
			k.options.Allocator = &host
			a, err := NewArenaWithOptions(k.options)
			if err != nil {
				t.Fatal(err)
			}
			New[int](a)
			NewLinked[*int](a)
			s := Append(a, nil, 1, 2, 3)
			if err := host.Close(); err != nil {
				t.Fatal(err)
			}
			for range 2 {
				if p, err := a.Alloc(8, 8); p != nil || !errors.Is(err, alloc.ErrClosed) {
					t.Errorf("Alloc: %p, %v", p, err)
				}
				for name, f := range map[string]func(){
					"New":             func() { New[int](a) },
					"MakeSlice":       func() { MakeSlice[int](a, 1, 1) },
					"Append":          func() { Append(a, s[:0:0], make([]int, 1000)...) },
					"NewLinked":       func() { NewLinked[*int](a) },
					"MakeLinkedSlice": func() { MakeLinkedSlice[*int](a, 1, 1) },
					"CloneString":     func() { CloneString(a, "text") },
				} {
					if err := panicOf(f); !errors.Is(err, alloc.ErrClosed) {
						t.Errorf("%s: %v", name, err)
					}
				}
				if err := a.Audit(); err != nil {
					t.Errorf("Audit: %v", err)
				}
				a.Reset()
			}
			a.Free()
		})
	}
}
