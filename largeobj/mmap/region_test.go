// SPDX-License-Identifier: Apache-2.0

package mmap

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// must ends the test at an error. It skips the test on a platform that the package does
// not support.
func must(t testing.TB, err error) {
	t.Helper()
	if errors.Is(err, ErrUnsupported) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// closeLater closes a region at the end of the test.
func closeLater(t testing.TB, r *Region, err error) *Region {
	t.Helper()
	must(t, err)
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// balanced checks at the end of the test that the totals of regions are as they are now.
func balanced(t testing.TB) {
	t.Helper()
	before := Sum()
	t.Cleanup(func() {
		remains.retry()
		after := Sum()
		before.MappedPeak, before.ChargedPeak = after.MappedPeak, after.ChargedPeak
		if after != before {
			t.Errorf("left behind: %+v, was %+v", after, before)
		}
	})
}

// newFile returns the path of a file with text in it.
func newFile(t testing.TB, text []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	must(t, os.WriteFile(path, text, 0o600))
	return path
}

var sharedNames atomic.Int64

// sharedName returns a name that no other shared object has.
func sharedName(t testing.TB) string {
	t.Helper()
	name := fmt.Sprintf("ashlar-test-%d-%d", os.Getpid(), sharedNames.Add(1))
	t.Cleanup(func() { _ = RemoveShared(name) })
	return name
}

// A maker makes a region of n zeroed bytes that can be written and resized.
type maker struct {
	name string
	make func(t testing.TB, n int) (*Region, error)
}

// makers returns a maker for each kind of region, and for each option.
func makers() []maker {
	anonymous := func(o MapOptions) func(testing.TB, int) (*Region, error) {
		return func(_ testing.TB, n int) (*Region, error) { return Map(n, o) }
	}
	shared := func(o SharedOptions) func(testing.TB, int) (*Region, error) {
		return func(t testing.TB, n int) (*Region, error) { return MapShared(sharedName(t), n, o) }
	}
	file := func(o FileOptions) func(testing.TB, int) (*Region, error) {
		return func(t testing.TB, n int) (*Region, error) {
			o.Length, o.Mode = n, FileShared
			return MapFile(newFile(t, nil), o)
		}
	}
	return []maker{
		{"anonymous", anonymous(MapOptions{})},
		{"guards", anonymous(MapOptions{Options: Options{GuardPages: true}})},
		{"aligned", anonymous(MapOptions{Options: Options{Align: 1 << 20, Populate: true}})},
		{"transparent", anonymous(MapOptions{Options: Options{HugePages: TransparentPages}})},
		{"explicit", anonymous(MapOptions{Options: Options{HugePages: ExplicitPages, GuardPages: true}})},
		{"secret", anonymous(MapOptions{Secret: true})},
		{"secret without memfd_secret", func(_ testing.TB, n int) (*Region, error) {
			vm.Inject(func(op vm.Op) error {
				if op == vm.OpSecret {
					return errInjected
				}
				return nil
			})
			defer vm.Inject(nil)
			return Map(n, MapOptions{Secret: true})
		}},
		{"memfd", func(_ testing.TB, n int) (*Region, error) { return MapShared("", n, SharedOptions{}) }},
		{"memfd, guards", func(_ testing.TB, n int) (*Region, error) {
			return MapShared("", n, SharedOptions{Options: Options{GuardPages: true, Name: "named"}})
		}},
		{"named", shared(SharedOptions{})},
		{"named, sparse", shared(SharedOptions{Sparse: true, Options: Options{HugePages: TransparentPages}})},
		{"file", file(FileOptions{})},
		{"file, guards", file(FileOptions{Options: Options{GuardPages: true}, Sparse: true})},
		{"window", file(FileOptions{Offset: 5000})},
	}
}

// eachKind runs a test on a region of n bytes of every kind.
func eachKind(t *testing.T, n int, test func(t *testing.T, r *Region)) {
	for _, m := range makers() {
		t.Run(m.name, func(t *testing.T) {
			balanced(t)
			r, err := m.make(t, n)
			test(t, closeLater(t, r, err))
		})
	}
}

// paint writes a pattern over b that depends on the position.
func paint(b []byte) {
	for i := range b {
		b[i] = byte(i%251 + 1)
	}
}

// painted fails the test if b is not what paint wrote.
func painted(t testing.TB, b []byte) {
	t.Helper()
	for i := range b {
		if b[i] != byte(i%251+1) {
			t.Fatalf("byte %d of %d is %d, not of the pattern", i, len(b), b[i])
		}
	}
}

func isZero(b []byte) bool { return len(bytes.Trim(b, "\x00")) == 0 }

func allZero(t testing.TB, b []byte) {
	t.Helper()
	if !isZero(b) {
		t.Fatalf("%d bytes are not zeroed", len(b))
	}
}

func TestRegion(t *testing.T) {
	const n = 100_000
	eachKind(t, n, func(t *testing.T, r *Region) {
		b := r.Bytes()
		if len(b) != n || cap(b) != n || r.Len() != n {
			t.Fatalf("%d bytes, capacity %d, Len %d, want %d", len(b), cap(b), r.Len(), n)
		}
		allZero(t, b)
		paint(b)
		painted(t, r.Bytes())
		for range 2 {
			must(t, r.Close())
			if r.Bytes() != nil || r.Len() != 0 {
				t.Errorf("a closed region has %d bytes", r.Len())
			}
		}
	})
}

func TestRegionAddress(t *testing.T) {
	for _, align := range []int{1, 64, 4096, 1 << 16, 1 << 22} {
		for _, guards := range []bool{false, true} {
			balanced(t)
			r, err := Map(100, MapOptions{Options: Options{Align: align, GuardPages: guards}})
			closeLater(t, r, err)
			for _, n := range []int{100, 1 << 20, 5000} {
				must(t, r.Resize(n))
				if at := raw.Addr(ptr(r.Bytes())); at%uintptr(align) != 0 || at%vm.PageSize() != 0 {
					t.Errorf("alignment %d: %d bytes at %#x", align, n, at)
				}
			}
		}
	}
}

func TestRegionResize(t *testing.T) {
	const n = 100_000
	eachKind(t, n, func(t *testing.T, r *Region) {
		paint(r.Bytes())
		for _, size := range []int{n + 1, 10 * n, n, 5000, 1, 3 * n} {
			before := r.Len()
			must(t, r.Resize(size))
			b := r.Bytes()
			if len(b) != size || r.Len() != size {
				t.Fatalf("%d bytes, Len %d, want %d", len(b), r.Len(), size)
			}
			kept := min(before, size)
			painted(t, b[:kept])
			allZero(t, b[kept:])
			paint(b)
		}
	})
}

// Writing all bytes of a region leaves its header intact. Resize and Close report a header
// that was overwritten.
func TestRegionUnderflow(t *testing.T) {
	balanced(t)
	for _, distance := range []int{1, 8, 9, 24, 64} {
		r, err := Map(1000, MapOptions{})
		must(t, err)
		paint(r.Bytes())
		must(t, r.Resize(2000))
		*raw.At[byte](r.base() - uintptr(distance)) ^= 0x10
		if err := r.Resize(3000); !errors.Is(err, ErrDamaged) || r.Len() != 2000 {
			t.Errorf("Resize with byte -%d changed: %v", distance, err)
		}
		if err := r.Close(); !errors.Is(err, ErrDamaged) {
			t.Errorf("Close with byte -%d changed: %v", distance, err)
		}
		must(t, r.Close())
	}
}

func TestRegionBadLengths(t *testing.T) {
	balanced(t)
	shared := func(n int) error { _, err := MapShared("", n, SharedOptions{}); return err }
	private := func(n int) error { _, err := Map(n, MapOptions{}); return err }
	file := func(n int) error {
		_, err := MapFile(newFile(t, nil), FileOptions{Length: n, Mode: FileShared, Sparse: true})
		return err
	}
	r := closeLater(t, mapped(t, 100), nil)
	for name, f := range map[string]func(int) error{"Map": private, "MapShared": shared, "MapFile": file, "Resize": r.Resize} {
		for _, n := range []int{-1, 0, -1 << 31, int(^uint(0) >> 1)} {
			if name == "MapFile" && n == 0 {
				continue
			}
			err := f(n)
			var e *Error
			if err == nil || !errors.As(err, &e) || e.Size != n || e.Op != name {
				t.Errorf("%s(%d): %v", name, n, err)
			}
		}
	}
	if r.Len() != 100 {
		t.Errorf("%d bytes", r.Len())
	}
}

// mapped returns a region of n anonymous bytes.
func mapped(t testing.TB, n int) *Region {
	t.Helper()
	r, err := Map(n, MapOptions{})
	must(t, err)
	return r
}

func TestRegionBadOptions(t *testing.T) {
	balanced(t)
	path := newFile(t, make([]byte, 100))
	shared := func(m fs.FileMode) FileOptions { return FileOptions{Mode: FileShared, Create: true, Permissions: m} }
	for name, f := range map[string]func() (*Region, error){
		"permissions":           func() (*Region, error) { return MapFile(path, shared(fs.ModeDir|0o600)) },
		"permissions, shared":   func() (*Region, error) { return MapShared("", 1, SharedOptions{Permissions: fs.ModeSticky}) },
		"permissions, not made": func() (*Region, error) { return MapFile(path, FileOptions{Permissions: 0o644}) },
		"sparse, read-only":     func() (*Region, error) { return MapFile(path, FileOptions{Sparse: true}) },
		"beyond, no length":     func() (*Region, error) { return MapFile(path, FileOptions{Beyond: true}) },
		"negative length":       func() (*Region, error) { return MapFile(path, FileOptions{Length: -1}) },
		"open mode":             func() (*Region, error) { return MapShared("", 1, SharedOptions{Open: 9}) },
		"memfd that must exist": func() (*Region, error) { return MapShared("", 1, SharedOptions{Open: MustExist}) },
		"alignment 3":           func() (*Region, error) { return Map(1, MapOptions{Options: Options{Align: 3}}) },
		"alignment -1":          func() (*Region, error) { return Map(1, MapOptions{Options: Options{Align: -1}}) },
		"huge pages":            func() (*Region, error) { return Map(1, MapOptions{Options: Options{HugePages: 9}}) },
		"mode":                  func() (*Region, error) { return MapFile(path, FileOptions{Mode: 9}) },
		"offset":                func() (*Region, error) { return MapFile(path, FileOptions{Offset: -1}) },
		"offset beyond the end": func() (*Region, error) { return MapFile(path, FileOptions{Offset: 101}) },
		"end overflows": func() (*Region, error) {
			return MapFile(path, FileOptions{Offset: 1<<63 - 10, Length: 100, Mode: FileShared})
		},
		"made read-only":   func() (*Region, error) { return MapFile(path, FileOptions{Create: true}) },
		"directory":        func() (*Region, error) { return MapFile(t.TempDir(), FileOptions{}) },
		"shared name":      func() (*Region, error) { return MapShared("a/b", 100, SharedOptions{}) },
		"hidden name":      func() (*Region, error) { return MapShared(".a", 100, SharedOptions{}) },
		"read-only memfd":  func() (*Region, error) { return MapShared("", 100, SharedOptions{ReadOnly: true}) },
		"read-only object": func() (*Region, error) { return MapShared(sharedName(t), 100, SharedOptions{ReadOnly: true}) },
	} {
		r, err := f()
		if errors.Is(err, ErrUnsupported) {
			t.Skip(err)
		}
		if !errors.Is(err, ErrInvalid) || r != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if info, err := os.Stat(path); err != nil || info.Size() != 100 {
		t.Errorf("the file: %v, %v", info, err)
	}
}

func TestRegions(t *testing.T) {
	balanced(t)
	before := Sum()
	r, err := Map(100_000, MapOptions{Options: Options{Name: "counted", GuardPages: true, Lock: true}})
	closeLater(t, r, err)
	find := func() (found Info) {
		for _, info := range Regions() {
			if info.Name == "counted" {
				found = info
			}
		}
		return found
	}
	page := int(vm.PageSize())
	body := int(raw.AlignUp(100_000, vm.PageSize())) + page
	want := Info{
		Name: "counted", Kind: Anonymous, Addr: raw.Addr(ptr(r.Bytes())), Len: 100_000,
		Mapped: body + 2*page, Charged: body, Locked: true,
	}
	if got := find(); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	after := Sum()
	if after.Regions != before.Regions+1 || after.Mapped != before.Mapped+int64(want.Mapped) ||
		after.Charged != before.Charged+int64(want.Charged) || after.Mappings != before.Mappings+3 {
		t.Errorf("%+v, was %+v", after, before)
	}
	must(t, r.Unlock())
	must(t, r.Resize(10))
	if got := find(); got.Locked || got.Len != 10 || got.Addr != raw.Addr(ptr(r.Bytes())) {
		t.Errorf("%+v", got)
	}
	must(t, r.Close())
	if got := find(); got != (Info{}) {
		t.Errorf("closed: %+v", got)
	}
}

func TestNothingMapsNothing(t *testing.T) {
	balanced(t)
	for _, mode := range []FileMode{FileReadOnly, FileShared, FileCopyOnWrite} {
		path := newFile(t, nil)
		r, err := MapFile(path, FileOptions{Mode: mode, Options: Options{Lock: true}})
		closeLater(t, r, err)
		if r.Len() != 0 || r.Bytes() == nil || len(r.Bytes()) != 0 {
			t.Errorf("%v: %d bytes", mode, r.Len())
		}
		must(t, errors.Join(r.Advise(AdviseSequential), r.Sync(), r.Lock(), r.Protect(NoAccess), r.Catch(func(b []byte) error {
			if len(b) != 0 {
				t.Errorf("%d bytes", len(b))
			}
			return nil
		})))
		if err := r.Resize(10); mode != FileShared {
			if !errors.Is(err, ErrTruncated) || r.Len() != 0 {
				t.Errorf("%v: %v, %d bytes", mode, err, r.Len())
			}
			continue
		} else if err != nil {
			t.Fatal(err)
		}
		copy(r.Bytes(), "0123456789")
		if text, err := os.ReadFile(path); err != nil || !bytes.Equal(text, []byte("0123456789")) {
			t.Errorf("the file says %q, %v", text, err)
		}
	}
}

// TestPeakOfRefused: memory that the kernel refused is not charged, so it does not raise the
// peak.
func TestPeakOfRefused(t *testing.T) {
	balanced(t)
	const longest = maxLength/2 - 1
	r := closeLater(t, mapped(t, 5000), nil)
	before := Sum()
	refuse(vm.OpMap, vm.OpRemap)
	defer vm.Inject(nil)
	_, anonymous := Map(longest, MapOptions{})
	_, aligned := Map(longest, MapOptions{Options: Options{GuardPages: true, HugePages: TransparentPages}})
	refused := []error{anonymous, aligned, r.Resize(longest)}
	if vm.Able(vm.SharedMemory) {
		_, shared := MapShared("", min(longest, maxLength>>22), SharedOptions{}) // disks have limits, too
		refused = append(refused, shared)
	}
	for i, err := range refused {
		if !errors.Is(err, ErrOutOfMemory) {
			t.Errorf("call %d: %v", i, err)
		}
	}
	if after := Sum(); after != before {
		t.Errorf("%+v, was %+v", after, before)
	}
}
