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

// Next returns the next n bytes, or all if there are fewer, as read. The slice is for use
// until the next change.
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

// ReadByte returns the next byte, io.EOF at the end.
func (b *Buffer) ReadByte() (byte, error) {
	next := b.Next(1)
	if len(next) == 0 {
		b.Reset()
		return 0, io.EOF
	}
	return next[0], nil
}

// ReadRune returns the next character and its length, io.EOF at the end. Bytes that are
// no UTF-8 are utf8.RuneError, of length 1.
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

// UnreadByte takes the last read of a byte back, or the last byte of another read: it is
// ErrUnread behind anything else.
func (b *Buffer) UnreadByte() error {
	if b.last == 0 {
		return ErrUnread
	}
	b.off--
	b.last = 0
	return nil
}

// UnreadRune takes a ReadRune back; it is ErrUnread behind anything else.
func (b *Buffer) UnreadRune() error {
	if b.last <= 0 {
		return ErrUnread
	}
	b.off -= b.last
	b.last = 0
	return nil
}

// ReadBytes returns a copy, in the Go heap, of what is unread up to the first delim and
// with it; if there is none, of all, and io.EOF.
func (b *Buffer) ReadBytes(delim byte) ([]byte, error) {
	n, err := b.Len(), io.EOF
	if i := bytes.IndexByte(b.Bytes(), delim); i >= 0 {
		n, err = i+1, nil
	}
	return bytes.Clone(b.Next(n)), err
}

// ReadString is ReadBytes as a string.
func (b *Buffer) ReadString(delim byte) (string, error) {
	line, err := b.ReadBytes(delim)
	return string(line), err
}

// WriteTo writes what is unread to w, until that is all or w returns an error. A writer
// that counts more than it was given panics.
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
