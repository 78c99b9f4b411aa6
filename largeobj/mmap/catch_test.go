// SPDX-License-Identifier: Apache-2.0

package mmap

import (
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/ashlar-go/ashlar/internal/fault"
)

func TestCatchReturns(t *testing.T) {
	r := closeLater(t, mapped(t, 100), nil)
	want := errors.New("a value")
	if err := r.Catch(func([]byte) error { return want }); !errors.Is(err, want) {
		t.Errorf("Catch: %v", err)
	}
	func() {
		defer func() {
			if got := recover(); got != any(want) {
				t.Errorf("recovered %v", got)
			}
		}()
		_ = r.Catch(func([]byte) error { panic(want) })
	}()
	must(t, r.Close()) // Catch left the gate when f panicked
	allClosed(t, r)
	allClosed(t, new(Region))
}

// allClosed checks that every method says that the region is closed.
func allClosed(t *testing.T, r *Region) {
	t.Helper()
	if r.Bytes() != nil || r.Len() != 0 || r.Close() != nil {
		t.Error("it has bytes, or fails to close")
	}
	if err := r.Catch(func([]byte) error { return nil }); !errors.Is(err, ErrClosed) {
		t.Errorf("Catch of a closed region: %v", err)
	}
	for name, err := range map[string]error{
		"Advise": r.Advise(AdviseNormal), "Lock": r.Lock(), "Unlock": r.Unlock(), "Sync": r.Sync(),
		"Protect": r.Protect(ReadOnly), "Resize": r.Resize(10), "Refresh": r.Refresh(),
	} {
		var e *Error
		if !errors.Is(err, ErrClosed) || !errors.As(err, &e) || e.Op != name {
			t.Errorf("%s of a closed region: %v", name, err)
		}
	}
}

// TestCatchPassesThrough: Catch does not handle faults outside regions. Other packages can
// get the description of a fault in a region.
func TestCatchPassesThrough(t *testing.T) {
	var nothing *int
	func() {
		defer func() {
			if _, ok := recover().(runtime.Error); !ok {
				t.Error("no runtime error")
			}
		}()
		_ = Catch(func() error { *nothing = 1; return nil })
	}()
	r := closeLater(t, mapped(t, 100), nil)
	must(t, r.Protect(ReadOnly))
	err := fault.Catch(func() { r.Bytes()[0] = 1 }, fault.Describe)
	if !errors.Is(err, ErrFault) {
		t.Errorf("described: %v", err)
	}
	must(t, r.Protect(ReadWrite))
}

// TestCatchHoldsOffOne: Resize and Close wait until the function that Catch runs has ended.
func TestCatchHoldsOffOne(t *testing.T) {
	for name, change := range map[string]func(*Region) error{
		"Resize": func(r *Region) error { return r.Resize(2_000_000) }, "Close": (*Region).Close,
	} {
		balanced(t)
		r := closeLater(t, mapped(t, 1000), nil)
		var done atomic.Bool
		var wg sync.WaitGroup
		must(t, r.Catch(func(b []byte) error {
			started := make(chan struct{})
			wg.Go(func() {
				close(started)
				if err := change(r); err != nil {
					t.Error(err)
				}
				done.Store(true)
			})
			<-started
			for range 10_000 {
				runtime.Gosched()
			}
			if b[999]++; done.Load() {
				t.Errorf("%s went ahead", name)
			}
			return nil
		}))
		wg.Wait()
	}
}

// TestCatchHoldsOff: while Catch runs functions, no call moves or unmaps the bytes. Methods
// that the functions call do not wait for a Resize or Close.
func TestCatchHoldsOff(t *testing.T) {
	eachKind(t, 50_000, func(t *testing.T, r *Region) {
		paint(r.Bytes())
		var inside, resizes atomic.Int32
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				for range 30 {
					err := r.Catch(func(b []byte) error {
						inside.Add(1)
						defer inside.Add(-1)
						for i := 0; i < len(b); i += 5000 {
							if b[i] != byte(i%251+1) && i < 50_000 {
								t.Errorf("byte %d is %d", i, b[i])
							}
							runtime.Gosched()
						}
						if n := r.Len(); n != len(b) {
							t.Errorf("the length changed from %d to %d", len(b), n)
						}
						return r.Advise(AdviseNormal)
					})
					if err != nil && !errors.Is(err, ErrClosed) {
						t.Error(err)
					}
				}
			})
		}
		wg.Go(func() {
			for i := range 20 {
				if err := r.change("Resize", 0, func() error {
					if n := inside.Load(); n != 0 {
						t.Errorf("changed with %d inside", n)
					}
					return nil
				}); err != nil {
					t.Error(err)
				}
				if err := r.Resize(50_000 + i%3*100_000); err != nil {
					t.Error(err)
				}
				resizes.Add(1)
			}
		})
		wg.Wait()
		var closers sync.WaitGroup
		for range 4 {
			closers.Go(func() {
				if err := r.Close(); err != nil {
					t.Error(err)
				}
			})
			closers.Go(func() {
				err := r.Catch(func(b []byte) error { b[0]++; return r.Sync() })
				if err != nil && !errors.Is(err, ErrClosed) {
					t.Error(err)
				}
			})
		}
		closers.Wait()
	})
}
