// SPDX-License-Identifier: Apache-2.0

package heaptrace

import (
	"cmp"
	"encoding/binary"
	"hash/crc32"
	"math"
	"os"
	"time"
)

// A Header contains what all events of a trace share. In the zero value every field has
// its default.
type Header struct {
	PageSize int           // bytes; default: this system's page size
	Tick     time.Duration // unit of the events' times; default 1 µs
	Start    time.Time     // the times are relative to it
	Deflate  bool          // compress the batches; default off
}

const (
	magic   = "ashlartr"
	version = 1

	headerSize  = 36
	batchHeader = 20

	deflated = 1 << 0 // option

	// MaxPayload is the maximum size in bytes of a batch's encoded events.
	MaxPayload = 256 << 10

	// batchTarget is the size in bytes at which a Writer ends a batch. A compressor needs
	// some tens of KiB to be effective.
	batchTarget = 128 << 10
)

// castagnoli returns the table of the checksum. The first call makes it, which takes a quarter of a millisecond
// that programs without checksums should not pay at their start.
func castagnoli() *crc32.Table { return crc32.MakeTable(crc32.Castagnoli) }

// withDefaults returns h with defaults in place of zero values.
func (h Header) withDefaults() Header {
	h.PageSize = cmp.Or(max(h.PageSize, 0), os.Getpagesize())
	h.Tick = cmp.Or(max(h.Tick, 0), time.Microsecond)
	return h
}

func (h Header) encode() []byte {
	b := make([]byte, headerSize)
	copy(b, magic)
	b[8] = version
	if h.Deflate {
		b[9] = deflated
	}
	binary.LittleEndian.PutUint32(b[12:], uint32(h.PageSize))
	binary.LittleEndian.PutUint64(b[16:], uint64(h.Tick))
	if !h.Start.IsZero() {
		binary.LittleEndian.PutUint64(b[24:], uint64(h.Start.UnixNano()))
	}
	binary.LittleEndian.PutUint32(b[32:], crc32.Checksum(b[:32], castagnoli()))
	return b
}

// decodeHeader reads a header of headerSize bytes.
func decodeHeader(b []byte) (Header, error) {
	if string(b[:8]) != magic {
		return Header{}, ErrFormat
	}
	if b[8] != version || b[9]&^deflated != 0 || b[10] != 0 || b[11] != 0 {
		return Header{}, ErrVersion
	}
	h := Header{
		PageSize: int(binary.LittleEndian.Uint32(b[12:])),
		Tick:     time.Duration(binary.LittleEndian.Uint64(b[16:])),
		Deflate:  b[9]&deflated != 0,
	}
	if start := binary.LittleEndian.Uint64(b[24:]); start != 0 {
		h.Start = time.Unix(0, int64(start))
	}
	if crc32.Checksum(b[:32], castagnoli()) != binary.LittleEndian.Uint32(b[32:]) ||
		h.PageSize <= 0 || h.PageSize > math.MaxInt32 || h.Tick <= 0 {
		return Header{}, ErrDamaged
	}
	return h, nil
}
