// SPDX-License-Identifier: Apache-2.0

package buffer_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"testing/iotest"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/alloc/buffer"
)

// file has the methods that a File and an os.File share.
type file interface {
	io.ReadWriteSeeker
	io.ReaderAt
	io.WriterAt
	Truncate(int64) error
	Close() error
}

// newFile returns a File, and checks at the end of the test that Close frees its memory.
func newFile(t testing.TB) *buffer.File {
	t.Helper()
	heap := new(alloc.Allocator)
	f := buffer.NewFile(heap)
	t.Cleanup(func() {
		if err := errors.Join(f.Close(), f.Close()); err != nil {
			t.Error(err)
		}
		if s := heap.Stats(); s.Live() != 0 {
			t.Errorf("%d blocks are live after Close", s.Live())
		}
		if err := heap.Close(); err != nil {
			t.Error(err)
		}
	})
	return f
}

// step performs an operation and returns a description of its result. The description says of
// an error only whether it is io.EOF.
func step(f file, op, n int, off int64, text []byte) string {
	var k int
	var pos int64
	var err error
	p := make([]byte, n)
	switch op {
	case 0, 1:
		k, err = f.Write(text[:n])
	case 2:
		k, err = f.WriteAt(text[:n], off)
	case 3:
		k, err = f.Read(p)
	case 4:
		k, err = f.ReadAt(p, off)
	case 5:
		pos, err = f.Seek(off, io.SeekStart)
	case 6:
		pos, err = f.Seek(off-20_000, io.SeekCurrent)
	case 7:
		pos, err = f.Seek(off-40_000, io.SeekEnd)
	case 8:
		err = f.Truncate(off)
	}
	return fmt.Sprint(k, pos, err == nil, err == io.EOF, string(p[:k*(op/3%2)]))
}

// TestFileLikeOSFile performs operations on a File and on an os.File, and checks that the
// results agree.
func TestFileLikeOSFile(t *testing.T) {
	random := rand.New(rand.NewPCG(3, 4))
	text := make([]byte, 30_000)
	for i := range text {
		text[i] = byte(random.Uint32())
	}
	for round := range 30 {
		f := newFile(t)
		disk, err := os.Create(filepath.Join(t.TempDir(), "file"))
		if err != nil {
			t.Fatal(err)
		}
		for i := range 150 {
			op, n, off := random.IntN(9), random.IntN(len(text)), random.Int64N(50_000)
			if random.IntN(4) == 0 {
				n = 0
			}
			got, want := step(f, op, n, off, text), step(disk, op, n, off, text)
			if got != want {
				t.Fatalf("round %d, step %d: operation %d of %d bytes at %d: %.80q, want %.80q", round, i, op, n, off, got, want)
			}
			all, err := os.ReadFile(disk.Name())
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(f.Bytes(), all) || f.Len() != len(all) {
				t.Fatalf("round %d, step %d: %d bytes after operation %d, want %d", round, i, f.Len(), op, len(all))
			}
		}
		if err := disk.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestFileStandard: a File passes the standard library's tests of readers, and io.Copy copies
// it.
func TestFileStandard(t *testing.T) {
	f := newFile(t)
	text := bytes.Repeat([]byte("0123456789"), 5000)
	if n, err := io.Copy(f, bytes.NewReader(text)); n != 50_000 || err != nil {
		t.Fatal(n, err)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	if err := iotest.TestReader(f, text); err != nil {
		t.Error(err)
	}
	if _, err := f.Seek(49_995, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	var rest bytes.Buffer
	if n, err := io.Copy(&rest, f); n != 5 || err != nil || rest.String() != "56789" {
		t.Errorf("%d bytes copied, %q: %v", n, &rest, err)
	}
	if n, err := f.WriteTo(&rest); n != 0 || err != nil {
		t.Errorf("%d bytes beyond the end: %v", n, err)
	}
	if _, err := f.Seek(-4, io.SeekEnd); err != nil {
		t.Fatal(err)
	}
	if n, err := f.WriteTo(halfWriter{}); n != 2 || err != io.ErrShortWrite {
		t.Errorf("WriteTo a writer that takes half: %d, %v", n, err)
	}
}

// TestFileOwnBytes: a File can write its own bytes, though they move when it grows.
func TestFileOwnBytes(t *testing.T) {
	f := newFile(t)
	if _, err := f.Write([]byte("stone")); err != nil {
		t.Fatal(err)
	}
	want := []byte("stone")
	for len(want) < 1<<20 {
		if _, err := f.WriteAt(f.Bytes(), int64(f.Len())); err != nil {
			t.Fatal(err)
		}
		want = append(want, want...)
	}
	if !bytes.Equal(f.Bytes(), want) {
		t.Error("the File holds other bytes")
	}
}

func TestFileErrors(t *testing.T) {
	f := newFile(t)
	if _, err := f.Write([]byte("abc")); err != nil {
		t.Fatal(err)
	}
	for name, err := range map[string]error{
		"ReadAt":    second(f.ReadAt(make([]byte, 1), -1)),
		"WriteAt":   second(f.WriteAt([]byte("x"), -1)),
		"far":       second(f.WriteAt([]byte("x"), math.MaxInt64)),
		"Truncate":  f.Truncate(-1),
		"Seek":      second(f.Seek(-4, io.SeekEnd)),
		"from none": second(f.Seek(0, 3)),
		"huge":      f.Truncate(math.MaxInt64 - 1),
	} {
		if err == nil || string(f.Bytes()) != "abc" {
			t.Errorf("%s: %v, and the File holds %q", name, err, f.Bytes())
		}
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte("x")); !errors.Is(err, alloc.ErrClosed) {
		t.Errorf("Write after Close: %v", err)
	}
	if n, err := f.Read(make([]byte, 1)); n != 0 || err != io.EOF {
		t.Errorf("Read after Close: %d, %v", n, err)
	}
}

func second[T any](_ T, err error) error { return err }
