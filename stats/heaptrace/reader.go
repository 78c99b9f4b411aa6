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

// maxStored is how many bytes a payload is stored in at most: deflating adds some to
// what cannot be compressed.
const maxStored = MaxPayload + MaxPayload/64

// A Reader reads a trace. It is for one goroutine at a time. It reads no more of the
// file than it needs, and in small pieces: give it a buffered one.
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

// NewReader reads the header. The error wraps ErrFormat, ErrVersion, ErrDamaged or
// ErrTruncated, or is r's.
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

// Header returns what the header says.
func (t *Reader) Header() Header { return t.header }

// Dropped returns how many operations are missing in what was read so far, because
// they came faster than they could be written.
func (t *Reader) Dropped() uint64 { return t.dropped }

// Events yields the events in order. An error comes last, with a zero Event: it wraps
// ErrTruncated or ErrDamaged, or is the reader's. Batches are checked as a whole
// before any of their events is yielded. Events can be ranged over once.
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
				e, b, _ = t.decode(b) // batch found nothing wrong
				if !yield(e, nil) {
					return
				}
			}
		}
	}
}

// batch reads the next batch into t.payload, checks it, and returns the number of its
// events: 0 at the end of the trace.
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

// grown returns a slice of n bytes, b's memory if that suffices.
func grown(b []byte, n uint32) []byte {
	if uint32(cap(b)) < n {
		return make([]byte, n)
	}
	return b[:n]
}

// unpack makes the payload of size bytes from what is stored.
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

// holds reports whether the payload is that many whole events, without going on.
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

// decode takes an event off the front of b, which is not empty.
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

// A cursor reads numbers off the front of b. Once there was none it is bad.
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
