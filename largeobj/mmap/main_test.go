// SPDX-License-Identifier: Apache-2.0

package mmap

import (
	"fmt"
	"os"
	"os/exec"
	"sync/atomic"
	"testing"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/vm"
)

// childVar names the environment variable that makes the test binary run one of
// the children instead of the tests.
const childVar = "ASHLAR_MMAP_TEST_CHILD"

// children are the programs that tests run as processes of their own. The error that a child
// returns is printed, and the test that started it fails.
var children = map[string]func() error{}

func TestMain(m *testing.M) {
	if child := children[os.Getenv(childVar)]; child != nil {
		if err := child(); err != nil {
			_, _ = os.Stderr.WriteString(err.Error() + "\n")
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// ChildCommand returns the command that runs a child.
func ChildCommand(name string) *exec.Cmd {
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), childVar+"="+name)
	return cmd
}

// ptr returns the address of the first byte of b.
func ptr(b []byte) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(b)) }

// byteAt returns the address of a byte that may lie outside b.
func byteAt(b []byte, off int) *byte { return (*byte)(unsafe.Add(ptr(b), off)) }

// AddChild adds a child, for the examples.
func AddChild(name string, run func() error) { children[name] = run }

var errInjected = fmt.Errorf("injected: %w", vm.ErrOutOfMemory)

// refuse makes the kernel refuse the given calls, and returns how often it did.
func refuse(ops ...vm.Op) *atomic.Int64 {
	var n atomic.Int64
	vm.Inject(func(op vm.Op) error {
		for _, o := range ops {
			if o == op {
				n.Add(1)
				return errInjected
			}
		}
		return nil
	})
	return &n
}
