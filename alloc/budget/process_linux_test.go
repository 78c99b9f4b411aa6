// SPDX-License-Identifier: Apache-2.0

package budget_test

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/alloc/budget"
	"github.com/ashlar-go/ashlar/internal/procfs"
	"github.com/ashlar-go/ashlar/internal/vm"
)

const (
	childVar = "ASHLAR_BUDGET_TEST_CHILD"
	limit    = 256 << 20
)

func TestMain(m *testing.M) {
	if mode := os.Getenv(childVar); mode != "" {
		if err := child(mode); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// live holds the objects of the Go heap that are not garbage.
var live [56][]byte

// child is a program with an off-heap cache and garbage on the Go heap, under a limit of
// 256 MiB. It prints its peak resident set in bytes.
func child(mode string) error {
	newAllocator := alloc.NewAllocator
	if mode == "balanced" {
		b, err := budget.Start(budget.Options{Limit: limit})
		if err != nil {
			return err
		}
		defer b.Stop()
		newAllocator = b.NewAllocator
	} else {
		debug.SetMemoryLimit(limit) // as programs do without a Balancer
	}
	a, err := newAllocator(alloc.Options{})
	if err != nil {
		return err
	}
	for i := range 140 { // mebibytes off the heap
		p, err := a.Malloc(1 << 20)
		if err != nil {
			return fmt.Errorf("block %d: %w", i, err)
		}
		clear(unsafe.Slice((*byte)(p), 1<<20))
		for j := range 4 { // mebibytes on the Go heap, most of which soon become garbage
			live[(4*i+j)%len(live)] = filled(1 << 20)
		}
	}
	for i := range 200 {
		live[i%len(live)] = filled(1 << 20)
	}
	if mode == "balanced" { // an allocation that does not fit fails, and the kernel kills no process
		_, err := a.Malloc(limit)
		if !errors.Is(err, alloc.ErrLimit) {
			return fmt.Errorf("as much as the limit again: %v, want ErrLimit", err)
		}
	}
	status, err := procfs.ReadStatus(procfs.System())
	fmt.Println(status.PeakRSS)
	return err
}

func filled(n int) []byte {
	b := make([]byte, n)
	for i := 0; i < n; i += 4096 {
		b[i] = 1
	}
	return b
}

// TestProcess: with a Balancer the process stays within the limit, without one it does
// not, though the Go heap knows the limit.
func TestProcess(t *testing.T) {
	vm.Require(t, vm.OffHeap)
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "-race" && s.Value == "true" {
				t.Skip("the race detector's own memory is as much as the program's")
			}
		}
	}
	peak := func(mode string) int64 {
		t.Helper()
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), childVar+"="+mode, "GOGC=100", "GOMEMLIMIT=off", "GODEBUG=")
		out, err := cmd.Output()
		if err != nil {
			var exit *exec.ExitError
			if errors.As(err, &exit) {
				t.Fatalf("%s: %v\n%s", mode, err, exit.Stderr)
			}
			t.Fatal(err)
		}
		n, err := strconv.ParseInt(strings.TrimSpace(string(out)), 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	without, with := peak("alone"), peak("balanced")
	t.Logf("peak RSS under a limit of %d MiB: %d MiB without, %d MiB with", limit>>20, without>>20, with>>20)
	if without <= limit {
		t.Errorf("without a Balancer the peak is %d bytes: the test shows nothing", without)
	}
	if with > limit {
		t.Errorf("with a Balancer the peak is %d bytes, above the limit of %d", with, limit)
	}
}
