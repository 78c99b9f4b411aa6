// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"errors"
	"strings"
	"testing"
	"time"
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/vm"
	"github.com/ashlar-go/ashlar/stats"
)

// host returns an Allocator without background work. It is closed when the test ends. All
// blocks must be free then.
func host(t testing.TB) *alloc.Allocator {
	t.Helper()
	a, err := alloc.NewAllocator(alloc.Options{Decay: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		vm.Inject(nil)
		if n := numbers(a).Live(); n != 0 && !t.Failed() {
			for _, q := range quarantines.of {
				q.flush()
			}
			if n = numbers(a).Live(); n != 0 {
				t.Errorf("%d blocks are live when all arenas are freed", n)
			}
		}
		if err := a.Close(); err != nil {
			t.Errorf("Close: %v", err)
		}
	})
	return a
}

func numbers(a *alloc.Allocator) *stats.Snapshot {
	s := a.Stats()
	return &s
}

// open returns an arena that is freed when the test ends.
func open(t testing.TB, o Options) *Arena {
	t.Helper()
	if o.Allocator == nil {
		o.Allocator = host(t)
	}
	a, err := NewArenaWithOptions(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if !a.core.freed {
			checkArena(t, a)
			a.Free()
		}
	})
	return a
}

// checkArena fails if the arena's numbers or chunks contradict each other.
func checkArena(t testing.TB, a *Arena) {
	t.Helper()
	if err := a.checkInvariants(); err != nil {
		t.Error(err)
	}
}

type kind struct {
	name    string
	options Options
}

// kinds are the kinds of arenas that most tests run with.
var kinds = []kind{
	{"plain", Options{}},
	{"concurrent", Options{Concurrent: true}},
	{"small chunks", Options{InitialSize: 1 << 10, MaxChunk: 4 << 10}},
	{"aligned", Options{Align: 64}},
	{"concurrent, aligned", Options{Concurrent: true, Align: 256}},
	{"no zero", Options{NoZero: true}},
	{"huge pages", Options{HugePages: true}},
	{"checked", Options{Checked: true, InitialSize: 16 << 10}},
}

// each runs f with an arena of each kind.
func each(t *testing.T, f func(t *testing.T, a *Arena)) {
	for _, k := range kinds {
		t.Run(k.name, func(t *testing.T) { f(t, open(t, k.options)) })
	}
}

func addr[T any](p *T) uintptr { return raw.Addr(unsafe.Pointer(p)) }

// panicOf returns the error that f panics with, or nil.
func panicOf(f func()) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = v.(error)
		}
	}()
	f()
	return nil
}

// wantMisuse fails unless f panics with a *MisuseError whose text contains all words.
func wantMisuse(t testing.TB, f func(), words ...string) {
	t.Helper()
	err := panicOf(f)
	var m *alloc.MisuseError
	if !errors.As(err, &m) {
		t.Fatalf("panic(%v), want a *MisuseError", err)
	}
	wantWords(t, err, words...)
}

func wantWords(t testing.TB, err error, words ...string) {
	t.Helper()
	for _, w := range words {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%q does not say %q", err, w)
		}
	}
}

// eventually calls ok until it returns true, for at most ten seconds, and reports whether
// it did.
func eventually(ok func() bool) bool {
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if ok() {
			return true
		}
	}
	return ok()
}
