// SPDX-License-Identifier: Apache-2.0

//go:build ashlar_interleave

package interleave

import (
	"errors"
	"strings"
	"testing"
)

// counter is two threads that add to a number, with a step between reading and writing it. The
// lock makes that right.
func counter(locked bool) func() *Program {
	return func() *Program {
		var mu Mutex
		n := 0
		add := func() {
			if locked {
				mu.Lock()
				defer mu.Unlock()
			}
			was := n
			Point()
			n = was + 1
		}
		return &Program{[]func(){add, add}, func() error {
			if n != 2 {
				return errors.New("an addition is lost")
			}
			return nil
		}}
	}
}

// TestExplore: a race is found, and only where there is one. Its order fails again, and the same
// search finds the same order.
func TestExplore(t *testing.T) {
	o := Options{Runs: 100, Seed: 1}
	if done, err := Explore(o, counter(true)); err != nil || done.Runs < 100 {
		t.Errorf("%d runs: %v", done.Runs, err)
	}
	var orders [2]string
	for i := range orders {
		_, err := Explore(o, counter(false))
		var f *Failure
		if !errors.As(err, &f) || f.Err.Error() != "an addition is lost" {
			t.Fatalf("got %v", err)
		}
		if err := Replay(o, f.Order, counter(false)); !errors.As(err, &f) || f.Err.Error() != "an addition is lost" {
			t.Errorf("order %q, again: %v", f.Order, err)
		}
		orders[i] = f.Order
	}
	if orders[0] != orders[1] {
		t.Errorf("two searches found %q", orders)
	}
	if err := Replay(o, "0>1", counter(false)); err != nil {
		t.Error(err)
	}
	if err := Replay(o, "1", counter(false)); err == nil || !strings.Contains(err.Error(), "step>thread") {
		t.Errorf("got %v", err)
	}
}

// TestTwoPreemptions: a fault that needs two of them is found.
func TestTwoPreemptions(t *testing.T) {
	_, err := Explore(Options{Runs: 1000}, func() *Program {
		a, b, seen := false, false, false
		return &Program{[]func(){
			func() {
				a = true
				Point()
				a = false
				Point()
				seen = seen || b
			},
			func() {
				mine := a
				Point()
				b = mine
				Point()
				b = false
			},
		}, func() error {
			if seen {
				return errors.New("seen")
			}
			return nil
		}}
	})
	if f := (*Failure)(nil); !errors.As(err, &f) || f.Err.Error() != "seen" {
		t.Errorf("got %v", err)
	}
}

// TestFailures: what a thread can do wrong is a failure of the order.
func TestFailures(t *testing.T) {
	fine := func() error { return nil }
	for name, p := range map[string]func() *Program{
		"thread 1: panic: stop": func() *Program {
			return &Program{[]func(){func() {}, func() { panic("stop") }}, fine}
		},
		"deadlock: thread 0 waits in ": func() *Program {
			var a, b Mutex
			both := func(first, second *Mutex) func() {
				return func() {
					first.Lock()
					second.Lock()
					Point()
					second.Unlock()
					first.Unlock()
				}
			}
			return &Program{[]func(){both(&a, &b), both(&b, &a)}, fine}
		},
		"the threads go round in circles": func() *Program {
			return &Program{[]func(){func() {
				for {
					Pause()
				}
			}, func() {}}, fine}
		},
		"panic: check": func() *Program {
			return &Program{[]func(){func() {}, func() {}}, func() error { panic("check") }}
		},
	} {
		_, err := Explore(Options{}, p)
		if f := (*Failure)(nil); !errors.As(err, &f) || !strings.HasPrefix(f.Err.Error(), name) {
			t.Errorf("got %v, want %s…", err, name)
		}
	}
}

// TestWaiting: threads wait for conditions, for each other's locks, and pause, in every order.
func TestWaiting(t *testing.T) {
	_, err := Explore(Options{Runs: 500}, func() *Program {
		var mu Mutex
		ready, inside, shared := false, 0, false
		enter := func() {
			mu.Lock()
			inside++
			Point()
			shared = shared || inside > 1
			inside--
			mu.Unlock()
		}
		return &Program{[]func(){
			func() {
				enter()
				ready = true
			},
			func() {
				for !ready {
					Pause()
				}
				enter()
			},
			func() {
				Await(func() bool { return ready })
				if Processor() != 2 {
					panic("a thread is on another one's processor")
				}
				enter()
			},
		}, func() error {
			if shared {
				return errors.New("two threads had the lock")
			}
			return nil
		}}
	})
	if err != nil {
		t.Error(err)
	}
}

// TestOutside: goroutines that are no threads pass all steps.
func TestOutside(t *testing.T) {
	var mu Mutex
	mu.Lock()
	Point()
	if Await(func() bool { return false }) || Pause() || Processor() != -1 {
		t.Error("a test is taken for a thread")
	}
	mu.Unlock()
}
