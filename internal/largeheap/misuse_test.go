// SPDX-License-Identifier: Apache-2.0

package largeheap

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/pagemap"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/vm"
	"github.com/ashlar-go/ashlar/largeobj"
)

// violation returns the *Violation in err, or fails the test.
func violation(t *testing.T, err error) *Violation {
	t.Helper()
	var v *Violation
	if !errors.As(err, &v) {
		t.Fatalf("error %v, should be a violation", err)
	}
	return v
}

// TestMisuse: every call reports each misuse, describes it, and changes nothing.
func TestMisuse(t *testing.T) {
	const size = 200 * kib
	onStack := 0
	for _, c := range []struct {
		name    string
		options largeobj.Options
		make    func(f *fixture) uintptr // an address to misuse
		reason  Reason
		state   State
		text    []string
	}{
		{"double free", largeobj.Options{}, func(f *fixture) uintptr {
			p := f.alloc(size)
			f.free(p)
			return p
		}, DoubleFree, Retained, []string{"was freed already", "204800 bytes", "retained for reuse"}},
		{"double free, purged", largeobj.Options{}, func(f *fixture) uintptr {
			p := f.alloc(size)
			f.free(p)
			f.ticks(purgeAge)
			return p
		}, DoubleFree, Retained, []string{"was freed already", "204800 bytes"}},
		{"double free, unmapped", largeobj.Options{Policy: largeobj.Unmap}, func(f *fixture) uintptr {
			p := f.alloc(size)
			f.free(p)
			return p
		}, DoubleFree, Gone, []string{"204800 bytes was freed and returned to the kernel"}},
		{"double free, carved", largeobj.Options{MaxMappings: 1}, func(f *fixture) uintptr {
			p := f.alloc(size)
			f.free(p)
			return p
		}, DoubleFree, Gone, []string{"was freed and its pages returned to their chunk"}},
		{"after Resize moved it", largeobj.Options{}, func(f *fixture) uintptr {
			p := f.alloc(size)
			f.alloc(size)
			if f.resize(p, 64*mib) == p {
				f.t.Skip("it was not moved")
			}
			return p
		}, NotAnObject, Gone, []string{"was moved to 0x", "when it was resized"}},
		{"first word", largeobj.Options{}, func(f *fixture) uintptr { return f.alloc(size) + 8 },
			NotAnObject, Live, []string{"no large object begins there", "points 8 bytes into the large object of 204800 bytes", "live"}},
		{"unaligned", largeobj.Options{}, func(f *fixture) uintptr { return f.alloc(size) + 1 },
			NotAnObject, Live, []string{"points 1 bytes into"}},
		{"another page", largeobj.Options{}, func(f *fixture) uintptr { return f.alloc(size) + 100*kib },
			NotAnObject, Live, []string{"points 102400 bytes into"}},
		{"the header", largeobj.Options{}, func(f *fixture) uintptr { return f.alloc(size) - 16 },
			NotAnObject, Live, []string{"points 16 bytes in front of the large object"}},
		{"beyond the end", largeobj.Options{}, func(f *fixture) uintptr { return f.alloc(size) + size },
			NotAnObject, Live, []string{"points 0 bytes beyond the end of the large object"}},
		{"into a retained object", largeobj.Options{}, func(f *fixture) uintptr {
			p := f.alloc(size)
			f.free(p)
			return p + 50*kib
		}, NotAnObject, Retained, []string{"points 51200 bytes into", "retained for reuse"}},
		{"into an unmapped object", largeobj.Options{Policy: largeobj.Unmap}, func(f *fixture) uintptr {
			p := f.alloc(size)
			f.free(p)
			return p + 50*kib
		}, NotAnObject, Gone, []string{"51200 bytes into what was an object of 204800 bytes", "returned to the kernel"}},
		{"nil", largeobj.Options{}, func(*fixture) uintptr { return 0 },
			NotAnObject, Gone, []string{"not in any large object"}},
		{"the stack", largeobj.Options{}, func(*fixture) uintptr { return raw.Addr(unsafe.Pointer(&onStack)) },
			NotAnObject, Gone, []string{"not in any large object"}},
		{"not canonical", largeobj.Options{}, func(*fixture) uintptr { return ^uintptr(0) - 63 },
			NotAnObject, Gone, []string{"not in any large object"}},
		{"another heap's", largeobj.Options{}, func(f *fixture) uintptr {
			var other Heap
			other.Init(new(vm.Space), owner+1, largeobj.Options{})
			p, _, err := other.Alloc(size, 64, false)
			if err != nil {
				f.t.Fatal(err)
			}
			f.t.Cleanup(func() { _ = other.Close() })
			return p
		}, NotAnObject, Gone, []string{"another allocator"}},
		{"a span's", largeobj.Options{}, func(f *fixture) uintptr {
			foreign := new(vm.Space)
			start, m, err := foreign.Map(64*kib, sizeclass.PageSize)
			if err != nil || pagemap.Reserve(start, 64*kib) != nil {
				f.t.Fatal(err)
			}
			span := &spanHeader
			span.Owner, span.Kind = owner, pagemap.Span
			pagemap.Set(start, 64*kib, raw.Addr(unsafe.Pointer(span)))
			f.t.Cleanup(func() {
				pagemap.Set(start, 64*kib, 0)
				_ = foreign.Release(m)
			})
			return start
		}, NotAnObject, Gone, []string{"span of small blocks"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := newFixture(t, c.options)
			p := c.make(f)
			before := f.Stats()
			for call, try := range map[string]func() error{
				"Free":   func() error { return f.Free(p) },
				"Usable": func() error { _, err := f.Usable(p); return err },
				"Resize": func() error { _, err := f.Resize(p, mib); return err },
			} {
				v := violation(t, try())
				if v.Addr != p || v.Reason != c.reason || v.Object.State != c.state {
					t.Errorf("%s: %+v", call, *v)
				}
				for _, text := range c.text {
					if !strings.Contains(v.Error(), text) {
						t.Errorf("%s: %q lacks %q", call, v, text)
					}
				}
			}
			if s := f.Stats(); s != before {
				t.Errorf("something changed: %+v, was %+v", s, before)
			}
			f.free(f.alloc(size))
		})
	}
}

var spanHeader pagemap.Header

// TestHeaderOverwritten: an object whose header is overwritten is neither freed nor lost, and
// the violation says which bytes differ. When the header is restored, all calls work again.
func TestHeaderOverwritten(t *testing.T) {
	const size = 200 * kib
	for _, options := range []largeobj.Options{{}, {Policy: largeobj.Unmap}, {MaxMappings: 1}} {
		for word := range len(header{}) {
			f := newFixture(t, options)
			p := f.alloc(size)
			h := headerAt(p)
			was := h[word]
			h[word] = 0x4141414141414141
			for call, try := range map[string]func() error{
				"Free":   func() error { return f.Free(p) },
				"Usable": func() error { _, err := f.Usable(p); return err },
				"Resize": func() error { _, err := f.Resize(p, mib); return err },
			} {
				v := violation(t, try())
				if v.Reason != HeaderOverwritten || v.Object.State != Live || v.Object.Size != size {
					t.Errorf("%s, word %d: %+v", call, word, *v)
				}
				for _, text := range []string{"header was overwritten", wordNames[word] + " is 0x4141414141414141, should be 0x", "suspect"} {
					if !strings.Contains(v.Error(), text) {
						t.Errorf("%s, word %d: %q lacks %q", call, word, v, text)
					}
				}
			}
			h[word] = was
			f.free(p)
		}
	}
}

func TestUnderflowIsSuspected(t *testing.T) {
	f := newFixture(t, largeobj.Options{})
	p := f.alloc(200 * kib)
	last := &raw.Bytes(p-1, 1)[0]
	*last ^= 1
	v := violation(t, f.Free(p))
	if !strings.Contains(v.Detail, "bytes 8 to 1 in front of the object") || !strings.Contains(v.Detail, "suspect an underflow") {
		t.Error(v)
	}
	*last ^= 1
	f.free(p)
}

// TestHeaderIsBoundToItsAddress: a copy of a header at another address makes no object there.
func TestHeaderIsBoundToItsAddress(t *testing.T) {
	f := newFixture(t, largeobj.Options{})
	p, q := f.alloc(mib), f.alloc(mib)
	was := *headerAt(q)
	for i, word := range headerAt(p) {
		headerAt(q)[i] = word
	}
	if v := violation(t, f.Free(q)); v.Reason != HeaderOverwritten {
		t.Error(v)
	}
	*headerAt(q) = was
	for i, word := range headerAt(p) {
		headerAt(p + 64*kib)[i] = word
	}
	if v := violation(t, f.Free(p+64*kib)); v.Reason != NotAnObject {
		t.Error(v)
	}
}

// TestRacingFrees: if several goroutines free an object at the same time, exactly one
// succeeds.
func TestRacingFrees(t *testing.T) {
	for _, options := range []largeobj.Options{{}, {Policy: largeobj.Unmap}, {MaxMappings: 1}} {
		f := newFixture(t, options)
		for range 300 {
			p := f.alloc(150 * kib)
			var freed, refused atomic.Int32
			var wg sync.WaitGroup
			for range 4 {
				wg.Go(func() {
					var v *Violation
					switch err := f.Free(p); {
					case err == nil:
						freed.Add(1)
					case errors.As(err, &v) && v.Reason == DoubleFree:
						refused.Add(1)
					default:
						t.Error(err)
					}
				})
			}
			wg.Wait()
			if freed.Load() != 1 || refused.Load() != 3 {
				t.Fatalf("%d frees succeeded, %d returned an error", freed.Load(), refused.Load())
			}
		}
	}
}

// A cookie depends on the secret, the address and the length.
func TestCookie(t *testing.T) {
	seen := map[uint64]bool{}
	for secret := range uint64(8) {
		for user := range uintptr(8) {
			for total := range uintptr(8) {
				seen[cookieOf(secret*0x9e3779b97f4a7c15+1, 0x7000_0000+user*64, 0x21000+total*4*kib)] = true
			}
		}
	}
	if len(seen) != 512 {
		t.Errorf("%d cookies of 512 are different", len(seen))
	}
	var a, b Heap
	a.Init(nil, owner, largeobj.Options{})
	b.Init(nil, owner, largeobj.Options{})
	if a.secret == b.secret {
		t.Errorf("two heaps have the same secret")
	}
}

func TestFind(t *testing.T) {
	f := newFixture(t, largeobj.Options{})
	live, retained := f.alloc(300*kib), f.alloc(mib)
	f.free(retained)
	for _, c := range []struct {
		name  string
		addr  uintptr
		found bool
		want  Object
	}{
		{"first byte", live, true, Object{live, 300 * kib, 76 * 4 * kib, Live}},
		{"last byte", live + 300*kib - 1, true, Object{live, 300 * kib, 76 * 4 * kib, Live}},
		{"header", live - 1, true, Object{live, 300 * kib, 76 * 4 * kib, Live}},
		{"retained", retained + 5000, true, Object{retained, mib, mib + 4*kib, Retained}},
		{"nowhere", 4096, false, Object{}},
	} {
		if vm.PageSize() != 4*kib {
			c.want.Total = 0
		}
		got, ok := f.Find(c.addr)
		if c.want.Total == 0 {
			got.Total = 0
		}
		if ok != c.found || got != c.want {
			t.Errorf("%s: %+v, %v", c.name, got, ok)
		}
	}
}
