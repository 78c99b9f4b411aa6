// SPDX-License-Identifier: Apache-2.0

package buffer

import (
	"errors"
	"io"
	"io/fs"
	"math"

	"github.com/ashlar-go/ashlar/alloc"
)

// A File is a file in memory outside the Go heap: it has one position, at which Read and
// Write begin and which Seek moves, and nothing is discarded by reading. It is what
// libraries take that want an io.ReadWriteSeeker, an io.ReaderAt or an io.WriterAt; a
// Buffer has a front that is read and an end that is written.
//
// The zero value is empty and takes its memory from alloc.Default. A File is for one
// goroutine at a time; any number may read by ReadAt while nobody writes. It must not be
// copied after first use.
type File struct {
	data Buffer // of which nothing is read
	at   int64
}

// NewFile returns an empty File that takes its memory from a; nil means alloc.Default.
func NewFile(a *alloc.Allocator) *File { return &File{data: Buffer{heap: a}} }

// Len returns the length in bytes.
func (f *File) Len() int { return f.data.Len() }

// Bytes returns all of the File. The slice is for use until the next change.
func (f *File) Bytes() []byte { return f.data.all[:f.Len():f.Len()] }

// Close frees the block. Further writes are alloc.ErrClosed, reads io.EOF; a second Close
// does nothing.
func (f *File) Close() error {
	f.at = 0
	return f.data.Close()
}

// Truncate makes the File n bytes long. What it adds is zero. The position stays.
func (f *File) Truncate(n int64) error {
	if n < 0 || n > math.MaxInt {
		return &alloc.Error{Op: "File.Truncate", Size: int(min(n, math.MaxInt)), Err: alloc.ErrInvalidSize}
	}
	have := len(f.data.all)
	if err := f.data.room(max(int(n)-have, 0), false); err != nil {
		return err
	}
	f.data.all = f.data.all[:n]
	if int(n) > have {
		clear(f.data.all[have:])
	}
	return nil
}

// ReadAt reads from byte off on into p. It returns io.EOF with fewer than len(p) bytes.
func (f *File) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, errNegative("read")
	}
	n := copy(p, f.from(off))
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// from returns the bytes from off on.
func (f *File) from(off int64) []byte { return f.Bytes()[min(off, int64(f.Len())):] }

// Read reads from the position on, which moves. At the end it returns io.EOF, unless p is
// empty.
func (f *File) Read(p []byte) (int, error) {
	n := copy(p, f.from(f.at))
	f.at += int64(n)
	if n == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

// WriteAt writes p at byte off, and zeros between the end and there. It writes all or,
// with an error that wraps one of alloc's, nothing.
func (f *File) WriteAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, errNegative("write")
	}
	if len(p) == 0 {
		return 0, nil
	}
	if end := off + int64(len(p)); end < 0 || end > int64(f.Len()) {
		at := f.data.indexOf(p)
		if err := f.Truncate(end); err != nil {
			return 0, err
		}
		if at >= 0 { // p moved with the block
			p = f.data.all[:cap(f.data.all)][at : at+len(p)]
		}
	}
	return copy(f.data.all[off:], p), nil
}

// Write writes p at the position, which moves, as WriteAt does.
func (f *File) Write(p []byte) (int, error) {
	n, err := f.WriteAt(p, f.at)
	f.at += int64(n)
	return n, err
}

// Seek moves the position, which may be beyond the end.
func (f *File) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekStart:
	case io.SeekCurrent:
		offset += f.at
	case io.SeekEnd:
		offset += int64(f.Len())
	default:
		return 0, errors.New("buffer: Seek from nowhere")
	}
	if offset < 0 {
		return 0, errNegative("seek")
	}
	f.at = offset
	return offset, nil
}

// WriteTo writes what follows the position to w, as far as w takes it.
func (f *File) WriteTo(w io.Writer) (int64, error) {
	rest := f.from(f.at)
	if len(rest) == 0 {
		return 0, nil
	}
	n, err := w.Write(rest)
	if n < 0 || n > len(rest) {
		panic("buffer: writer returned an invalid count from Write")
	}
	f.at += int64(n)
	if n < len(rest) && err == nil {
		err = io.ErrShortWrite
	}
	return int64(n), err
}

func errNegative(op string) error {
	return &fs.PathError{Op: op, Path: "buffer.File", Err: errors.New("negative offset")}
}
