// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/ashlar-go/ashlar/stats"
)

// tagged returns the statistics of a tag.
func tagged(a *Allocator, name string) stats.Tag {
	s := a.Stats()
	for _, t := range s.Tags {
		if t.Name == name {
			return t
		}
	}
	return stats.Tag{}
}

// modes lists the ways in which an Allocator serves blocks.
var modes = map[string]Options{"plain": still, "checked": strict, "guarded": guardAll}

// TestTag: a Tag counts the blocks that were allocated through it and not freed, for every
// function that allocates or frees.
func TestTag(t *testing.T) {
	for mode, o := range modes {
		t.Run(mode, func(t *testing.T) {
			a := open(t, o)
			tag := a.Tag("index")
			if a.Tag("index") != tag || a.Tag("other") == tag {
				t.Fatal("Tags of one name differ")
			}
			want := func(what string, blocks, bytes int64) {
				t.Helper()
				if got := tagged(a, "index"); got.Blocks != blocks || got.Bytes != bytes {
					t.Errorf("%s: %d blocks of %d bytes, want %d of %d", what, got.Blocks, got.Bytes, blocks, bytes)
				}
			}
			want("at first", 0, 0)
			other := alloc(t, a, 500)
			p := alloc(t, tag, 100)
			want("Malloc", 1, 100)
			p = Must(tag.Realloc(p, 200_000))
			want("Realloc", 1, 200_000)
			b := Must(tag.MallocBytes(50))
			z := Must(tag.CallocBytes(60))
			want("bytes", 3, 200_110)
			b = Must(tag.ReallocBytes(b, 70))
			want("ReallocBytes", 3, 200_130)
			v := Must(New[point](tag))
			s := Must(MakeSlice[uint64](tag, 0, 4))
			m := Must(tag.Memalign(64, 320))
			want("typed", 6, 200_130+16+int64(GoodSize(32))+320)
			s = Must(Append(tag, s, 1, 2, 3, 4, 5, 6))
			FreeSlice(tag, s)
			Free(tag, v)
			tag.Free(m)
			tag.FreeBytes(z)
			tag.FreeBytes(b)
			want("freed", 1, 200_000)
			if p = Must(tag.Realloc(p, 0)); p != nil {
				t.Error("Realloc to 0 returns a block")
			}
			want("at the end", 0, 0)
			tag.Free(nil)
			a.Free(other)
			drained(t, a)
		})
	}
}

// TestTagRefuses: refused allocations are not counted.
func TestTagRefuses(t *testing.T) {
	a := open(t, still)
	tag := a.Tag("index")
	p := alloc(t, tag, 100)
	if _, err := tag.Malloc(-1); !errors.Is(err, ErrInvalidSize) {
		t.Error(err)
	}
	if q, err := tag.Realloc(p, -1); q != nil || !errors.Is(err, ErrInvalidSize) {
		t.Error(q, err)
	}
	for _, f := range []func(){func() { tag.Free(at(p, 16)) }, func() { _, _ = tag.Realloc(at(p, 16), 50) }} {
		if e := misused(t, f); e.Kind != InvalidPointer {
			t.Error(e)
		}
	}
	if got := tagged(a, "index"); got.Blocks != 1 || got.Bytes != 100 {
		t.Errorf("%+v", got)
	}
	tag.Free(p)
	if e := misused(t, func() { tag.Free(p) }); e.Kind != DoubleFree || e.Op != "Free" {
		t.Error(e)
	}
	if got := tagged(a, "index"); got != (stats.Tag{Name: "index"}) {
		t.Errorf("%+v", got)
	}
}

// TestTagConcurrent: the counts stay exact if some goroutines allocate and others free.
func TestTagConcurrent(t *testing.T) {
	a := open(t, still)
	const workers, n = 4, 2000
	blocks := make(chan []byte, 64)
	var makers, all sync.WaitGroup
	for range workers {
		makers.Go(func() {
			for i := range n {
				blocks <- Must(a.Tag("shared").MallocBytes(1 + i%900))
			}
		})
		all.Go(func() {
			for b := range blocks {
				a.Tag("shared").FreeBytes(b)
			}
		})
	}
	makers.Wait()
	close(blocks)
	all.Wait()
	if got := tagged(a, "shared"); got.Blocks != 0 || got.Bytes != 0 {
		t.Errorf("%+v", got)
	}
	drained(t, a)
}

// TestTagShown: the text, the metrics and the difference of snapshots have the tag's
// numbers.
func TestTagShown(t *testing.T) {
	a := open(t, still)
	b := Must(a.Tag("my index").MallocBytes(1000))
	var before, s stats.Snapshot
	before = a.Stats()
	c := Must(a.Tag("my index").MallocBytes(24))
	s = a.Stats()
	var metrics strings.Builder
	if err := s.WriteMetrics(&metrics, stats.OpenMetrics); err != nil {
		t.Fatal(err)
	}
	if d := s.Sub(&before).Tags; len(d) != 1 || d[0] != (stats.Tag{Name: "my index", Blocks: 1, Bytes: 24}) {
		t.Errorf("the change is %+v", d)
	}
	for text, says := range map[string]string{
		s.String():       "my index                           2    1.00 KiB\n",
		metrics.String(): "\nashlar_tags_live_bytes{tag=\"my index\"} 1024\n",
	} {
		if !strings.Contains(text, says) {
			t.Errorf("want %q in\n%s", says, text)
		}
	}
	a.Tag("my index").FreeBytes(b)
	a.Tag("my index").FreeBytes(c)
}
