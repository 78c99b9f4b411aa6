// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/vm"
	"github.com/ashlar-go/ashlar/stats"
)

// siteA allocates and siteF frees, so that tests can look for their names in reports.
//
//go:noinline
func siteA(t *testing.T, a *Allocator, size int) unsafe.Pointer { return alloc(t, a, size) }

//go:noinline
func siteF(a *Allocator, p unsafe.Pointer) { a.Free(p) }

// checkedSizes are sizes of small blocks and of a large object.
var checkedSizes = []int{0, 1, 16, 100, 4096, 5000, 100_000, sizeclass.LargeMin - 1, sizeclass.LargeMin, 1<<20 + 1000}

// scribble writes n bytes at p.
func scribble(p unsafe.Pointer, n int) {
	for i := range n {
		bytesAt(p, n)[i] = byte(i + 1)
	}
}

// TestCheckedRedzones: every operation on the block detects a write beyond either end. It
// reports the address, the bytes and the stack of the allocation, once.
func TestCheckedRedzones(t *testing.T) {
	if raceEnabled {
		t.Log("the detector does not see into the checker's own locks")
	}
	looks := map[string]func(a *Allocator, p unsafe.Pointer){
		"Free":       func(a *Allocator, p unsafe.Pointer) { a.Free(p) },
		"Realloc":    func(a *Allocator, p unsafe.Pointer) { _, _ = a.Realloc(p, 10) },
		"Recalloc":   func(a *Allocator, p unsafe.Pointer) { _, _ = a.Recalloc(p, 1, 10) },
		"UsableSize": func(a *Allocator, p unsafe.Pointer) { UsableSize(p) },
	}
	for _, size := range checkedSizes {
		for op, look := range looks {
			for _, n := range []int{1, 8, 16} {
				name := fmt.Sprintf("%s/size=%d/by=%d", op, size, n)
				t.Run(name, func(t *testing.T) {
					a := open(t, strict)
					p := siteA(t, a, size)
					want := MisuseError{Kind: Overflow, Op: op, Addr: raw.Addr(p), Block: raw.Addr(p), Size: size, State: "live"}
					scribble(at(p, size), n)
					wantMisuse(t, func() { look(a, p) }, want, bytesOf(n)+" beyond the end",
						fmt.Sprintf("offset %d: 01", size), "allocated by", "siteA")
					scribble(at(p, -n), n)
					want.Kind = Underflow
					wantMisuse(t, func() { look(a, p) }, want, bytesOf(n)+" before the start",
						fmt.Sprintf("offset -%d: 01", n), "siteA")
					if err := a.Inspect().Verify(); err != nil {
						t.Errorf("reported too early: %v", err)
					}
					a.Free(p)
				})
			}
		}
	}
}

// TestCheckedDistance: the redzone after a block extends to the end of the inner block, but
// not farther than zoneMax.
func TestCheckedDistance(t *testing.T) {
	a := open(t, strict)
	for _, size := range checkedSizes {
		p := alloc(t, a, size)
		b := checkedAt(a.checker().blocks.Find(raw.Addr(p)))
		for _, off := range []int{size, size + 1, size + int(b.after) - 1, -1, -int(b.front())} {
			was := bytesAt(at(p, off), 1)[0]
			for _, v := range []byte{0, was + 1, 0xff} {
				bytesAt(at(p, off), 1)[0] = v
				var m *MisuseError
				if err := a.Inspect().Verify(); !errors.As(err, &m) || m.Block != raw.Addr(p) || !strings.Contains(m.Detail, fmt.Sprintf("offset %d: %02x", off, v)) {
					t.Errorf("size %d: %#x at offset %d: %v", size, v, off, err)
				}
			}
			bytesAt(at(p, off), 1)[0] = was
		}
		if b.after < zoneMin || b.front() < zoneMin || raw.Addr(p) != b.Addr {
			t.Errorf("size %d: %+v", size, *b)
		}
		a.Free(p)
	}
}

// TestCheckedFreed: an operation on a freed block is reported with the stacks of the
// allocation and of the free.
func TestCheckedFreed(t *testing.T) {
	for _, size := range checkedSizes {
		t.Run(fmt.Sprintf("size=%d", size), func(t *testing.T) {
			a := open(t, strict)
			l := local(t, a)
			p := siteA(t, a, size)
			siteF(a, p)
			for op, use := range map[string]func(){
				"Free":       func() { l.Free(p) },
				"Realloc":    func() { _, _ = a.Realloc(p, 2*size+1) },
				"UsableSize": func() { UsableSize(p) },
			} {
				want := MisuseError{Kind: freedTo(op), Op: op, Addr: raw.Addr(p), Block: raw.Addr(p), Size: size, State: "free"}
				wantMisuse(t, use, want, "free already", "allocated by", "siteA", "freed by", "siteF")
			}
			if size == 0 {
				return
			}
			want := MisuseError{Kind: InvalidPointer, Op: "Free", Addr: raw.Addr(p) + uintptr(size)/2, Block: raw.Addr(p), Size: size, State: "free"}
			if size > 1 {
				wantMisuse(t, func() { a.Free(at(p, size/2)) }, want, "inside a block", "siteF")
			}
		})
	}
}

// TestCheckedInside: an operation on an address inside a block is reported with a
// description of the block.
func TestCheckedInside(t *testing.T) {
	for _, size := range []int{100, 1 << 20} {
		a := open(t, strict)
		p := alloc(t, a, size)
		want := MisuseError{Kind: InvalidPointer, Op: "Free", Block: raw.Addr(p), Size: size, State: "live"}
		for _, c := range []struct {
			off   int
			words string
		}{
			{1, "1 byte inside"}, {16, "16 bytes inside"}, {size - 1, "inside"}, {-16, "16 bytes before the start"},
			{size, "0 bytes beyond the end"}, {size + 8, "8 bytes beyond the end"}, {-1, "1 byte before"},
		} {
			want.Addr = raw.Addr(p) + uintptr(c.off)
			wantMisuse(t, func() { a.Free(at(p, c.off)) }, want, c.words)
		}
		want.Op, want.Addr = "UsableSize", raw.Addr(p)-zoneMin
		wantMisuse(t, func() { UsableSize(at(p, -zoneMin)) }, want, "before the start")
		a.Free(p)
	}
}

// TestCheckedWriteAfterFree: a write to a freed block is detected by Verify, when the block
// leaves the quarantine, and by Close.
func TestCheckedWriteAfterFree(t *testing.T) {
	finds := map[string]func(a *Allocator) error{
		"Verify": func(a *Allocator) error { return a.Inspect().Verify() },
		"Trim": func(a *Allocator) error {
			err, _ := panicOf(func() { a.Trim() }).(error)
			return err
		},
		"Free": func(a *Allocator) error { // until the block leaves the quarantine
			for range 100_000 {
				p, err := a.Malloc(50_000)
				if err != nil {
					return err
				}
				if err, ok := panicOf(func() { a.Free(p) }).(error); ok {
					return err
				}
			}
			return nil
		},
		"Close": func(a *Allocator) error { return a.Close() },
	}
	for op, find := range finds {
		for _, size := range []int{1, 100, 5000, 100_000, 1<<20 + 1000} {
			t.Run(fmt.Sprintf("%s/size=%d", op, size), func(t *testing.T) {
				a, err := NewAllocator(strict)
				if err != nil {
					t.Fatal(err)
				}
				defer a.Close()
				p := siteA(t, a, size)
				siteF(a, p)
				off := size - 1 // for a large object: after its last whole page
				bytesAt(p, size)[off] = 7
				err = find(a)
				want := fmt.Sprintf("1 byte of the block, after it was freed, was overwritten, the first at offset %d: 07", off)
				var m *MisuseError
				if !errors.As(err, &m) || m.Op != op || m.Block != raw.Addr(p) || m.Size != size || m.State != "free" || m.Kind != UseAfterFree ||
					m.Detail != want || !has(m.Allocated, "siteA") || !has(m.Freed, "siteF") {
					t.Errorf("%v\nwant %q", err, want)
				}
			})
		}
	}
}

// TestCheckedReadAfterFree: freed small blocks are filled with a pattern; freed large
// objects are inaccessible.
func TestCheckedReadAfterFree(t *testing.T) {
	vm.Require(t, vm.Guards)
	a := open(t, strict)
	p := alloc(t, a, 100)
	clear(bytesAt(p, 100))
	a.Free(p)
	if got := bytesAt(p, 100); !bytes.Equal(got, bytes.Repeat([]byte{0xdf}, 100)) {
		t.Errorf("a freed block holds % x", got)
	}
	const size = 1<<20 + 1000
	q := siteA(t, a, size)
	siteF(a, q)
	for _, write := range []bool{false, true} {
		err := Catch(func() {
			b := bytesAt(q, size)
			if write {
				b[size/2] = 1
			} else if b[size/2] == 1 {
				panic("a byte that is not there")
			}
		})
		var m *MisuseError
		if !errors.As(err, &m) || m.Kind != UseAfterFree || m.Op != "access" || m.Addr != faultAddr(raw.Addr(q)+size/2) || m.Block != raw.Addr(q) ||
			!has(m.Allocated, "siteA") || !has(m.Freed, "siteF") || !has(m.Used, "TestCheckedReadAfterFree.func1") {
			t.Errorf("%v", err)
		}
	}
	if m, ok := Describe(raw.Addr(q) + size/2); !ok || m.Block != raw.Addr(q) {
		t.Errorf("Describe: %v, %v", m, ok)
	}
	live := alloc(t, a, size)
	if m, ok := Describe(raw.Addr(live) + size/2); ok {
		t.Errorf("Describe of a live object: %v", m)
	}
	a.Free(live)
}

// TestCheckedContents: new blocks hold junk, except those of Calloc and Recalloc, which are
// zeroed. Realloc keeps the contents and always moves the block.
func TestCheckedContents(t *testing.T) {
	a := open(t, strict)
	for _, size := range []int{1, 100, 5000, 100_000, 1 << 20} {
		p := alloc(t, a, size)
		if b := bytesAt(p, size); size < sizeclass.LargeMin && bytes.Count(b, []byte{0xa5}) != size {
			t.Errorf("a fresh block of %d bytes does not hold junk", size)
		}
		fill(bytesAt(p, size), 1)
		for range 3 {
			q, err := a.Realloc(p, size)
			if must(t, q, err); q == p || !filled(bytesAt(q, size), 1) {
				t.Errorf("Realloc of %d bytes from %p to %p", size, p, q)
			}
			p = q
		}
		q, err := a.Recalloc(p, size/2, 2*size)
		if must(t, q, err); !filled(bytesAt(q, size/2), 1) || !zero(bytesAt(q, 2*size)[size/2:]) {
			t.Errorf("Recalloc of %d bytes lost contents", size)
		}
		a.Free(q)
		z, err := a.Calloc(size, 2)
		if must(t, z, err); !zero(bytesAt(z, 2*size)) {
			t.Errorf("Calloc of %d bytes is not zero", 2*size)
		}
		a.Free(z)
	}
}

// TestCheckedTypes: freeing a block as another type, or as more elements than it has, is
// reported. A smaller capacity is accepted.
func TestCheckedTypes(t *testing.T) {
	a := open(t, strict)
	p, err := New[[3]uint32](a)
	if err != nil {
		t.Fatal(err)
	}
	want := MisuseError{Kind: TypeMismatch, Op: "Free", Addr: raw.Addr(unsafe.Pointer(p)), Block: raw.Addr(unsafe.Pointer(p)), Size: 12, State: "live"}
	wantMisuse(t, func() { Free(a, (*[4]uint32)(unsafe.Pointer(p))) }, want, "freed as a value of 16 bytes, but 12 bytes were requested")
	wantMisuse(t, func() { Free(a, (*uint32)(unsafe.Pointer(p))) }, want, "freed as a value of 4 bytes")
	Free(a, p)
	Free[int](a, nil)

	for _, n := range []int{0, 1, 7, 1000, 100_000} {
		s, err := MakeSlice[uint32](a, n, n)
		if err != nil {
			t.Fatal(err)
		}
		s = s[:cap(s)]
		for i := range s {
			s[i] = 1
		}
		if s, err = Append(a, s, 1, 2, 3); err != nil {
			t.Fatal(err)
		}
		if s, err = Resize(a, s, n); err != nil {
			t.Fatal(err)
		}
		base := raw.Addr(unsafe.Pointer(unsafe.SliceData(s)))
		want := MisuseError{Kind: TypeMismatch, Op: "Free", Addr: base, Block: base, Size: cap(s) * 4, State: "live"}
		wide := unsafe.Slice((*uint64)(unsafe.Pointer(unsafe.SliceData(s))), cap(s))
		if n > 0 {
			wantMisuse(t, func() { FreeSlice(a, wide) }, want, "another type")
			FreeSlice(a, s[:1:1])
		} else {
			FreeSlice(a, s)
		}
	}
	FreeSlice[int](a, nil)
}

// TestCheckedLeaks: Close reports exactly the live blocks, by allocation stack.
func TestCheckedLeaks(t *testing.T) {
	var out bytes.Buffer
	o := strict
	o.Leaks, o.ProfileRate = &out, -1
	a, err := NewAllocator(o)
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		siteA(t, a, 100)
	}
	siteA(t, a, 1<<20)
	siteF(a, siteA(t, a, 200))
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	if text := out.String(); !strings.Contains(text, "4 blocks") || !strings.Contains(text, "siteA") || strings.Contains(text, "siteF") {
		t.Errorf("the report:\n%s", text)
	}
}

// TestCheckedQuarantine: the quarantine is bounded. The statistics count its blocks once,
// as quarantined. It is emptied when memory is short.
func TestCheckedQuarantine(t *testing.T) {
	o := strict
	o.Limit = 8 << 20
	a := open(t, o)
	sum := func() (s stats.Snapshot) {
		s = a.Stats()
		if got, want := s.Memory.Total(), s.Mapped.Now+s.Metadata.Mapped; got != want {
			t.Fatalf("the memory sums to %d bytes, %d are mapped", got, want)
		}
		return s
	}
	for i := range 20_000 {
		size := i % 3000
		if i%100 == 0 {
			size = 130_000 + i
		}
		a.Free(alloc(t, a, size))
		if i%1000 != 0 {
			continue
		}
		if s := sum(); s.Memory.Quarantined > o.Quarantine && i%100 != 0 || s.Memory.Quarantined == 0 || s.Live() != 0 || s.Memory.Requested != 0 {
			t.Fatalf("%d bytes are in quarantine, %d blocks live", s.Memory.Quarantined, s.Live())
		}
	}
	p, q := alloc(t, a, 100), alloc(t, a, 200_000)
	if s := sum(); s.Live() != 2 || s.Memory.Requested != 100 || s.Memory.LargeRequested != 200_000 {
		t.Errorf("requested: %d, %d; live: %d", s.Memory.Requested, s.Memory.LargeRequested, s.Live())
	}
	a.Free(p)
	a.Free(q)
	for range 30 { // each takes more than half of the limit, and the previous one is in quarantine
		a.Free(alloc(t, a, 5<<20))
	}
	a.Trim()
	if s := sum(); s.Memory.Quarantined != 0 {
		t.Errorf("after Trim %d bytes are in quarantine", s.Memory.Quarantined)
	}
	drained(t, a)
}

// TestVerifyHeaders: Verify finds an overwritten header of a large object in every mode.
func TestVerifyHeaders(t *testing.T) {
	a := open(t, still)
	p := alloc(t, a, 1<<20)
	if err := a.Inspect().Verify(); err != nil {
		t.Fatal(err)
	}
	was := bytesAt(at(p, -8), 8)[3]
	bytesAt(at(p, -8), 8)[3]++
	var m *MisuseError
	if err := a.Inspect().Verify(); !errors.As(err, &m) || m.Kind != DamagedHeader || m.Op != "Verify" || m.Block != raw.Addr(p) || !strings.Contains(m.Detail, "header was overwritten") {
		t.Errorf("Verify: %v", err)
	}
	bytesAt(at(p, -8), 8)[3] = was
	a.Free(p)
}

// On kernels without guard markers (before Linux 6.13), making pages in quarantine
// inaccessible splits mappings. The account of mappings includes each of them.
func TestCheckedWithoutGuardMarkers(t *testing.T) {
	vm.Require(t, vm.Guards)
	a := open(t, strict)
	vm.Inject(func(op vm.Op) error {
		if op == vm.OpGuard {
			return syscall.EINVAL
		}
		return nil
	})
	defer vm.Inject(nil)
	var freed []unsafe.Pointer
	for _, size := range []int{100, 9000, 100 << 10, 128 << 10, 200 << 10} {
		p := alloc(t, a, size)
		fill(bytesAt(p, size), 1)
		a.Free(p)
		freed = append(freed, p)
		if err := a.checkInvariants(); err != nil {
			t.Errorf("%d bytes in quarantine: %v", size, err)
		}
	}
	err := Catch(func() { bytesAt(freed[4], 200<<10)[100<<10]++ })
	if m := (*MisuseError)(nil); !errors.As(err, &m) || m.Kind != UseAfterFree {
		t.Errorf("a use after free: %v", err)
	}
	for range 10 { // leaves the quarantine
		a.Free(alloc(t, a, 100<<10))
	}
	if err := a.checkInvariants(); err != nil {
		t.Error(err)
	}
}
