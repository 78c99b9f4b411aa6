// SPDX-License-Identifier: Apache-2.0

package cores

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"

	"golang.org/x/sys/unix"
)

// A Set is a set of processors.
type Set struct{ cpus unix.CPUSet }

// Count returns the number of processors in the set.
func (s *Set) Count() int { return s.cpus.Count() }

// Split divides the processors that the process may use into two halves.
func Split() (first, second *Set, err error) {
	var all unix.CPUSet
	if err := unix.SchedGetaffinity(0, &all); err != nil {
		return nil, nil, fmt.Errorf("cores: sched_getaffinity: %w", err)
	}
	n := all.Count()
	if n < 2 {
		return nil, nil, fmt.Errorf("cores: %d processor to divide, want 2 or more", n)
	}
	first, second = new(Set), new(Set)
	for cpu := 0; first.Count()+second.Count() < n; cpu++ {
		switch {
		case !all.IsSet(cpu):
		case first.Count() < n/2:
			first.cpus.Set(cpu)
		default:
			second.cpus.Set(cpu)
		}
	}
	return first, second, nil
}

// Start starts the command on the processors of s.
func Start(s *Set, command *exec.Cmd) error {
	runtime.LockOSThread() // a child inherits the processors of the thread that starts it
	defer runtime.UnlockOSThread()
	var before unix.CPUSet
	if err := unix.SchedGetaffinity(0, &before); err != nil {
		return fmt.Errorf("cores: sched_getaffinity: %w", err)
	}
	if err := unix.SchedSetaffinity(0, &s.cpus); err != nil {
		return fmt.Errorf("cores: sched_setaffinity: %w", err)
	}
	return errors.Join(command.Start(), unix.SchedSetaffinity(0, &before))
}

// Confine keeps all threads of the process on the processors of s, and sets GOMAXPROCS to
// their number. Threads that start later inherit the set.
func Confine(s *Set) error {
	const rounds = 2 // a thread may start while the first round runs
	for range rounds {
		threads, err := os.ReadDir("/proc/self/task")
		if err != nil {
			return fmt.Errorf("cores: %w", err)
		}
		for _, t := range threads {
			id, err := strconv.Atoi(t.Name())
			if err != nil {
				continue
			}
			if err := unix.SchedSetaffinity(id, &s.cpus); err != nil && !errors.Is(err, unix.ESRCH) {
				return fmt.Errorf("cores: sched_setaffinity: %w", err)
			}
		}
	}
	runtime.GOMAXPROCS(s.Count())
	return nil
}
