// SPDX-License-Identifier: Apache-2.0

package buffer

import (
	"errors"
	"io"
	"math"
	"unicode/utf8"
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/internal/raw"
)

// A Buffer is a variable-sized buffer of bytes outside the Go heap, with the methods of
// bytes.Buffer for reading and writing. The zero value is empty and takes its memory from
// alloc.Default. A Buffer is for one goroutine at a time, and must not be copied after first
// use. Its memory leaks if the program does not call Close.
type Buffer struct {
	heap   *alloc.Allocator
	all    []byte // the bytes written, in the block; cap(all) is the usable size
	off    int    // offset of the first unread byte
	last   int    // what the last call read: the length of a rune, byteRead, or 0 for nothing
	closed bool
}

// New returns an empty Buffer that takes its memory from a; nil means alloc.Default.
func New(a *alloc.Allocator) *Buffer { return &Buffer{heap: a} }

// ErrUnread means that the last call was not a read that UnreadByte or UnreadRune can undo.
var ErrUnread = errors.New("buffer: the last call was not a read that can be undone")

const (
	byteRead = -1
	smallest = 64      // bytes of the first block
	readSize = 4 << 10 // smallest room in bytes with which ReadFrom calls Read
)

// Bytes returns the unread bytes, without copying them. An access to the slice after the next
// change of the Buffer reads or writes freed memory. The slice may be passed to Write.
func (b *Buffer) Bytes() []byte { return b.all[b.off:] }

// String returns a copy of the unread bytes, in the Go heap.
func (b *Buffer) String() string { return string(b.Bytes()) }

// Len returns the number of unread bytes.
func (b *Buffer) Len() int { return len(b.all) - b.off }

// Cap returns the usable size of the block in bytes.
func (b *Buffer) Cap() int { return cap(b.all) }

// Available returns how many bytes can be written without growing.
func (b *Buffer) Available() int { return cap(b.all) - len(b.all) }

// AvailableBuffer returns an empty slice with the capacity that Available returns. Append to
// it, and pass the result to Write before any other call.
func (b *Buffer) AvailableBuffer() []byte { return b.all[len(b.all):] }

// Reset makes the Buffer empty and keeps its block.
func (b *Buffer) Reset() { b.all, b.off, b.last = b.all[:0], 0, 0 }

// Truncate keeps the first n unread bytes and discards the others. It panics if n is negative
// or there are fewer.
func (b *Buffer) Truncate(n int) {
	if n < 0 || n > b.Len() {
		panic("buffer: Truncate to more bytes than are unread")
	}
	b.all, b.last = b.all[:b.off+n], 0
}

// Close frees the block. After that, writes return alloc.ErrClosed, reads return io.EOF, and
// Close does nothing. Close always returns nil.
func (b *Buffer) Close() error {
	b.free()
	b.closed = true
	return nil
}

func (b *Buffer) free() {
	alloc.FreeSlice(b.allocator(), b.all[:0])
	b.all, b.off, b.last = nil, 0, 0
}

func (b *Buffer) allocator() *alloc.Allocator {
	if b.heap == nil {
		b.heap = alloc.Default()
	}
	return b.heap
}

// Grow makes room for n more bytes. UnreadByte and UnreadRune return ErrUnread after it. If
// there is no memory or n is negative, the error wraps one of package alloc's, and the Buffer
// is unchanged.
func (b *Buffer) Grow(n int) error {
	if n < 0 {
		return &alloc.Error{Op: "Buffer.Grow", Size: n, Err: alloc.ErrInvalidSize}
	}
	if err := b.room(n, true); err != nil {
		return err
	}
	b.last = 0
	return nil
}

// room makes room for n bytes after the last. If slide is set, it may discard the bytes
// already read; the unread bytes then move within the block.
func (b *Buffer) room(n int, slide bool) error {
	unread := b.Len()
	switch {
	case b.closed:
		return &alloc.Error{Op: "Buffer.Write", Size: n, Err: alloc.ErrClosed}
	case n <= b.Available():
		return nil
	case slide && n <= cap(b.all)/2-unread:
		raw.CopySlice(b.all, b.all[b.off:])
		b.all, b.off, b.last = b.all[:unread], 0, 0
		return nil
	case n > math.MaxInt-len(b.all):
		return &alloc.Error{Op: "Buffer.Write", Size: n, Err: alloc.ErrInvalidSize}
	}
	return b.enlarge(max(len(b.all)+n, 2*cap(b.all), smallest))
}

// enlarge resizes the block to n bytes.
func (b *Buffer) enlarge(n int) error {
	p, err := b.allocator().Realloc(b.block(), n)
	if err != nil {
		return err
	}
	b.all = unsafe.Slice((*byte)(p), alloc.UsableSize(p))[:len(b.all)]
	return nil
}

func (b *Buffer) block() unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(b.all)) }

// indexOf returns the offset of p in the block, or -1 if p is not part of the block.
func (b *Buffer) indexOf(p []byte) int {
	at := uintptr(unsafe.Pointer(unsafe.SliceData(p))) - uintptr(b.block())
	if len(p) == 0 || at >= uintptr(cap(b.all)) {
		return -1
	}
	return int(at)
}

// Write appends p, which may be bytes of the Buffer. It writes all of p, or nothing if there
// is no memory. The error wraps one of package alloc's.
func (b *Buffer) Write(p []byte) (int, error) {
	at := b.indexOf(p)
	if err := b.room(len(p), at < 0); err != nil {
		return 0, err
	}
	if at >= 0 { // p moved with the block
		p = b.all[:cap(b.all)][at : at+len(p)]
	}
	b.all = append(b.all, p...)
	b.last = 0
	return len(p), nil
}

// WriteString appends s. Its errors are those of Write.
func (b *Buffer) WriteString(s string) (int, error) {
	return b.Write(unsafe.Slice(unsafe.StringData(s), len(s)))
}

// WriteByte appends c. Its errors are those of Write.
func (b *Buffer) WriteByte(c byte) error {
	if err := b.room(1, true); err != nil {
		return err
	}
	b.all = append(b.all, c)
	b.last = 0
	return nil
}

// WriteRune appends r encoded in UTF-8 and returns the number of bytes.
func (b *Buffer) WriteRune(r rune) (int, error) {
	var text [utf8.UTFMax]byte
	return b.Write(text[:utf8.EncodeRune(text[:], r)])
}

// ReadFrom reads from r until io.EOF, and appends the bytes. It returns nil at io.EOF. It
// panics if Read returns a negative count, or a count above the length of its argument.
func (b *Buffer) ReadFrom(r io.Reader) (n int64, err error) {
	b.last = 0
	for {
		if err := b.room(readSize, true); err != nil {
			return n, err
		}
		m, err := r.Read(b.all[len(b.all):cap(b.all)])
		if m < 0 || m > b.Available() {
			panic("buffer: reader returned an invalid count from Read")
		}
		b.all = b.all[:len(b.all)+m]
		n += int64(m)
		if err == io.EOF {
			return n, nil
		}
		if err != nil {
			return n, err
		}
	}
}
