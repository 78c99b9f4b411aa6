// SPDX-License-Identifier: Apache-2.0

// Package calls counts the calls that a child process makes into the kernel, by name, with ptrace(2): no
// counter tells them, and perf's tracepoints are for the administrator. A traced process stops twice at each
// call, so that its times mean nothing.
//
// The child says which part of its life counts, by Mark: a call that the kernel refuses and no other program
// makes.
package calls

import (
	"errors"
	"fmt"
)

// ErrUnsupported says that calls cannot be counted on this system, or with this kernel (Linux tells of them since
// 5.3). It is an errors.ErrUnsupported.
var ErrUnsupported = fmt.Errorf("calls: counting kernel calls is not supported on this system: %w", errors.ErrUnsupported)

// Counts are numbers of calls by name. Names of calls that have nothing to do with memory or waiting are
// not told apart: Other.
type Counts map[string]int64

// Other counts the calls that have no name of their own here.
const Other = "other"

// memory names the calls that get, change and give back memory.
var memory = []string{"mmap", "munmap", "mremap", "madvise", "mprotect"}

// Memory is the number of calls that get, change and give back memory.
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
