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

// Catch runs f and returns nil, or an error if f used memory that was made inaccessible
// because its use is a mistake. The error is a *MisuseError for a guarded block, a freed
// block of a checked Allocator, and memory of a checked arena after Free or Reset; for a
// file that was made shorter it is the error of the package that maps it. Without Catch
// the runtime ends the program and names the address alone.
//
// f ends where it used the memory. What f did until then is done; locks that it took and
// does not release by defer stay locked.
//
// Catch sees faults of the calling goroutine, not those of goroutines that f starts. Every
// other panic passes through. Calls may be nested and concurrent.
func Catch(f func()) error { return onfault.Catch(f, caught) }

// caught returns what is known of the address of a fault that is being handled.
func caught(addr uintptr) error {
	err := onfault.Describe(addr)
	if e := (*MisuseError)(nil); errors.As(err, &e) {
		e.Used = faulting()
	}
	return err
}

// faulting returns the call that faulted. The handling of the fault runs on top of it.
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

// Describe returns what is wrong with using the memory at addr; false if nothing is known
// about it. It is for programs that catch faults by debug.SetPanicOnFault, or that find an
// address in a crash report of the same process.
func Describe(addr uintptr) (*MisuseError, bool) {
	var e *MisuseError
	ok := errors.As(onfault.Describe(addr), &e)
	return e, ok
}
