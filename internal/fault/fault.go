// SPDX-License-Identifier: Apache-2.0

// Package fault turns a memory fault into an error. A fault is an access to a page that
// forbids it (SIGSEGV), or to a page of a file that has become shorter (SIGBUS).
//
//	err := fault.Catch(func() { copy(buffer, mapped) }, fault.Describe)
//
//	Catch      runs a function and returns the description of a fault in it as an error
//	Register   adds a describer: the owner of an address describes what happened there
//	Describe   asks all describers in turn
//
// Catch and Describe return errors. Catch passes on every panic that is not a described
// fault. All functions are safe for concurrent use.
//
// A lock that the function takes stays locked after a fault, unless a deferred call
// releases it. Catch catches only faults of the calling goroutine. A system call that
// reads or writes such memory does not fault: it returns EFAULT.
//
// # The path of a fault
//
// The runtime turns the signal into a panic of the goroutine (debug.SetPanicOnFault). The
// deferred calls of the function run. Catch recovers the panic and asks for a description.
// If there is none, Catch panics again with the same value. It does so, too, for nil
// dereferences and for all other panics.
//
// On s390x the processor reports only the page of an access (Exact), so descriptions name the
// start of the page.
package fault

import (
	"runtime"
	"runtime/debug"
	"sync"
)

// Exact reports whether the address of a fault is that of the byte that was accessed, and not
// the start of its page of 4096 bytes.
const Exact = runtime.GOARCH != "s390x"

// Catch runs f. If an access of f faults and describe returns an error for the address,
// Catch returns that error. What f did before the fault stays done. Any other panic
// passes through with its value. Calls may be nested and concurrent.
func Catch(f func(), describe func(addr uintptr) error) (err error) {
	before := debug.SetPanicOnFault(true)
	defer debug.SetPanicOnFault(before)
	defer func() {
		r := recover()
		if r == nil { // f returned, or ends its goroutine
			return
		}
		if err = description(r, describe); err == nil {
			panic(r)
		}
	}()
	f()
	return nil
}

// description returns the description of the fault that caused the panic r. It returns
// nil if r is not a fault or has no description. A nil dereference is not a fault here:
// its panic carries no address.
func description(r any, describe func(uintptr) error) error {
	at, ok := r.(interface {
		runtime.Error
		Addr() uintptr
	})
	if !ok {
		return nil
	}
	return describe(at.Addr())
}

// describers are in the order of their registration. Register and remove replace the
// slice and never change it, so that Describe calls the describers without the lock.
var (
	mu         sync.Mutex
	describers []*describer
)

type describer struct{ describe func(uintptr) error }

// Register adds a describer. describe returns an error that describes what happened at
// addr, or nil if the address is not its own. It runs on the goroutine that faulted, so
// it must not take a lock that the goroutine may hold. remove unregisters the describer;
// further calls of remove do nothing.
func Register(describe func(addr uintptr) error) (remove func()) {
	d := &describer{describe}
	mu.Lock()
	defer mu.Unlock()
	describers = append(describers[:len(describers):len(describers)], d)
	return func() {
		mu.Lock()
		defer mu.Unlock()
		var others []*describer
		for _, other := range describers {
			if other != d {
				others = append(others, other)
			}
		}
		describers = others
	}
}

// Describe returns the description of the first describer that knows the address, nil if
// none does. It can be passed to Catch.
func Describe(addr uintptr) error {
	mu.Lock()
	all := describers
	mu.Unlock()
	for _, d := range all {
		if err := d.describe(addr); err != nil {
			return err
		}
	}
	return nil
}
