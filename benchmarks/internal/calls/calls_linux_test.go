// SPDX-License-Identifier: Apache-2.0

//go:build linux && (amd64 || arm64)

package calls

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// child is the environment variable that makes the test binary the traced process.
const child = "ASHLAR_CALLS_CHILD"

func TestMain(m *testing.M) {
	switch os.Getenv(child) {
	case "":
		os.Exit(m.Run())
	case "fail":
		os.Exit(3)
	default:
		callKernel()
	}
}

// others is the number of calls that have no name in Counts. It is large beside the calls of the Go
// runtime, of which there are about a thousand on a busy machine.
const others = 8000

// callKernel makes a known number of calls from several threads, some of them outside the marks.
func callKernel() {
	mapAndUnmap(50)
	Mark()
	var threads sync.WaitGroup
	for range 4 {
		threads.Go(func() {
			mapAndUnmap(100)
			for range others / 4 {
				unix.Getppid()
			}
		})
	}
	threads.Wait()
	Mark()
	mapAndUnmap(50)
	fmt.Println("done")
}

func mapAndUnmap(n int) {
	for range n {
		memory, err := unix.Mmap(-1, 0, 1<<16, unix.PROT_READ, unix.MAP_PRIVATE|unix.MAP_ANON)
		if err == nil {
			err = unix.Mprotect(memory, unix.PROT_NONE)
		}
		if err == nil {
			err = unix.Munmap(memory)
		}
		if err != nil {
			panic(err)
		}
	}
}

func start(t *testing.T, what string) (Counts, string, error) {
	t.Helper()
	command := exec.Command(os.Args[0])
	command.Env = append(os.Environ(), child+"="+what)
	var out bytes.Buffer
	command.Stdout, command.Stderr = &out, os.Stderr
	counts, err := Run(command)
	return counts, out.String(), err
}

func TestCountsBetweenMarks(t *testing.T) {
	counts, out, err := start(t, "call")
	if err != nil {
		t.Fatal(err)
	}
	if strings.TrimSpace(out) != "done" {
		t.Errorf("the child printed %q", out)
	}
	// A call counts once, at its entry: only this program calls munmap.
	if n := counts["munmap"]; n != 400 {
		t.Errorf("%d calls of munmap, want 400", n)
	}
	// The Go runtime maps memory for the stacks of new threads, too.
	if n := counts["mmap"]; n < 400 || n > 450 {
		t.Errorf("%d calls of mmap, want 400 and a few of the runtime's", n)
	}
	// The runtime makes other calls besides.
	if n := counts[Other]; n < others || n > others*3/2 {
		t.Errorf("%d other calls, want %d and some of the runtime's", n, others)
	}
	if counts.Memory() < 1200 || counts.All() < counts.Memory()+counts.Waiting() {
		t.Errorf("sums of %v are %d of memory, %d in all", counts, counts.Memory(), counts.All())
	}
}

func TestFailureOfTheChild(t *testing.T) {
	if _, _, err := start(t, "fail"); err == nil || !strings.Contains(err.Error(), "status 3") {
		t.Errorf("error %v of a child that ended with status 3", err)
	}
}

func TestProgramThatIsMissing(t *testing.T) {
	if _, err := Run(exec.Command("/no/such/program")); err == nil {
		t.Error("no error for a program that does not exist")
	}
}
