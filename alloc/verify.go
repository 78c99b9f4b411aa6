// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"errors"

	"github.com/ashlar-go/ashlar/internal/largeheap"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
)

// Verify looks for what was done wrong with the Allocator's memory, and returns all that
// it finds, as *MisuseErrors, joined: in the redzones of live blocks and in blocks in
// quarantine, if the Allocator is checked, next to guarded blocks, and in the headers of
// large objects. It also checks the spans' descriptors and the depots; an error about these is a mistake of this
// package's, or the metadata was written to. Nothing is repaired.
//
// It walks everything, one lock after the other: for tests, and for a look now and then
// on the way to a bug. Others may use the Allocator meanwhile.
func (a *Allocator) Verify() error {
	a.init()
	s := a.gate.enter()
	if s == nil {
		return nil
	}
	defer s.leave()
	var all []error
	if k := a.checked; k != nil {
		k.mu.Lock()
		all = append(all, k.damages("Verify"))
		k.mu.Unlock()
	}
	all = append(all, a.guards.damages("Verify"))
	a.large.EachDamaged(func(v *largeheap.Violation) { all = append(all, explainLarge("Verify", v.Addr, v)) })
	for c := range sizeclass.Class(sizeclass.Count) {
		_, err := a.depots[c].Check(c)
		all = append(all, err)
	}
	return errors.Join(all...)
}
