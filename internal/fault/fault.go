// SPDX-License-Identifier: Apache-2.0

// Package fault turns faults into errors: accesses to pages without access (SIGSEGV), and to
// pages of a file that has become shorter (SIGBUS).
//
//	Catch      runs a function, and returns the description of a fault in it as an error
//	Register   adds a describer: the owner of an address describes what happened there
//	Explain    asks all describers
//
// The path of a fault: the runtime turns the signal into a panic of the goroutine
// (debug.SetPanicOnFault). The function's deferred calls run. Catch recovers the panic and
// asks for a description. If there is none, and for nil dereferences and all other panics,
// the panic goes on as it was.
//
// Caveats: Catch catches only faults of the calling goroutine. A system call that is given
// such memory returns EFAULT instead of faulting. A lock that the function takes stays locked
// unless a deferred call releases it.
package fault

import (
	"runtime"
	"runtime/debug"
	"sync"
)

// Catch runs f. If f accesses memory that it cannot, and explain returns an error
// for the address, Catch returns that error; what f did until then is done. Any
// other panic passes through with its value. Calls may be nested and concurrent.
func Catch(f func(), explain func(addr uintptr) error) (err error) {
	before := debug.SetPanicOnFault(true)
	defer debug.SetPanicOnFault(before)
	defer func() {
		r := recover()
		if r == nil { // f returned, or ends its goroutine
			return
		}
		if err = explained(r, explain); err == nil {
			panic(r)
		}
	}()
	f()
	return nil
}

// explained returns the explanation of a panic, nil if it is not a fault or nobody
// has one. The runtime gives nil dereferences no address: they are no faults here.
func explained(r any, explain func(uintptr) error) error {
	at, ok := r.(interface {
		runtime.Error
		Addr() uintptr
	})
	if !ok {
		return nil
	}
	return explain(at.Addr())
}

// explainers are in the order of their registration. The slice is replaced, never
// changed, so that Explain calls them without the lock.
var (
	mu         sync.Mutex
	explainers []*explainer
)

type explainer struct{ explain func(uintptr) error }

// Register adds an explainer: a function that returns an error which tells what
// happened at an address, nil if the address is not its business. It is called on
// the goroutine that faulted and must need no lock that may be held there. remove
// takes it out again.
func Register(explain func(addr uintptr) error) (remove func()) {
	e := &explainer{explain}
	mu.Lock()
	defer mu.Unlock()
	explainers = append(explainers[:len(explainers):len(explainers)], e)
	return func() {
		mu.Lock()
		defer mu.Unlock()
		var others []*explainer
		for _, other := range explainers {
			if other != e {
				others = append(others, other)
			}
		}
		explainers = others
	}
}

// Explain returns the first explanation of an address, nil if there is none. It
// can be given to Catch.
func Explain(addr uintptr) error {
	mu.Lock()
	all := explainers
	mu.Unlock()
	for _, e := range all {
		if err := e.explain(addr); err != nil {
			return err
		}
	}
	return nil
}
