// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"errors"
	"runtime"
	"slices"

	onfault "github.com/ashlar-go/ashlar/internal/fault"
	"github.com/ashlar-go/ashlar/internal/goroutine"
	"github.com/ashlar-go/ashlar/internal/heapprof"
)

// Catch runs f. It returns nil, or an error if f accessed memory that was made inaccessible to
// find mistakes. The error is a *MisuseError for a guarded block, a freed block of a checked
// Allocator, and memory of a checked arena after Free or Reset. For a file that was truncated
// it is the error of the package that maps the file. Without Catch the runtime ends the
// program and prints only the address.
//
// f ends at the faulting access. Its effects until then remain, and locks that it does not
// release by defer stay locked.
//
// Catch handles faults of the calling goroutine, not of goroutines that f starts. Every other
// panic passes through. Calls may be nested and concurrent.
func Catch(f func()) error { return onfault.Catch(f, caught) }

// caught describes the address of a fault that is being handled.
func caught(addr uintptr) error {
	err := onfault.Describe(addr)
	if e := (*MisuseError)(nil); errors.As(err, &e) {
		e.Used = faulting()
	}
	return err
}

// faulting returns the call that faulted. The fault handler runs on top of its stack.
func faulting() Call {
	var pcs [heapprof.Depth]uintptr
	stack := pcs[:runtime.Callers(1, pcs[:])]
	for i, pc := range stack {
		if f := runtime.FuncForPC(pc - 1); f != nil && f.Name() == "runtime.sigpanic" {
			stack = stack[i+1:]
			break
		}
	}
	return Call{Goroutine: goroutine.Number(), Stack: slices.Clone(stack)}
}

// Describe describes the mistake in accessing the memory at addr. It returns false if nothing
// is known about addr. It is for programs that recover faults with debug.SetPanicOnFault, or
// that have an address from a crash report of the same process.
func Describe(addr uintptr) (*MisuseError, bool) {
	var e *MisuseError
	ok := errors.As(onfault.Describe(addr), &e)
	return e, ok
}
