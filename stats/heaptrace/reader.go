// SPDX-License-Identifier: Apache-2.0

package heaptrace

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"io"
	"iter"
	"math"
	"time"
)

// maxStored is the maximum stored size of a payload in bytes. Deflating adds some bytes
// to data that cannot be compressed.
const maxStored = MaxPayload + MaxPayload/64

// A Reader reads a trace. It may be used by one goroutine at a time. It reads the file in
// small pieces and no further than necessary, so pass it a buffered reader.
type Reader struct {
	r       io.Reader
	header  Header
	last    before
	batches int
	dropped uint64
	stored  []byte
	payload []byte
	inflate io.ReadCloser
}

// NewReader reads the header. Its error wraps ErrFormat, ErrVersion, ErrDamaged,
// ErrTruncated, or the error of r.
func NewReader(r io.Reader) (*Reader, error) {
	b := make([]byte, headerSize)
	t := &Reader{r: r}
	if err := t.fill(b); err != nil {
		return nil, t.wrap(err)
	}
	h, err := decodeHeader(b)
	if err != nil {
		return nil, t.wrap(err)
	}
	t.header = h
	return t, nil
}

// Header returns the header of the trace.
func (t *Reader) Header() Header { return t.header }

// Dropped returns the number of operations that are missing in the part read so far,
// because the recorder could not write them fast enough.
func (t *Reader) Dropped() uint64 { return t.dropped }

// Events yields the events in order. If an error occurs, it is yielded last, with a zero
// Event. It wraps ErrTruncated, ErrDamaged, or the error of the reader. A batch is
// checked as a whole before any of its events is yielded. Call Events only once.
func (t *Reader) Events() iter.Seq2[Event, error] {
	return func(yield func(Event, error) bool) {
		for {
			n, err := t.batch()
			if err != nil {
				yield(Event{}, t.wrap(err))
				return
			}
			if n == 0 {
				return
			}
			for b := t.payload; len(b) > 0; {
				var e Event
				e, b, _ = t.decode(b) // cannot fail: batch checked the payload
				if !yield(e, nil) {
					return
				}
			}
		}
	}
}

// batch reads the next batch into t.payload, checks it, and returns the number of its
// events. It returns 0 at the end of the trace.
func (t *Reader) batch() (events uint32, err error) {
	var head [batchHeader]byte
	if err := t.fill(head[:]); err != nil {
		return 0, err
	}
	word := func(i int) uint32 { return binary.LittleEndian.Uint32(head[4*i:]) }
	stored, size, events := word(0), word(1), word(2)
	if stored > maxStored || size > MaxPayload || events > size/2 || events == 0 && size|stored != 0 {
		return 0, ErrDamaged
	}
	t.stored = grown(t.stored, stored)
	if err := t.fill(t.stored); err != nil {
		return 0, err
	}
	if checksum(head[:16], t.stored) != word(4) {
		return 0, ErrDamaged
	}
	if err := t.unpack(size); err != nil {
		return 0, err
	}
	if !t.holds(events) {
		return 0, ErrDamaged
	}
	t.dropped += uint64(word(3))
	t.batches++
	return events, nil
}

// grown returns a slice of n bytes. It uses the memory of b if that is large enough.
func grown(b []byte, n uint32) []byte {
	if uint32(cap(b)) < n {
		return make([]byte, n)
	}
	return b[:n]
}

// unpack decompresses the stored bytes into a payload of size bytes.
func (t *Reader) unpack(size uint32) error {
	if !t.header.Deflate || size == 0 {
		if uint32(len(t.stored)) != size {
			return ErrDamaged
		}
		t.payload = t.stored
		return nil
	}
	in := bytes.NewReader(t.stored)
	if t.inflate == nil {
		t.inflate = flate.NewReader(in)
	} else if err := t.inflate.(flate.Resetter).Reset(in, nil); err != nil {
		return ErrDamaged
	}
	t.payload = grown(t.payload, size)
	if _, err := io.ReadFull(t.inflate, t.payload); err != nil {
		return ErrDamaged
	}
	if n, err := t.inflate.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		return ErrDamaged
	}
	return nil
}

// holds reports whether the payload consists of exactly the given number of events.
func (t *Reader) holds(events uint32) bool {
	last := t.last
	defer func() { t.last = last }()
	for b := t.payload; len(b) > 0; events-- {
		var ok bool
		if _, b, ok = t.decode(b); !ok || events == 0 {
			return false
		}
	}
	return events == 0
}

// decode decodes the first event of b, which must not be empty.
func (t *Reader) decode(b []byte) (e Event, rest []byte, ok bool) {
	c := cursor{b: b[1:]}
	first := b[0]
	e.Op = Op(first & opMask)
	if first >= inBytes<<1 || e.Op >= opCount {
		return e, nil, false
	}
	if first&otherThread != 0 {
		t.last.goroutine += uint64(c.varint())
	}
	if first&later != 0 {
		more := c.uvarint()
		if more > uint64(math.MaxInt64/t.header.Tick)-t.last.ticks {
			return e, nil, false
		}
		t.last.ticks += more
	}
	delta := c.varint()
	if first&inBytes == 0 {
		delta *= granule
	}
	t.last.addr += uint64(delta)
	if e.Op.Sized() {
		size := c.uvarint()
		e.Size = int64(size)
		c.bad = c.bad || size > math.MaxInt64
	}
	if e.Op == Memalign {
		log := c.byte()
		e.Align = 1 << (log & 31)
		c.bad = c.bad || log > 31
	}
	e.Goroutine, e.Addr = t.last.goroutine, t.last.addr
	e.Time = time.Duration(t.last.ticks) * t.header.Tick
	return e, c.b, !c.bad
}

// A cursor decodes numbers from the front of b. bad is set once decoding has failed.
type cursor struct {
	b   []byte
	bad bool
}

func (c *cursor) uvarint() uint64 {
	n, length := binary.Uvarint(c.b)
	c.skip(length)
	return n
}

func (c *cursor) varint() int64 {
	n, length := binary.Varint(c.b)
	c.skip(length)
	return n
}

func (c *cursor) byte() byte {
	if len(c.b) == 0 {
		c.bad = true
		return 0
	}
	n := c.b[0]
	c.b = c.b[1:]
	return n
}

func (c *cursor) skip(n int) {
	if n <= 0 {
		c.b, c.bad = nil, true
		return
	}
	c.b = c.b[n:]
}

// fill fills b from the file.
func (t *Reader) fill(b []byte) error {
	_, err := io.ReadFull(t.r, b)
	if err == io.EOF || errors.Is(err, io.ErrUnexpectedEOF) {
		return ErrTruncated
	}
	return err
}

func (t *Reader) wrap(err error) error { return &Error{t.batches, err} }
