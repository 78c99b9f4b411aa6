// SPDX-License-Identifier: Apache-2.0

//go:build race

package alloc

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
)

// races lists mistakes that the detector must report, and correct uses that it must not
// report. Each runs in a child process of its own.
var races = []struct {
	name string
	run  func(a *Allocator) error
	seen bool
}{
	{"two write to a small block", func(a *Allocator) error { return bothWrite(a, 100) }, true},
	{"two write to a large object", func(a *Allocator) error { return bothWrite(a, largeSize) }, true},
	{"two write to a value", func(a *Allocator) error {
		p, err := New[[4]int](a)
		if err == nil {
			together(func() { p[1] = 1 }, func() { p[1] = 2 })
		}
		return err
	}, true},
	{"two write to a resized object", func(a *Allocator) error {
		p, err := a.Malloc(largeSize)
		if err == nil {
			p, err = a.Realloc(p, 16*largeSize)
		}
		b := bytesAt(p, largeSize)
		together(func() { b[9] = 1 }, func() { b[9] = 2 })
		return err
	}, true},
	{"one writes what the other frees", func(a *Allocator) error {
		p, err := a.Malloc(100)
		b := bytesAt(p, 100)
		together(func() { b[0] = 1 }, func() {
			l := a.NewLocal() // l allocates the block that it freed last
			l.Free(p)
			if q, err := l.Malloc(100); err == nil {
				bytesAt(q, 100)[0] = 2
			}
		})
		return err
	}, true},
	{"two use one Local", func(a *Allocator) error {
		l := a.NewLocal()
		use := func() {
			_ = panicOf(func() { // UsableSize reports the race, too
				if p, err := l.Malloc(100); err == nil {
					l.Free(p)
				}
			})
		}
		use()
		together(use, use)
		return nil
	}, true},
	{"one uses a Local after the other", func(a *Allocator) error {
		l := a.NewLocal()
		for range 3 {
			together(func() {
				if p, err := l.Malloc(100); err == nil {
					l.Free(p)
				}
			})
		}
		return nil
	}, false},
	{"two write, addresses are numbers", func(*Allocator) error {
		a, err := NewAllocator(Options{AddressesAsNumbers: true})
		if err == nil {
			err = errors.Join(bothWrite(a, 100), bothWrite(a, largeSize), a.Close())
		}
		return err
	}, false},
	{"one frees, the other gets it", func(a *Allocator) error {
		together(func() { a.churn(1) }, func() { a.churn(2) }, func() { a.churn(3) })
		return nil
	}, false},
	{"handed over", func(a *Allocator) error {
		over := make(chan []byte)
		together(func() {
			for range 100 {
				if s, err := MakeSlice[byte](a, 1000, 1000); err == nil {
					s[5] = 1
					over <- s
				}
			}
			close(over)
		}, func() {
			for s := range over {
				s[5]++
				FreeSlice(a, s)
			}
		})
		return nil
	}, false},
}

func bothWrite(a *Allocator, size int) error {
	p, err := a.Malloc(size)
	if err == nil {
		b := bytesAt(p, size)
		together(func() { b[7] = 1 }, func() { b[7] = 2 })
	}
	return err
}

// churn allocates and frees blocks of all kinds and trims, so that addresses are used again
// for other blocks.
func (a *Allocator) churn(n byte) {
	for round := range 30 {
		for _, size := range []int{16, 100, 3000, 70000, 130 << 10, largeSize} {
			p, err := a.Malloc(size << (round % 2))
			if err != nil {
				panic(err)
			}
			fill(bytesAt(p, min(size, 4000)), int(n))
			a.Free(p)
		}
		if round%10 == int(n) {
			a.Trim()
		}
	}
}

// together runs functions concurrently.
func together(all ...func()) {
	var running sync.WaitGroup
	for _, f := range all {
		running.Go(f)
	}
	running.Wait()
}

func init() {
	for _, r := range races {
		children["race: "+r.name] = func() error {
			a, err := NewAllocator(still)
			if err != nil {
				return err
			}
			return r.run(a)
		}
	}
}

// TestRaceDetector: a race on a block is reported with its line. Correct uses are not
// reported.
func TestRaceDetector(t *testing.T) {
	for _, r := range races {
		t.Run(r.name, func(t *testing.T) {
			cmd := exec.Command(os.Args[0], "-test.run=^$")
			cmd.Env = append(os.Environ(), childVar+"=race: "+r.name, "GORACE=atexit_sleep_ms=0 halt_on_error=1 exitcode=66")
			out, err := cmd.CombinedOutput()
			text := string(out)
			if !r.seen {
				if err != nil {
					t.Errorf("%v\n%s", err, text)
				}
				return
			}
			if cmd.ProcessState.ExitCode() != 66 || !strings.Contains(text, "DATA RACE") ||
				!strings.Contains(text, "race_linux_test.go") {
				t.Errorf("%v, want a report of the race\n%s", err, text)
			}
		})
	}
}
