// SPDX-License-Identifier: Apache-2.0

package heaptrace

import (
	"bytes"
	"errors"
	"io"
	"sync"
	"testing"
	"testing/synctest"
)

// TestRecorderStaysClosed: whoever fills a shard of a Recorder without a goroutine writes. If that is too
// late, when Close has written the end, the trace stays as it is.
func TestRecorderStaysClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var file bytes.Buffer
		r, err := NewRecorder(&file, Header{}, 1, false)
		if err != nil {
			t.Fatal(err)
		}
		r.Add(0, Event{Op: Malloc, Addr: 16, Size: 1})
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		n := file.Len()
		r.ask()
		for range 2*shardSize + 1 {
			if r.Add(0, Event{Op: Malloc, Addr: 32, Size: 1}) {
				t.Fatal("an event was recorded after Close")
			}
		}
		if file.Len() != n {
			t.Errorf("%d bytes were written after Close", file.Len()-n)
		}
	})
}

// TestRecorder: goroutines pass objects to each other. In the trace each object is
// allocated before it is freed, and no event is missing.
func TestRecorder(t *testing.T) {
	const producers, each = 4, 5000
	var file bytes.Buffer
	r, err := NewRecorder(&file, Header{Deflate: true}, 3, false)
	if err != nil {
		t.Fatal(err)
	}
	objects := make(chan uint64, 16)
	var making, freeing sync.WaitGroup
	for g := range producers {
		making.Go(func() {
			for i := range each {
				addr := uint64(g*each+i+1) * 16
				if !r.Add(g, Event{Op: Malloc, Goroutine: uint64(g), Addr: addr, Size: 1}) {
					t.Error("an event was dropped")
				}
				objects <- addr
			}
		})
		freeing.Go(func() {
			for addr := range objects {
				r.Add(g+1, Event{Op: Free, Goroutine: uint64(producers + g), Addr: addr})
			}
		})
	}
	making.Wait()
	close(objects)
	freeing.Wait()
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	_, events, err := decoded(&file)
	if err != nil || len(events) != 2*producers*each {
		t.Fatalf("%d events, %v", len(events), err)
	}
	live := map[uint64]bool{}
	latest := map[uint64]uint64{}
	for _, e := range events {
		if live[e.Addr] == (e.Op == Malloc) {
			t.Fatalf("%v of %#x, which is live: %v", e.Op, e.Addr, live[e.Addr])
		}
		live[e.Addr] = e.Op == Malloc
		if e.Op == Malloc && latest[e.Goroutine] >= e.Addr {
			t.Fatalf("goroutine %d: the order of the events differs from the program's", e.Goroutine)
		} else if e.Op == Malloc {
			latest[e.Goroutine] = e.Addr
		}
	}
}

// A gate is a file whose Write blocks until the gate is opened.
type gate struct {
	bytes.Buffer
	open chan struct{}
}

func (g *gate) Write(b []byte) (int, error) {
	if g.Len() >= headerSize {
		<-g.open
	}
	return g.Buffer.Write(b)
}

// TestDrop: while the file's Write blocks, events are dropped, and the trace counts them.
func TestDrop(t *testing.T) {
	file := &gate{open: make(chan struct{})}
	r, err := NewRecorder(file, Header{}, 1, true)
	if err != nil {
		t.Fatal(err)
	}
	kept, dropped := 0, 0
	for dropped < 100_000 {
		if r.Add(0, Event{Op: Malloc, Addr: uint64(kept) * 1e9, Size: 1 << 40}) {
			kept++
		} else {
			dropped++
		}
	}
	close(file.open)
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	reader, events, err := decoded(&file.Buffer)
	if err != nil || len(events) != kept || reader.Dropped() != uint64(dropped) {
		t.Errorf("read %d events, want %d; %d are dropped, want %d; %v", len(events), kept, reader.Dropped(), dropped, err)
	}
}

// full is a file on a disk with room for n more bytes.
type full struct{ n int }

var errFull = errors.New("no space left")

func (f *full) Write(b []byte) (int, error) {
	if f.n += len(b); f.n > headerSize {
		return 0, errFull
	}
	return len(b), nil
}

// TestFull: when the file returns an error, Add does not block, and Close returns the
// error.
func TestFull(t *testing.T) {
	r, err := NewRecorder(new(full), Header{}, 2, false)
	if err != nil {
		t.Fatal(err)
	}
	var adding sync.WaitGroup
	for g := range 4 {
		adding.Go(func() {
			for i := 0; r.Add(g, Event{Op: Malloc, Addr: uint64(i) << 40, Size: 1 << 50}); i++ {
			}
		})
	}
	adding.Wait()
	if err := r.Close(); !errors.Is(err, errFull) {
		t.Errorf("closing: %v", err)
	}
	if r.Add(0, Event{}) {
		t.Error("Add took an event after Close")
	}
	if _, err := NewRecorder(&full{1}, Header{}, 1, false); !errors.Is(err, errFull) {
		t.Errorf("no room for the header: %v", err)
	}
}

func BenchmarkAdd(b *testing.B) {
	r, err := NewRecorder(io.Discard, Header{}, 8, false)
	if err != nil {
		b.Fatal(err)
	}
	for i := 0; b.Loop(); i++ {
		r.Add(0, Event{Op: Malloc, Addr: uint64(i%64) * 112, Size: 100})
	}
	if err := r.Close(); err != nil {
		b.Fatal(err)
	}
}
