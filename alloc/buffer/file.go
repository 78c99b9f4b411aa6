// SPDX-License-Identifier: Apache-2.0

package buffer

import (
	"errors"
	"io"
	"io/fs"
	"math"

	"github.com/ashlar-go/ashlar/alloc"
)

// A File is a file in memory outside the Go heap. Read and Write begin at its position, and
// Seek moves it. Reading discards nothing. Use a File for libraries that need an
// io.ReadWriteSeeker, an io.ReaderAt or an io.WriterAt.
//
// The zero value is empty and takes its memory from alloc.Default. A File is for one
// goroutine at a time, except that several may call ReadAt while nobody writes. It must not
// be copied after first use. Its memory leaks if the program does not call Close.
type File struct {
	data Buffer // its bytes are never marked as read
	at   int64
}

// NewFile returns an empty File that takes its memory from a; nil means alloc.Default.
func NewFile(a *alloc.Allocator) *File { return &File{data: Buffer{heap: a}} }

// Len returns the length in bytes.
func (f *File) Len() int { return f.data.Len() }

// Bytes returns all bytes of the File, without copying them. An access to the slice after the
// next change of the File reads or writes freed memory.
func (f *File) Bytes() []byte { return f.data.all[:f.Len():f.Len()] }

// Close frees the block. After that, writes return alloc.ErrClosed, reads return io.EOF, and
// Close does nothing. Close always returns nil.
func (f *File) Close() error {
	f.at = 0
	return f.data.Close()
}

// Truncate makes the File n bytes long. Added bytes are zero. The position stays. If there is
// no memory or n is negative, the error wraps one of package alloc's.
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

// ReadAt reads from byte off on into p. If there are fewer than len(p) bytes, it returns
// io.EOF with their number.
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

// Read reads from the position on, and moves the position by the number of bytes read. At the
// end it returns io.EOF, unless p is empty.
func (f *File) Read(p []byte) (int, error) {
	n := copy(p, f.from(f.at))
	f.at += int64(n)
	if n == 0 && len(p) > 0 {
		return 0, io.EOF
	}
	return n, nil
}

// WriteAt writes p at byte off. If off is beyond the end, it writes zeros in between. It
// writes all of p, or nothing if there is no memory. The error wraps one of package alloc's.
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

// Write writes p at the position as WriteAt does, and moves the position by the number of
// bytes written.
func (f *File) Write(p []byte) (int, error) {
	n, err := f.WriteAt(p, f.at)
	f.at += int64(n)
	return n, err
}

// Seek moves the position, which may be beyond the end. It returns an error if the position
// would be negative or whence is invalid.
func (f *File) Seek(offset int64, whence int) (int64, error) {
	switch whence {
	case io.SeekStart:
	case io.SeekCurrent:
		offset += f.at
	case io.SeekEnd:
		offset += int64(f.Len())
	default:
		return 0, errors.New("buffer: Seek: whence must be io.SeekStart, io.SeekCurrent or io.SeekEnd")
	}
	if offset < 0 {
		return 0, errNegative("seek")
	}
	f.at = offset
	return offset, nil
}

// WriteTo writes the bytes after the position to w, and moves the position by the number of
// bytes that w took. It panics if w returns an impossible count.
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
