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
