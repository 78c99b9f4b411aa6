// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"bytes"
	"errors"
	"log/slog"
	"runtime"
	"testing"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/internal/arenahost"
	"github.com/ashlar-go/ashlar/internal/fault"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// wantFault fails unless f faults on memory of the arena and the error contains all words.
// alloc.Describe must return the same text without the access.
func wantFault(t *testing.T, at uintptr, f func(), words ...string) {
	t.Helper()
	if !fault.Exact {
		at &^= 4095
	}
	err := alloc.Catch(f)
	var m *alloc.MisuseError
	if !errors.As(err, &m) || m.Addr != at {
		t.Fatalf("Catch: %v, want a *MisuseError at %#x", err, at)
	}
	wantWords(t, err, words...)
	described, ok := alloc.Describe(at)
	if !ok || described.Kind != alloc.UseAfterFree || m.Kind != described.Kind || described.Detail != m.Detail || len(described.Used.Stack) > 0 || len(m.Used.Stack) == 0 {
		t.Errorf("Describe: %v, %v", described, ok)
	}
}

// TestUseAfterFree: in checked mode memory is inaccessible after Reset and Free, and the
// error describes what happened.
func TestUseAfterFree(t *testing.T) {
	vm.Require(t, vm.Guards)
	for _, o := range []Options{{}, {Concurrent: true}, {HugePages: true}, {InitialSize: 1 << 20}} {
		o.Checked, o.Name, o.Allocator = true, "checked", host(t)
		a := open(t, o)
		p, s := New[point](a), MakeSlice[byte](a, 1<<20, 1<<20)
		p.X, s[1<<19] = 3, 4
		a.Reset()
		wantFault(t, addr(p), func() { p.X++ }, `arena "checked", made at`, "testing_test.go", "was reset at", "checked_test.go", "round 1")
		wantFault(t, addr(&s[1<<19]), func() { s[1<<19]++ }, "was reset at")
		q := New[point](a)
		q.X = 5 // memory of the next round is accessible
		a.Free()
		wantFault(t, addr(q), func() { q.X++ }, "was freed at", "checked_test.go", "round 2")
		wantFault(t, addr(p), func() { p.X++ }, "was reset at", "round 1")
	}
}

// TestQuarantineBesideClose: no quarantine is left of a closed allocator, although arenas end while it is
// closed and afterwards.
func TestQuarantineBesideClose(t *testing.T) {
	vm.Require(t, vm.Guards)
	h, err := alloc.NewAllocator(alloc.Options{Decay: -1})
	if err != nil {
		t.Fatal(err)
	}
	var arenas [3]*Arena
	var last *point
	for i := range arenas {
		arenas[i] = open(t, Options{Allocator: h, Checked: true})
		last = New[point](arenas[i])
	}
	arenas[0].Reset() // into the quarantine
	host := arenahost.HostOf(h)
	host.Register().OnClose(arenas[1].Free)
	if err := h.Close(); err != nil {
		t.Fatal(err)
	}
	arenas[2].Free()
	quarantines.mu.Lock()
	left := quarantines.of[host]
	quarantines.mu.Unlock()
	if left != nil {
		t.Errorf("a closed allocator has a quarantine of %d bytes", left.bytes)
	}
	if m, ok := alloc.Describe(addr(last)); ok {
		t.Errorf("Describe of memory that was given back: %v", m)
	}
}

// TestQuarantine: addresses are used again when the quarantine is full, and memory when the
// allocator needs it.
func TestQuarantine(t *testing.T) {
	h := host(t)
	const hold = 1 << 20
	a := open(t, Options{Checked: true, Quarantine: hold, InitialSize: 64 << 10, Allocator: h})
	used := map[uintptr]bool{addr(New[point](a)): true}
	rounds, again := 0, false
	for ; rounds < 100 && !again; rounds++ {
		a.Reset()
		at := addr(New[point](a))
		again = used[at]
		used[at] = true
		if n := a.Stats().Quarantined; n > hold {
			t.Fatalf("%d bytes are in quarantine, more than %d", n, hold)
		}
	}
	if rounds < hold>>16 || !again {
		t.Errorf("after %d rounds of 64 KiB an address is reused: %v", rounds, again)
	}
	p := New[point](a)
	if *p != (point{}) {
		t.Error("reused memory is not zero")
	}
}

// TestQuarantineYields: an arena does not fail at the allocator's limit while memory is in
// quarantine.
func TestQuarantineYields(t *testing.T) {
	h, err := alloc.NewAllocator(alloc.Options{Decay: -1, Limit: 6 << 20})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	a, err := NewArenaWithOptions(Options{Checked: true, Allocator: h})
	if err != nil {
		t.Fatal(err)
	}
	for range 20 {
		if _, err := a.Alloc(1<<20, 8); err != nil {
			t.Fatal(err)
		}
		a.Reset()
	}
	a.Free()
	if n := a.Stats().Quarantined; n == 0 {
		t.Error("nothing is in quarantine")
	}
}

// TestDroppedChecked: the memory of a dropped checked arena is inaccessible.
func TestDroppedChecked(t *testing.T) {
	h := host(t)
	at := func() uintptr {
		a, err := NewArenaWithOptions(Options{Checked: true, Allocator: h})
		if err != nil {
			t.Fatal(err)
		}
		return addr(New[point](a))
	}()
	if !eventually(func() bool {
		runtime.GC()
		_, ok := alloc.Describe(at)
		return ok
	}) {
		t.Fatal("the arena was not freed")
	}
	m, _ := alloc.Describe(at)
	wantWords(t, m, "was dropped", "TestDroppedChecked")
}

// TestCatchPassesThrough: Catch does not catch other panics.
func TestCatchPassesThrough(t *testing.T) {
	if err := alloc.Catch(func() {}); err != nil {
		t.Error(err)
	}
	value := errors.New("value")
	if err := panicOf(func() { _ = alloc.Catch(func() { panic(value) }) }); err != value {
		t.Errorf("panic(%v)", err)
	}
	if m, ok := alloc.Describe(addr(new(int))); ok {
		t.Errorf("Describe of Go memory: %v", m)
	}
	a := open(t, Options{Checked: true})
	if m, ok := alloc.Describe(addr(New[int](a))); ok {
		t.Errorf("Describe of live memory: %v", m)
	}
}

// TestUnguarded: if the kernel refuses to make memory inaccessible, the memory stays in
// quarantine and holds junk. The logger gets a warning, and may call Stats of the arena.
func TestUnguarded(t *testing.T) {
	var logged bytes.Buffer
	var a *Arena
	h, err := alloc.NewAllocator(alloc.Options{Decay: -1, Logger: slog.New(slog.NewTextHandler(&logged, &slog.HandlerOptions{
		ReplaceAttr: func(_ []string, at slog.Attr) slog.Attr {
			_ = a.Stats()
			return at
		},
	}))})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	if a, err = NewArenaWithOptions(Options{Checked: true, Allocator: h}); err != nil {
		t.Fatal(err)
	}
	p := New[point](a)
	p.X = 3
	vm.Inject(func(op vm.Op) error {
		if op == vm.OpGuard || op == vm.OpProtect {
			return vm.ErrOutOfMemory
		}
		return nil
	})
	defer vm.Inject(nil)
	a.Reset()
	if q := New[point](a); q == p {
		t.Error("memory is used again right after Reset")
	}
	if want := int64(0xdbdbdbdb); int64(p.X)&0xffffffff != want || a.Stats().Quarantined == 0 {
		t.Errorf("%#x is left, %d bytes are in quarantine", p.X, a.Stats().Quarantined)
	}
	wantWords(t, errors.New(logged.String()), "refuses to make freed memory inaccessible", "max_map_count")
	a.Free()
	quarantineOf(a.core.host, 0).flush()
	if n := a.Stats().Quarantined; n != 0 {
		t.Errorf("%d bytes stay in quarantine", n)
	}
}
