// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/goroutine"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// TestMisuseText: the message says what happened, then describes the block, then lists the
// calls, the last one first.
func TestMisuseText(t *testing.T) {
	vm.Require(t, vm.Guards)
	a := open(t, guardAll)
	p := siteA(t, a, 100)
	siteF(a, p)
	e := misused(t, func() { a.Free(p) })
	me := fmt.Sprint(goroutine.Number())
	first, stacks, _ := strings.Cut(e.Error(), "\n")
	want := fmt.Sprintf("alloc: double free: Free(%#x): the block is free already [block %#[1]x of 100 bytes, free]", raw.Addr(p))
	if first != want {
		t.Errorf("got  %s\nwant %s", first, want)
	}
	for _, part := range []string{"  freed by goroutine " + me + "\n", "siteF", "  allocated by goroutine " + me + "\n", "siteA"} {
		before, after, found := strings.Cut(stacks, part)
		if !found {
			t.Errorf("%q is missing, or out of order, before %q:\n%v", part, before, e)
		}
		stacks = after
	}
	if strings.Contains(e.Error(), "used by") {
		t.Errorf("the text has the stack that the runtime prints:\n%v", e)
	}
}

// TestMisuseCalls: the error has the calls as data, with their goroutines.
func TestMisuseCalls(t *testing.T) {
	vm.Require(t, vm.Guards)
	for name, o := range map[string]Options{"checked": strict, "guarded": guardAll} {
		t.Run(name, func(t *testing.T) { misuseCalls(t, open(t, o), !o.Checked) })
	}
}

func misuseCalls(t *testing.T, a *Allocator, known bool) {
	var p unsafe.Pointer
	var allocator, freer uint64
	var all sync.WaitGroup
	all.Go(func() {
		allocator = goroutine.Number()
		p = siteA(t, a, 100)
	})
	all.Wait()
	all.Go(func() {
		freer = goroutine.Number()
		siteF(a, p)
	})
	all.Wait()
	if !known {
		allocator, freer = 0, 0
	}
	e := misused(t, func() { a.Free(p) })
	if e.Allocated.Goroutine != allocator || e.Freed.Goroutine != freer {
		t.Errorf("goroutines %d and %d, want %d and %d", e.Allocated.Goroutine, e.Freed.Goroutine, allocator, freer)
	}
	if !has(e.Allocated, "siteA") || !has(e.Freed, "siteF") || !has(e.Used, "misuseCalls.func3") {
		t.Errorf("allocated %v\nfreed %v\nused %v", frames(e.Allocated), frames(e.Freed), frames(e.Used))
	}
	if id := goroutine.Number(); e.Used.Goroutine != id {
		t.Errorf("used by goroutine %d, want %d", e.Used.Goroutine, id)
	}
	for f := range e.Used.Frames() {
		if !strings.HasSuffix(f.File, "_test.go") {
			t.Errorf("the first function of the call is %s, which is inside the allocator", f.Function)
		}
		break
	}
}

// TestCatchCall: the call of a fault is the access, in the goroutine that called Catch.
func TestCatchCall(t *testing.T) {
	vm.Require(t, vm.Guards)
	a := open(t, guardAll)
	p := guardedBlock(t, a, 100, true)
	err := Catch(func() { touchBeyond(p, 120) })
	var e *MisuseError
	if !errors.As(err, &e) || e.Kind != Overflow || e.Op != "access" {
		t.Fatal(err)
	}
	var first runtime.Frame
	for first = range e.Used.Frames() {
		break
	}
	if !strings.HasSuffix(first.Function, ".touchBeyond") || e.Used.Goroutine != goroutine.Number() {
		t.Errorf("used by %v of goroutine %d", frames(e.Used), e.Used.Goroutine)
	}
	if text := e.Error(); !strings.Contains(text, fmt.Sprintf("\n  used by goroutine %d\n", e.Used.Goroutine)) {
		t.Error(text)
	}
	a.Free(p)
}

//go:noinline
func touchBeyond(p unsafe.Pointer, offset int) { bytesAt(at(p, offset), 1)[0]++ }

// frames returns the functions of a call.
func frames(c Call) (names []string) {
	for f := range c.Frames() {
		names = append(names, f.Function)
	}
	return names
}

func TestMisuseKinds(t *testing.T) {
	seen := map[string]bool{}
	for k := DoubleFree; k <= ConcurrentUse; k++ {
		if s := k.String(); s == "" || s == "misuse" || seen[s] {
			t.Errorf("kind %d is called %q", k, s)
		} else {
			seen[s] = true
		}
	}
	for _, k := range []MisuseKind{0, ConcurrentUse + 1, 255} {
		if k.String() != "misuse" {
			t.Errorf("kind %d is called %q", k, k)
		}
	}
	if n := len((&MisuseError{}).Error()); n == 0 {
		t.Error("the zero MisuseError says nothing")
	}
}
