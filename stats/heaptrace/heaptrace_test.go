// SPDX-License-Identifier: Apache-2.0

package heaptrace

import (
	"bytes"
	"errors"
	"io"
	"math"
	"slices"
	"testing"
	"time"
)

// someEvents returns n events that include all operations, and both small and extreme
// values.
func someEvents(n int) []Event {
	events := []Event{
		{Op: Malloc, Goroutine: 7, Addr: 0x7f0000001000, Size: 100},
		{Op: Calloc, Goroutine: 7, Addr: 0x7f0000001070, Size: 0, Time: time.Microsecond},
		{Op: Memalign, Goroutine: math.MaxUint64, Addr: 0x7f0000002000, Size: 1 << 40, Align: 4096, Time: time.Microsecond},
		{Op: Memalign, Goroutine: 1, Addr: math.MaxUint64, Size: math.MaxInt64, Align: 1 << 31, Time: time.Microsecond},
		{Op: Lift, Addr: 0x7f0000001000, Time: time.Hour},
		{Op: Free, Addr: 0x7f0000001071, Time: time.Hour},
		{Op: Realloc, Addr: 1, Size: 200, Time: 200 * 365 * 24 * time.Hour},
	}
	for i := len(events); i < n; i++ {
		e := events[i-7]
		e.Addr, e.Time = e.Addr*0x9E3779B97F4A7C15, events[i-1].Time
		events = append(events, e)
	}
	return events[:n]
}

// encoded returns the trace of the events as a file.
func encoded(t testing.TB, h Header, events []Event) []byte {
	t.Helper()
	var b bytes.Buffer
	w, err := NewWriter(&b, h)
	if err != nil {
		t.Fatal(err)
	}
	for i := range events {
		if err := w.Write(&events[i]); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// decoded reads as many events of a trace as possible.
func decoded(file io.Reader) (*Reader, []Event, error) {
	r, err := NewReader(file)
	if err != nil {
		return nil, nil, err
	}
	var events []Event
	for e, err := range r.Events() {
		if err != nil {
			return r, events, err
		}
		events = append(events, e)
	}
	return r, events, nil
}

func TestRoundTrip(t *testing.T) {
	for _, test := range []struct {
		name   string
		header Header
		n      int
	}{
		{"empty", Header{}, 0},
		{"few", Header{PageSize: 16384, Tick: 1000, Start: time.Unix(12, 34)}, 7},
		{"deflated", Header{Deflate: true}, 7},
		{"many batches", Header{}, 100_000},
		{"many deflated", Header{Deflate: true}, 100_000},
	} {
		t.Run(test.name, func(t *testing.T) {
			want := someEvents(test.n)
			file := encoded(t, test.header, want)
			r, got, err := decoded(bytes.NewReader(file))
			if err != nil || !slices.Equal(got, want) {
				t.Errorf("read %d events of %d, or different ones: %v", len(got), len(want), err)
			}
			if h := r.Header(); h != test.header.withDefaults() {
				t.Errorf("header %+v, want %+v", h, test.header.withDefaults())
			}
		})
	}
}

// TestTruncated: a trace may be cut off at any byte. A Reader reads it up to the last
// complete batch and returns ErrTruncated.
func TestTruncated(t *testing.T) {
	for _, deflate := range []bool{false, true} {
		var file bytes.Buffer
		w, err := NewWriter(&file, Header{Deflate: deflate})
		if err != nil {
			t.Fatal(err)
		}
		events := someEvents(30)
		ends := map[int]int{file.Len(): 0} // length of file → number of complete events
		for i := range events {
			err = errors.Join(err, w.Write(&events[i]))
			if i%10 == 9 {
				err = errors.Join(err, w.Flush())
				ends[file.Len()] = i + 1
			}
		}
		if err = errors.Join(err, w.Close()); err != nil {
			t.Fatal(err)
		}
		whole := 0
		for n := range file.Len() {
			whole = max(whole, ends[n])
			_, got, err := decoded(bytes.NewReader(file.Bytes()[:n]))
			if !errors.Is(err, ErrTruncated) || !slices.Equal(got, events[:whole]) {
				t.Errorf("deflated %v, %d bytes: %d events, want %d, and %v", deflate, n, len(got), whole, err)
			}
		}
	}
}

// TestDamaged: a Reader notices any changed byte before it yields an event that the byte
// may affect.
func TestDamaged(t *testing.T) {
	want := someEvents(20)
	for _, deflate := range []bool{false, true} {
		file := encoded(t, Header{Deflate: deflate}, want)
		for i := range file {
			damaged := bytes.Clone(file)
			damaged[i] ^= 0x10
			_, got, err := decoded(bytes.NewReader(damaged))
			var where *Error
			if err == nil || !errors.As(err, &where) || !slices.Equal(got, want[:len(got)]) {
				t.Errorf("byte %d changed: %d events, %v", i, len(got), err)
			}
		}
	}
}

func TestRefused(t *testing.T) {
	good := Header{}.withDefaults().encode()
	changed := func(i int, b byte) []byte {
		h := bytes.Clone(good)
		h[i] = b
		return h
	}
	for _, test := range []struct {
		name string
		file []byte
		want error
	}{
		{"nothing", nil, ErrTruncated},
		{"some text", bytes.Repeat([]byte("text "), 20), ErrFormat},
		{"newer version", changed(8, 2), ErrVersion},
		{"unknown option", changed(9, 2), ErrVersion},
		{"bad checksum", changed(24, 1), ErrDamaged},
		{"huge batch", append(bytes.Clone(good), bytes.Repeat([]byte{0xFF}, 20)...), ErrDamaged},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, events, err := decoded(bytes.NewReader(test.file)); !errors.Is(err, test.want) || len(events) > 0 {
				t.Errorf("%d events, %v", len(events), err)
			}
		})
	}
}

func TestWriterRefuses(t *testing.T) {
	for name, e := range map[string]Event{
		"operation": {Op: opCount},
		"size":      {Op: Malloc, Size: -1},
		"alignment": {Op: Memalign, Align: 24},
	} {
		w, err := NewWriter(io.Discard, Header{})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Write(&e); !errors.Is(err, ErrEvent) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestSize: events take as many bytes as the documentation states.
func TestSize(t *testing.T) {
	var events []Event
	for i := range 10_000 { // a ring of 64 blocks
		addr := 0x7f0000000000 + uint64(i%64*112)
		at := time.Duration(i) * 100
		events = append(events, Event{Op: Free, Addr: addr, Time: at}, Event{Op: Malloc, Addr: addr, Size: 100, Time: at})
	}
	plain, small := len(encoded(t, Header{}, events)), len(encoded(t, Header{Deflate: true}, events))
	if plain > 4*len(events) || small > plain/4 {
		t.Errorf("%d events: %d bytes, %d deflated", len(events), plain, small)
	}
}

// FuzzReader: a Reader returns events or an error for any input and keeps within its
// memory bound. Events that it accepts can be written and read again.
func FuzzReader(f *testing.F) {
	for _, deflate := range []bool{false, true} {
		file := encoded(f, Header{Deflate: deflate}, someEvents(40))
		f.Add(file)
		f.Add(file[:len(file)-30])
	}
	f.Add(encoded(f, Header{}, nil))
	f.Fuzz(func(t *testing.T, file []byte) {
		mend(file)
		r, events, err := decoded(bytes.NewReader(file))
		if r == nil {
			return
		}
		if n := cap(r.stored) + cap(r.payload); n > 2*maxStored {
			t.Errorf("the reader has %d bytes", n)
		}
		if again := encoded(t, r.Header(), events); err == nil || len(events) > 0 {
			_, got, err := decoded(bytes.NewReader(again))
			if err != nil || !slices.Equal(got, events) {
				t.Errorf("%d events; written and read again: %d, or others, %v", len(events), len(got), err)
			}
		}
	})
}
