// SPDX-License-Identifier: Apache-2.0

package heaptrace

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"hash/crc32"
	"io"
	"math/bits"
)

// The bits of an event's first byte.
const (
	opMask      = 1<<3 - 1
	otherThread = 1 << 3 // G
	later       = 1 << 4 // T
	inBytes     = 1 << 5 // B
	granule     = 16     // bytes; most addresses are multiples of it
)

// before contains the fields of the previous event that the next event is encoded
// against.
type before struct {
	goroutine, addr uint64
	ticks           uint64
}

// A Writer writes a trace. It may be used by one goroutine at a time. After an error all
// calls return that error.
type Writer struct {
	w       io.Writer
	header  Header
	last    before
	payload []byte
	events  uint32
	dropped uint32
	batches int
	stored  bytes.Buffer
	deflate *flate.Writer
	err     error
}

// NewWriter writes the header and returns a Writer for the events. Its error is that of
// w.
func NewWriter(w io.Writer, h Header) (*Writer, error) {
	t := &Writer{w: w, header: h.withDefaults()}
	if h.Deflate {
		t.deflate, _ = flate.NewWriter(&t.stored, flate.DefaultCompression) // cannot fail: the level is valid
	}
	t.write(t.header.encode())
	return t, t.err
}

// Write adds an event. It rounds the time down to ticks, and raises it to the time of the
// previous event if it is earlier. Its error wraps ErrEvent, or is that of w.
func (t *Writer) Write(e *Event) error {
	if t.err != nil {
		return t.err
	}
	if e.Op >= opCount || e.Size < 0 || e.Op == Memalign && bits.OnesCount32(e.Align) != 1 {
		t.err = &Error{t.batches, ErrEvent}
		return t.err
	}
	t.encode(e)
	t.events++
	if len(t.payload) >= batchTarget {
		return t.Flush()
	}
	return nil
}

func (t *Writer) encode(e *Event) {
	first, at := byte(e.Op), len(t.payload)
	b := append(t.payload, 0)
	if e.Goroutine != t.last.goroutine {
		first |= otherThread
		b = binary.AppendVarint(b, int64(e.Goroutine-t.last.goroutine))
		t.last.goroutine = e.Goroutine
	}
	if ticks := uint64(max(e.Time, 0) / t.header.Tick); ticks > t.last.ticks {
		first |= later
		b = binary.AppendUvarint(b, ticks-t.last.ticks)
		t.last.ticks = ticks
	}
	delta := int64(e.Addr - t.last.addr)
	t.last.addr = e.Addr
	if delta%granule == 0 {
		delta /= granule
	} else {
		first |= inBytes
	}
	b = binary.AppendVarint(b, delta)
	if e.Op.Sized() {
		b = binary.AppendUvarint(b, uint64(e.Size))
	}
	if e.Op == Memalign {
		b = append(b, byte(bits.TrailingZeros32(e.Align)))
	}
	b[at] = first
	t.payload = b
}

// Drop records that n operations are missing at this position.
func (t *Writer) Drop(n uint32) { t.dropped += n }

// Flush ends the current batch and writes it. It does nothing if the batch is empty.
func (t *Writer) Flush() error {
	if t.events == 0 {
		return t.err
	}
	return t.flush()
}

func (t *Writer) flush() error {
	stored := t.payload
	if t.deflate != nil && t.events > 0 {
		t.stored.Reset()
		t.deflate.Reset(&t.stored)
		_, _ = t.deflate.Write(t.payload) // a bytes.Buffer accepts everything
		_ = t.deflate.Close()
		stored = t.stored.Bytes()
	}
	var head [batchHeader]byte
	for i, n := range []uint32{uint32(len(stored)), uint32(len(t.payload)), t.events, t.dropped} {
		binary.LittleEndian.PutUint32(head[4*i:], n)
	}
	binary.LittleEndian.PutUint32(head[16:], checksum(head[:16], stored))
	t.write(head[:])
	t.write(stored)
	t.batches++
	t.payload, t.events, t.dropped = t.payload[:0], 0, 0
	return t.err
}

func checksum(head, payload []byte) uint32 {
	return crc32.Update(crc32.Checksum(head, castagnoli()), castagnoli(), payload)
}

func (t *Writer) write(b []byte) {
	if t.err == nil {
		if _, err := t.w.Write(b); err != nil {
			t.err = &Error{t.batches, err}
		}
	}
}

// Close writes the remaining events and the end of the trace. It does not close w.
func (t *Writer) Close() error {
	_ = t.Flush() // t.err keeps the error
	return t.flush()
}
