// SPDX-License-Identifier: Apache-2.0

package buffer

import (
	"bytes"
	"io"
	"unicode/utf8"
)

// Read reads the next bytes into p. At the end it returns io.EOF, unless p is empty.
func (b *Buffer) Read(p []byte) (int, error) {
	if b.Len() == 0 {
		b.Reset()
		if len(p) > 0 {
			return 0, io.EOF
		}
	}
	return copy(p, b.Next(len(p))), nil
}

// Next returns the next n bytes, or all unread bytes if there are fewer, and marks them as
// read. An access to the slice after the next change of the Buffer reads or writes freed
// memory.
func (b *Buffer) Next(n int) []byte {
	next := b.Bytes()
	next = next[:min(max(n, 0), len(next))]
	b.off += len(next)
	b.last = 0
	if len(next) > 0 {
		b.last = byteRead
	}
	return next
}

// ReadByte returns the next byte, or io.EOF at the end.
func (b *Buffer) ReadByte() (byte, error) {
	next := b.Next(1)
	if len(next) == 0 {
		b.Reset()
		return 0, io.EOF
	}
	return next[0], nil
}

// ReadRune returns the next rune and its length in bytes, or io.EOF at the end. For a byte
// that is not valid UTF-8 it returns utf8.RuneError and length 1.
func (b *Buffer) ReadRune() (rune, int, error) {
	if b.Len() == 0 {
		b.Reset()
		return 0, 0, io.EOF
	}
	r, n := utf8.DecodeRune(b.Bytes())
	b.off += n
	b.last = n
	return r, n, nil
}

// UnreadByte makes the last byte that the previous call read unread again. It returns
// ErrUnread if the previous call was not a read or read nothing.
func (b *Buffer) UnreadByte() error {
	if b.last == 0 {
		return ErrUnread
	}
	b.off--
	b.last = 0
	return nil
}

// UnreadRune makes the rune that the previous call read unread again. It returns ErrUnread if
// the previous call was not a successful ReadRune.
func (b *Buffer) UnreadRune() error {
	if b.last <= 0 {
		return ErrUnread
	}
	b.off -= b.last
	b.last = 0
	return nil
}

// ReadBytes returns a copy, in the Go heap, of the unread bytes up to and including the first
// delim. If there is no delim, it returns a copy of all unread bytes, and io.EOF.
func (b *Buffer) ReadBytes(delim byte) ([]byte, error) {
	n, err := b.Len(), io.EOF
	if i := bytes.IndexByte(b.Bytes(), delim); i >= 0 {
		n, err = i+1, nil
	}
	return bytes.Clone(b.Next(n)), err
}

// ReadString does what ReadBytes does, and returns a string.
func (b *Buffer) ReadString(delim byte) (string, error) {
	line, err := b.ReadBytes(delim)
	return string(line), err
}

// WriteTo writes the unread bytes to w. If w takes fewer without an error, WriteTo returns
// io.ErrShortWrite. It panics if w returns an impossible count.
func (b *Buffer) WriteTo(w io.Writer) (int64, error) {
	b.last = 0
	unread := b.Len()
	if unread == 0 {
		b.Reset()
		return 0, nil
	}
	n, err := w.Write(b.Bytes())
	if n < 0 || n > unread {
		panic("buffer: writer returned an invalid count from Write")
	}
	b.off += n
	switch {
	case err != nil:
		return int64(n), err
	case n < unread:
		return int64(n), io.ErrShortWrite
	}
	b.Reset()
	return int64(n), nil
}
