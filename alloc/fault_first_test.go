// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"fmt"
	"os"
	"strconv"
	"testing"

	"github.com/ashlar-go/ashlar/internal/vm"
)

// firstVar is the environment variable with the number of the kernel call that fails in the
// child process "first".
const firstVar = "ASHLAR_ALLOC_TEST_FIRST"

func init() { children["first"] = failFirst }

// failFirst makes some of the first kernel calls of the process fail. These calls create
// what all Allocators share: the page map and the metadata.
func failFirst() error {
	n, err := strconv.Atoi(os.Getenv(firstVar))
	if err != nil {
		return err
	}
	var a Allocator
	a.options.Decay = -1
	s := &scenario{a: &a, l: a.NewLocal()}
	inject(fault{hits: func(call, n int, _ vm.Op) bool { return n <= call && call < n+6 }}, n)
	if err := s.run(); err != nil {
		return err
	}
	if err := a.checkInvariants(); err != nil {
		return err
	}
	failed := s.failed
	vm.Inject(nil)
	if err := s.run(); err != nil {
		return err
	}
	if s.failed > failed {
		return fmt.Errorf("%d operations fail afterwards", s.failed-failed)
	}
	for len(s.blocks) > 0 {
		if err := s.free(0); err != nil {
			return err
		}
	}
	s.l.Close()
	a.Trim()
	if err := a.checkInvariants(); err != nil {
		return err
	}
	if n := a.space.Footprint.Now(); n != 0 {
		return fmt.Errorf("the footprint is %d bytes in the end", n)
	}
	return a.Close()
}

// TestFaultFirst: any of the first kernel calls of a process may fail.
func TestFaultFirst(t *testing.T) {
	for n := range 10 {
		t.Run(strconv.Itoa(n), func(t *testing.T) {
			t.Setenv(firstVar, strconv.Itoa(n))
			runChild(t, "first")
		})
	}
}
