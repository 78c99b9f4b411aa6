// SPDX-License-Identifier: Apache-2.0

package fault

import (
	"errors"
	"fmt"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"testing"

	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// faultError is the description of a fault in these tests.
type faultError struct{ addr uintptr }

func (e faultError) Error() string { return fmt.Sprintf("fault at %#x", e.addr) }

func describe(addr uintptr) error { return faultError{addr} }

func skipUnsupported(t *testing.T, err error) {
	t.Helper()
	if errors.Is(err, vm.ErrUnsupported) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// closed returns a page without access.
func closed(t *testing.T) uintptr {
	t.Helper()
	var s vm.Space
	m, err := s.MapKind(vm.PageSize(), vm.Kind{Access: vm.NoAccess})
	skipUnsupported(t, err)
	t.Cleanup(func() {
		if err := s.Release(m); err != nil {
			t.Error(err)
		}
	})
	return m.Base
}

// beyond returns a mapped page beyond the end of a file that was truncated.
func beyond(t *testing.T) uintptr {
	t.Helper()
	vm.Require(t, vm.FilesAhead)
	var s vm.Space
	f, err := s.Open(filepath.Join(t.TempDir(), "file"), vm.ForWriting|vm.Create, 0o600)
	skipUnsupported(t, err)
	size := vm.PageSize()
	if err := s.Truncate(f, int64(size)); err != nil {
		t.Fatal(err)
	}
	m, err := s.MapKind(size, vm.Kind{File: f, Shared: true})
	if err != nil {
		t.Fatal(err)
	}
	*raw.At[byte](m.Base) = 1
	if err := s.Truncate(f, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := errors.Join(s.Release(m), s.CloseFile(f)); err != nil {
			t.Error(err)
		}
	})
	return m.Base
}

func TestCatch(t *testing.T) {
	vm.Require(t, vm.Guards)
	for _, page := range []struct {
		name string
		of   func(*testing.T) uintptr
	}{
		{"no access", closed},
		{"beyond the end of a file", beyond},
	} {
		for _, access := range []struct {
			name string
			do   func(addr uintptr)
		}{
			{"read", func(addr uintptr) { sink = *raw.At[byte](addr) }},
			{"write", func(addr uintptr) { *raw.At[byte](addr) = 1 }},
			{"copy", func(addr uintptr) { copy(buffer, raw.Bytes(addr, uintptr(len(buffer)))) }},
		} {
			t.Run(page.name+"/"+access.name, func(t *testing.T) {
				addr := page.of(t) + 40
				cleaned := false
				err := Catch(func() {
					defer func() { cleaned = true }()
					access.do(addr)
					t.Error("the access went through")
				}, describe)
				var e faultError
				first := addr
				if !Exact {
					first &^= 4095
				}
				if !errors.As(err, &e) || e.addr < first || e.addr >= addr+100 {
					t.Errorf("Catch: %v, accessed %#x", err, addr)
				}
				if !cleaned {
					t.Error("a deferred function did not run")
				}
			})
		}
	}
}

var (
	sink   byte
	buffer = make([]byte, 100)
)

func TestCatchNothing(t *testing.T) {
	ran := false
	if err := Catch(func() { ran = true }, describe); err != nil || !ran {
		t.Errorf("Catch: %v, ran %v", err, ran)
	}
}

// Panics that are not described faults pass through unchanged.
func TestPassThrough(t *testing.T) {
	vm.Require(t, vm.Guards)
	var nothing *[8]int
	var noError error
	value := errors.New("a value")
	undescribed := func(uintptr) error { return nil }
	for _, c := range []struct {
		name     string
		f        func()
		describe func(uintptr) error
		is       func(any) bool
	}{
		{"value", func() { panic(value) }, describe, func(r any) bool { return r == value }},
		{"nil dereference", func() { sink = byte(nothing[3]) }, describe, isRuntimeError},
		{"nil method", func() { _ = noError.Error() }, describe, isRuntimeError},
		{"index", func() { sink = []byte{1}[len(t.Name())] }, describe, isRuntimeError},
		{"fault without a description", func() { sink = *raw.At[byte](closed(t)) }, undescribed, isRuntimeError},
	} {
		t.Run(c.name, func(t *testing.T) {
			defer func() {
				if r := recover(); !c.is(r) {
					t.Errorf("recovered %v", r)
				}
			}()
			err := Catch(c.f, c.describe)
			t.Errorf("Catch returned %v", err)
		})
	}
}

func isRuntimeError(r any) bool { _, ok := r.(runtime.Error); return ok }

// runtime.Goexit inside Catch ends the goroutine; Catch does not return.
func TestGoexit(t *testing.T) {
	returned, done := false, make(chan struct{})
	go func() {
		defer close(done)
		_ = Catch(runtime.Goexit, describe)
		returned = true
	}()
	<-done
	if returned {
		t.Error("Catch returned")
	}
}

// The goroutine's setting is restored on every way out.
func TestSettingRestored(t *testing.T) {
	addr := closed(t)
	for _, before := range []bool{false, true} {
		old := debug.SetPanicOnFault(before)
		for name, f := range map[string]func(){
			"return": func() {},
			"fault":  func() { sink = *raw.At[byte](addr) },
			"panic":  func() { panic("a value") },
		} {
			func() {
				defer func() { _ = recover() }()
				_ = Catch(f, describe)
			}()
			if after := debug.SetPanicOnFault(before); after != before {
				t.Errorf("%s: the setting is %v, was %v", name, after, before)
			}
		}
		debug.SetPanicOnFault(old)
	}
}

// The inner call catches the faults that it describes, and the outer call all others.
func TestNested(t *testing.T) {
	vm.Require(t, vm.Guards)
	a, b := closed(t), closed(t)
	only := func(mine uintptr) func(uintptr) error {
		return func(addr uintptr) error {
			if addr == mine {
				return faultError{addr}
			}
			return nil
		}
	}
	outer := Catch(func() {
		if inner := Catch(func() { sink = *raw.At[byte](b) }, only(b)); !errors.Is(inner, faultError{b}) {
			t.Errorf("inner: %v", inner)
		}
		_ = Catch(func() { sink = *raw.At[byte](a) }, only(b))
		t.Error("the outer fault was caught inside")
	}, only(a))
	if !errors.Is(outer, faultError{a}) {
		t.Errorf("outer: %v", outer)
	}
}

func TestDescribe(t *testing.T) {
	first, second := errors.New("first"), errors.New("second")
	from := func(low uintptr, err error) func() {
		return Register(func(addr uintptr) error {
			if addr < low {
				return nil
			}
			return err
		})
	}
	removeFirst, removeSecond := from(100, first), from(10, second)
	for addr, want := range map[uintptr]error{5: nil, 50: second, 500: first} {
		if got := Describe(addr); !errors.Is(got, want) {
			t.Errorf("Describe(%d) = %v, want %v", addr, got, want)
		}
	}
	removeFirst()
	if got := Describe(500); !errors.Is(got, second) {
		t.Errorf("after the removal of the first: %v", got)
	}
	removeSecond()
	removeSecond() // once more changes nothing
	if got := Describe(500); got != nil {
		t.Errorf("after the removal of both: %v", got)
	}
}
