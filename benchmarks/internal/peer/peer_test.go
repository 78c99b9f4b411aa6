// SPDX-License-Identifier: Apache-2.0

package peer

import (
	"fmt"
	"slices"
	"testing"
	"unsafe"
)

// allocating lists the peers that allocate blocks.
func allocating() []Kind {
	return having(func(k Kind) bool { return k.Open != nil && k.Name != Loop && k.Name != Cgo })
}

func TestKinds(t *testing.T) {
	names := func(kinds []Kind) []string {
		var names []string
		for _, k := range kinds {
			if k.About == "" || k.Open == nil && k.Arenas == nil && k.Buffer == nil {
				t.Errorf("%s does not say what it is, or opens nothing", k.Name)
			}
			names = append(names, k.Name)
		}
		return names
	}
	for use, want := range map[Use][]string{
		Single:   {Ashlar, AshlarLocal, Modernc, Make, Pool, Naive, Loop},
		Parallel: {Ashlar, AshlarLocal, ModerncMutex, Make, Pool},
		Remote:   {Ashlar, AshlarLocal, ModerncMutex, Make, Pool, Loop},
		Live:     {Ashlar, Modernc, Make},
		Suite:    {Ashlar, AshlarLocal, Modernc, ModerncMutex, Make, Pools, Chunks, Naive},
	} {
		if MapSupported {
			expectOrder(t, names(For(use)), want)
		}
	}
	expectOrder(t, names(WithBuffers()), []string{Ashlar, Modernc, Append, MakeCopy})
	expectOrder(t, names(WithArenas()), []string{AshlarArena, Make, Nuke})
	if !IsOurs(Ashlar) || !IsOurs(AshlarArena) || IsOurs(Make) || IsOurs("C:libc") {
		t.Error("ashlar is not distinguished from its peers")
	}
	if _, err := Named("no such"); err == nil {
		t.Error("no error for a peer that does not exist")
	}
}

// expectOrder requires that the names are in the list, in their order. Other names may be
// between them.
func expectOrder(t *testing.T, list, some []string) {
	t.Helper()
	rest := list
	for _, name := range some {
		at := slices.Index(rest, name)
		if at < 0 {
			t.Errorf("%s is missing or out of order in %v", name, list)
			return
		}
		rest = rest[at+1:]
	}
}

func TestFits(t *testing.T) {
	tests := []struct {
		name                      string
		goroutines, live, largest int
		want                      bool
	}{
		{Modernc, 1, 10, 64, true},
		{Modernc, 2, 10, 64, false},
		{ModerncMutex, 1, 10, 64, false},
		{ModerncMutex, 2, 10, 64, true},
		{Naive, 1, 2000, 64 << 10, true},
		{Naive, 1, 2001, 64 << 10, false},
		{Naive, 1, 10, 64<<10 - 1, false},
		{Chunks, 1, 10, chunkSize, true},
		{Chunks, 1, 10, chunkSize + 1, false},
	}
	for _, test := range tests {
		kind, err := Named(test.name)
		if err != nil {
			t.Fatal(err)
		}
		if got := kind.Fits(test.goroutines, test.live, test.largest); got != test.want {
			t.Errorf("%+v: %v", test, got)
		}
	}
}

func TestPeersKeepDifferentBlocks(t *testing.T) {
	for _, kind := range allocating() {
		for _, size := range []int{64, 128 << 10} {
			if kind.MaxBlock > 0 && kind.MaxBlock < size {
				continue
			}
			t.Run(fmt.Sprintf("%s/size=%d", kind.Name, size), func(t *testing.T) {
				p := kind.Open()
				h := p.Handle()
				r := NewRing(h, size)
				h.Pair(r, size, 3*Window+1)
				expectApart(t, r.Blocks[:], size)
				r.Drain(h, size)
				h.Close()
				p.Trim()
				p.Close()
			})
		}
	}
}

// expectApart writes to both ends of all blocks, and then checks them.
func expectApart(t *testing.T, blocks []unsafe.Pointer, size int) {
	t.Helper()
	for i, block := range blocks {
		*(*byte)(block), *(*byte)(unsafe.Add(block, size-1)) = byte(i), byte(i)
	}
	for i, block := range blocks {
		if *(*byte)(block) != byte(i) || *(*byte)(unsafe.Add(block, size-1)) != byte(i) {
			t.Errorf("block %d overlaps another one", i)
		}
	}
}

func TestBuffersKeepTheirBytes(t *testing.T) {
	for _, kind := range WithBuffers() {
		t.Run(kind.Name, func(t *testing.T) {
			b := kind.Buffer()
			defer b.Close()
			part, old := byte(0), 0
			for size := 1 << 20; size <= 8<<20; size *= 2 {
				part++
				fresh := b.Grow(size)[old:]
				fresh[0], fresh[len(fresh)-1] = part, part
				old = size
			}
			bytes := b.Grow(16 << 20)
			for size, part := 1<<20, byte(1); size <= 8<<20; size, part = size*2, part+1 {
				if bytes[size-1] != part {
					t.Errorf("byte %d is %d, want %d", size-1, bytes[size-1], part)
				}
			}
		})
	}
}

func TestRandomOrderIsAPermutation(t *testing.T) {
	const n = 1000
	order := InRandomOrder(n)
	seen := make(map[int32]bool)
	moved := 0
	for i, index := range order {
		seen[index] = true
		if int32(i) != index {
			moved++
		}
	}
	if len(seen) != n || moved < n*9/10 {
		t.Errorf("%d different indices of %d, %d moved", len(seen), n, moved)
	}
}
