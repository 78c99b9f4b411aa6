// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"io"

	"github.com/ashlar-go/ashlar/stats"
)

// Inspect returns an Inspector of the Allocator's memory. The Inspector maps the heap, reports
// the kernel's view of the process, verifies the heap, and lists live blocks.
func (a *Allocator) Inspect() stats.Inspector { return (*inspector)(a) }

// An inspector is an Allocator that implements stats.Inspector.
type inspector Allocator

var _ stats.Inspector = (*inspector)(nil)

func (i *inspector) of() *Allocator { return (*Allocator)(i) }

// HeapMap implements stats.Inspector.
func (i *inspector) HeapMap(chunks int) *stats.HeapMap { return i.of().heapMap(chunks) }

// Process implements stats.Inspector.
func (i *inspector) Process() (*stats.Process, error) { return i.of().process() }

// Verify implements stats.Inspector.
func (i *inspector) Verify() error { return i.of().verify() }

// Age moves unused memory one step towards the kernel, as a tick of the purger does. It is no part of
// stats.Inspector: the tests of package fuzz find it with a type assertion, and age memory without
// waiting for time to pass.
func (i *inspector) Age() error {
	a := i.of()
	a.init()
	return a.inside(a.ageAll)
}

// WriteLeaks implements stats.Inspector.
func (i *inspector) WriteLeaks(w io.Writer) error { return i.of().writeLeaks(w) }

// GuardRate implements stats.Inspector.
func (i *inspector) GuardRate() int { return int(i.guardPool.rate.Load()) }

// SetGuardRate implements stats.Inspector.
func (i *inspector) SetGuardRate(n int) error {
	if err := (&Options{GuardRate: n}).check("SetGuardRate"); err != nil {
		return err
	}
	a := i.of()
	a.init()
	a.guardPool.rate.Store(int64(n))
	a.setSampler()
	a.rearm()
	return nil
}
