// SPDX-License-Identifier: Apache-2.0

// Package calls counts the calls that a child process makes into the kernel, by name, with ptrace(2). The
// kernel has no counter for them, and perf's tracepoints are for the administrator. A traced process stops
// twice at each call, so its times mean nothing.
//
// The child calls Mark at the beginning and at the end of the part whose calls count. Mark is a call that
// the kernel refuses and that no other program makes.
package calls

import (
	"errors"
	"fmt"
)

// ErrUnsupported means that calls cannot be counted on this system, or with this kernel (Linux reports them
// since 5.3). It is an errors.ErrUnsupported.
var ErrUnsupported = fmt.Errorf("calls: counting kernel calls is not supported on this system: %w", errors.ErrUnsupported)

// Counts are numbers of calls by name. Calls that have nothing to do with memory or waiting count as Other.
type Counts map[string]int64

// Other is the name of all calls that have no name of their own here.
const Other = "other"

// memory names the calls that get, change and return memory.
var memory = []string{"mmap", "munmap", "mremap", "madvise", "mprotect"}

// Memory is the number of calls that get, change and return memory.
func (c Counts) Memory() int64 {
	n := int64(0)
	for _, name := range memory {
		n += c[name]
	}
	return n
}

// Waiting is the number of calls by which threads wait for each other and wake each other.
func (c Counts) Waiting() int64 { return c["futex"] }

// All is the number of all calls.
func (c Counts) All() int64 {
	n := int64(0)
	for _, calls := range c {
		n += calls
	}
	return n
}
