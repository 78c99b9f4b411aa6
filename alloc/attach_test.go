// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"runtime"
	"strings"
	"testing"
)

// An owner is a Go object that owns memory outside the Go heap.
type owner struct {
	rows *Attachment
	_    [32]byte
}

// own returns an owner of a block.
//
//go:noinline
func own(m Memory, b []byte) *owner {
	o := &owner{}
	o.rows = AttachSlice(o, m, b)
	return o
}

// collected runs the collector until no block is live, and reports whether that happened.
func collected(a *Allocator) bool {
	return eventually(func() bool {
		runtime.GC()
		return liveBlocks(a) == 0
	})
}

func liveBlocks(a *Allocator) int64 {
	s := a.Stats()
	return s.Live()
}

// TestAttachLost: when an owner is collected without freeing its block, the block is freed
// and counted for the call site that attached it.
func TestAttachLost(t *testing.T) {
	for mode, o := range modes {
		t.Run(mode, func(t *testing.T) {
			a := open(t, o)
			l := local(t, a)
			for _, m := range []Memory{a, l, a.Tag("rows")} {
				own(m, Must(MakeSlice[byte](m, 100, 100))[:100:100])
			}
			if !collected(a) {
				t.Fatalf("%d blocks are live", liveBlocks(a))
			}
			s := a.Stats()
			if len(s.Lost) != 1 || s.Lost[0].Blocks != 3 || s.Lost[0].Bytes < 300 ||
				!strings.Contains(s.Lost[0].Made, "alloc.own ") || !strings.Contains(s.Lost[0].Made, "attach_test.go:") {
				t.Errorf("lost: %+v", s.Lost)
			}
			if text := s.String(); !strings.Contains(text, "3 blocks of ") || !strings.Contains(text, "lost their owners") {
				t.Error(text)
			}
			if got := tagged(a, "rows"); got.Blocks != 0 || got.Bytes != 0 {
				t.Errorf("the tag counts %+v", got)
			}
			if d := s.Sub(&s).Lost; len(d) != 1 || d[0].Blocks != 0 {
				t.Errorf("the change is %+v", d)
			}
		})
	}
}

// TestAttachFreed: an owner that frees its block, however often, or detaches it, is not
// counted as lost.
func TestAttachFreed(t *testing.T) {
	for mode, o := range modes {
		t.Run(mode, func(t *testing.T) {
			a := open(t, o)
			x := own(a, Must(a.MallocBytes(100)))
			x.rows.Free()
			if n := liveBlocks(a); n != 0 {
				t.Fatalf("%d blocks are live after Free", n)
			}
			x.rows.Free()
			if x.rows.Detach() {
				t.Error("a freed block was detached")
			}
			b := Must(a.MallocBytes(100))
			y := own(a, b)
			if !y.rows.Detach() || y.rows.Detach() {
				t.Error("Detach is not reported once")
			}
			y.rows.Free()
			p := Must(New[point](a))
			z := new(owner)
			z.rows = Attach(z, a, p)
			z.rows.Free()
			x, y, z = nil, nil, nil
			for range 3 {
				runtime.GC()
			}
			if n := liveBlocks(a); n != 1 {
				t.Errorf("%d blocks are live, want the detached one", n)
			}
			a.FreeBytes(b)
			if s := a.Stats(); len(s.Lost) != 0 {
				t.Errorf("lost: %+v", s.Lost)
			}
			runtime.KeepAlive(z)
		})
	}
}

// TestAttachClosed: closing the Allocator releases attached blocks. Owners that are
// collected afterwards cause no error.
func TestAttachClosed(t *testing.T) {
	a, err := NewAllocator(still)
	if err != nil {
		t.Fatal(err)
	}
	x, y := own(a, Must(a.MallocBytes(100))), own(a, Must(a.MallocBytes(200_000)))
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	x.rows.Free()
	rows := y.rows
	y = nil
	if !eventually(func() bool { runtime.GC(); return rows.done.Load() }) {
		t.Error("the owner was not counted as lost")
	}
	runtime.KeepAlive(y)
}

// TestAttachMisuse: freeing an attached block elsewhere is reported as a double free.
func TestAttachMisuse(t *testing.T) {
	a := open(t, still)
	b := Must(a.MallocBytes(100))
	x := own(a, b)
	a.FreeBytes(b)
	if e := misused(t, x.rows.Free); e.Kind != DoubleFree {
		t.Error(e)
	}
}

// TestLostPlaces: the number of recorded call sites is bounded.
func TestLostPlaces(t *testing.T) {
	var l lostBlocks
	for range 3 {
		for i := range uintptr(maxLostPlaces + 10) {
			l.add(i+1, 100)
		}
	}
	all := l.stats()
	if len(all) != maxLostPlaces+1 || all[7].Blocks != 3 || all[7].Bytes != 300 {
		t.Fatalf("%d places, %+v", len(all), all)
	}
	if others := all[maxLostPlaces]; others.Made != "(other places)" || others.Blocks != 30 || others.Bytes != 3000 {
		t.Errorf("the others: %+v", others)
	}
}
