// SPDX-License-Identifier: Apache-2.0

package buffer_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/alloc/buffer"
)

// newBuffer returns a Buffer, and checks at the end of the test that Close frees its memory.
func newBuffer(t testing.TB) *buffer.Buffer {
	t.Helper()
	heap := new(alloc.Allocator)
	b := buffer.New(heap)
	t.Cleanup(func() {
		if err := errors.Join(b.Close(), b.Close()); err != nil {
			t.Error(err)
		}
		if s := heap.Stats(); s.Live() != 0 {
			t.Errorf("%d blocks are live after Close", s.Live())
		}
		if err := heap.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// compare performs operations on a Buffer and on a bytes.Buffer, and checks that the results
// agree.
func compare(t *testing.T, script []byte) {
	b, want := newBuffer(t), new(bytes.Buffer)
	next := func() int {
		if len(script) == 0 {
			return 0
		}
		n := int(script[0])
		script = script[1:]
		return n
	}
	text := bytes.Repeat([]byte("squared stone, ünd\n"), 1000)
	for len(script) > 0 {
		op, n := next()%16, next()*next()%len(text)
		got, exp := "", ""
		switch op {
		case 0, 1:
			m, err := b.Write(text[:n])
			k, _ := want.Write(text[:n])
			got, exp = fmt.Sprint(m, err), fmt.Sprint(k, nil)
		case 2:
			m, err := b.WriteString(string(text[:n]))
			k, _ := want.WriteString(string(text[:n]))
			got, exp = fmt.Sprint(m, err), fmt.Sprint(k, nil)
		case 3:
			got, exp = fmt.Sprint(b.WriteByte(byte(n))), fmt.Sprint(want.WriteByte(byte(n)))
		case 4:
			m, err := b.WriteRune(rune(n * 50))
			k, _ := want.WriteRune(rune(n * 50))
			got, exp = fmt.Sprint(m, err), fmt.Sprint(k, nil)
		case 5:
			p, q := make([]byte, n), make([]byte, n)
			m, err := b.Read(p)
			k, e := want.Read(q)
			got, exp = fmt.Sprint(m, err, string(p)), fmt.Sprint(k, e, string(q))
		case 6:
			c, err := b.ReadByte()
			d, e := want.ReadByte()
			got, exp = fmt.Sprint(c, err), fmt.Sprint(d, e)
		case 7:
			r, m, err := b.ReadRune()
			s, k, e := want.ReadRune()
			got, exp = fmt.Sprint(r, m, err), fmt.Sprint(s, k, e)
		case 8:
			got, exp = fmt.Sprint(b.UnreadByte() == nil), fmt.Sprint(want.UnreadByte() == nil)
		case 9:
			got, exp = fmt.Sprint(b.UnreadRune() == nil), fmt.Sprint(want.UnreadRune() == nil)
		case 10:
			got, exp = string(b.Next(n)), string(want.Next(n))
		case 11:
			if want.Len() == 0 { // bytes.Buffer can unread a byte that was not read
				continue
			}
			s, err := b.ReadString(byte('\n'))
			r, e := want.ReadString(byte('\n'))
			got, exp = fmt.Sprint(s, err), fmt.Sprint(r, e)
		case 12:
			n %= want.Len() + 1
			b.Truncate(n)
			want.Truncate(n)
		case 13:
			var v, w strings.Builder
			m, err := b.WriteTo(&v)
			k, e := want.WriteTo(&w)
			got, exp = fmt.Sprint(m, err, v.String()), fmt.Sprint(k, e, w.String())
		case 14: // bytes.Buffer can unread after Grow, a Buffer cannot
			got, exp = fmt.Sprint(b.Grow(n), b.UnreadByte(), b.UnreadRune()), fmt.Sprint(nil, buffer.ErrUnread, buffer.ErrUnread)
			want.Truncate(want.Len())
			if b.Available() < n {
				t.Fatalf("%d bytes available after Grow of %d", b.Available(), n)
			}
		case 15: // bytes of the Buffer itself; bytes.Buffer moves them before it copies them
			own := b.Bytes()
			own = own[min(n, len(own))/2 : min(n, len(own))]
			k, _ := want.Write(bytes.Clone(own))
			m, err := b.Write(own)
			got, exp = fmt.Sprint(m, err), fmt.Sprint(k, nil)
		}
		if got != exp {
			t.Fatalf("operation %d of %d: %.100q, want %.100q", op, n, got, exp)
		}
		if !bytes.Equal(b.Bytes(), want.Bytes()) || b.Len() != want.Len() || b.String() != want.String() {
			t.Fatalf("after operation %d of %d: %d bytes, want %d", op, n, b.Len(), want.Len())
		}
		if b.Len()+b.Available() > b.Cap() || cap(b.AvailableBuffer()) != b.Available() {
			t.Fatalf("%d unread and %d available of %d", b.Len(), b.Available(), b.Cap())
		}
	}
}

func TestLikeBytesBuffer(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		script := make([]byte, 300)
		for i := range script {
			script[i] = byte(random.Uint32())
		}
		compare(t, script)
	}
}

func FuzzLikeBytesBuffer(f *testing.F) {
	f.Add([]byte{0, 200, 90, 5, 10, 10, 8, 0, 0, 7, 0, 0, 9, 0, 0})
	f.Add([]byte{0, 255, 75, 10, 255, 40, 1, 255, 70, 13, 0, 0, 6, 0, 0})
	f.Fuzz(compare)
}

func TestReader(t *testing.T) {
	text := bytes.Repeat([]byte("0123456789"), 5000)
	b := newBuffer(t)
	if n, err := b.ReadFrom(iotest.HalfReader(bytes.NewReader(text))); n != 50_000 || err != nil {
		t.Fatalf("ReadFrom: %d, %v", n, err)
	}
	if err := iotest.TestReader(b, text); err != nil {
		t.Error(err)
	}
	failed := errors.New("failed")
	if n, err := b.ReadFrom(io.MultiReader(strings.NewReader("abc"), iotest.ErrReader(failed))); n != 3 || err != failed {
		t.Errorf("ReadFrom a reader that fails: %d, %v", n, err)
	}
	if n, err := b.WriteTo(iotest.TruncateWriter(io.Discard, 1)); n != 3 || err != nil {
		t.Errorf("WriteTo: %d, %v", n, err)
	}
	if _, err := b.WriteString("abcdef"); err != nil {
		t.Fatal(err)
	}
	if n, err := b.WriteTo(halfWriter{}); n != 3 || err != io.ErrShortWrite || b.String() != "def" {
		t.Errorf("WriteTo a writer that takes half: %d, %v, %q left", n, err, b)
	}
}

type halfWriter struct{}

func (halfWriter) Write(p []byte) (int, error) { return len(p) / 2, nil }

// TestGrow: the contents stay when a large block grows, also if it moves. A failure changes
// nothing.
func TestGrow(t *testing.T) {
	b := newBuffer(t)
	for i := range 1 << 20 {
		if err := b.WriteByte(byte(i * i >> 7)); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Grow(64 << 20); err != nil || b.Available() < 64<<20 {
		t.Fatalf("%d available: %v", b.Available(), err)
	}
	for i, c := range b.Bytes() {
		if c != byte(i*i>>7) {
			t.Fatalf("byte %d has changed", i)
		}
	}
	for n, want := range map[int]error{-1: alloc.ErrInvalidSize, math.MaxInt: alloc.ErrInvalidSize} {
		if err := b.Grow(n); !errors.Is(err, want) || b.Len() != 1<<20 {
			t.Errorf("Grow(%d): %v, want %v", n, err, want)
		}
	}
	b.Reset()
	if b.Len() != 0 || b.Cap() < 64<<20 {
		t.Errorf("after Reset: %d of %d", b.Len(), b.Cap())
	}
}

// TestLimit: lack of memory loses no bytes.
func TestLimit(t *testing.T) {
	heap, err := alloc.NewAllocator(alloc.Options{Limit: 4 << 20})
	if err != nil {
		t.Fatal(err)
	}
	b := buffer.New(heap)
	n, err := b.ReadFrom(io.LimitReader(zeros{}, 100<<20))
	if !errors.Is(err, alloc.ErrLimit) || n != int64(b.Len()) || n < 1<<20 {
		t.Errorf("%d bytes read, %d there: %v", n, b.Len(), err)
	}
	if m, err := b.Write(make([]byte, 8<<20)); m != 0 || !errors.Is(err, alloc.ErrLimit) || int64(b.Len()) != n {
		t.Errorf("Write: %d, %v", m, err)
	}
	if err := errors.Join(b.Close(), heap.Close()); err != nil {
		t.Error(err)
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

// TestQueue: a buffer that is written and read in turn does not grow without end.
func TestQueue(t *testing.T) {
	b := newBuffer(t)
	for range 10_000 {
		if _, err := b.Write(make([]byte, 1000)); err != nil {
			t.Fatal(err)
		}
		if b.Len() > 3000 {
			b.Next(1000)
		}
	}
	if b.Cap() > 16<<10 {
		t.Errorf("%d bytes hold %d", b.Cap(), b.Len())
	}
}

func TestClosed(t *testing.T) {
	b := newBuffer(t)
	if _, err := b.WriteString("gone"); err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := b.WriteString("x"); !errors.Is(err, alloc.ErrClosed) {
		t.Errorf("Write: %v", err)
	}
	if err := b.Grow(100); !errors.Is(err, alloc.ErrClosed) {
		t.Errorf("Grow: %v", err)
	}
	if _, err := b.ReadByte(); err != io.EOF || b.Len() != 0 {
		t.Errorf("ReadByte: %v", err)
	}
}

func TestPool(t *testing.T) {
	var heap alloc.Allocator
	p := buffer.NewPool(&heap)
	a, b := p.Get(5000), p.Get(0)
	if len(a) != 5000 || cap(a) < 5000 || len(b) != 0 {
		t.Errorf("%d of %d, and %d", len(a), cap(a), len(b))
	}
	p.Put(a[:10])
	p.Put(b)
	p.Put(nil)
	for name, misuse := range map[string]func(){
		"twice":     func() { p.Put(a) },
		"elsewhere": func() { p.Put(make([]byte, 100)) },
		"its end":   func() { c := p.Get(100); defer p.Put(c); p.Put(c[1:]) },
	} {
		func() {
			defer func() {
				if _, ok := recover().(*alloc.MisuseError); !ok {
					t.Errorf("%s: no *MisuseError", name)
				}
			}()
			misuse()
		}()
	}
	if b, err := p.TryGet(-1); b != nil || !errors.Is(err, alloc.ErrInvalidSize) {
		t.Errorf("TryGet(-1): %v, %v", b, err)
	}
	func() {
		defer func() {
			if err, ok := recover().(*alloc.Error); !ok || !errors.Is(err, alloc.ErrInvalidSize) {
				t.Errorf("Get(-1): %v", err)
			}
		}()
		p.Get(-1)
	}()
	if err := heap.Close(); err != nil {
		t.Error(err)
	}
}
