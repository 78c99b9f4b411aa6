// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"errors"

	"github.com/ashlar-go/ashlar/internal/largeheap"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
)

// verify checks the Allocator's memory. It returns all errors joined.
func (a *Allocator) verify() error {
	a.init()
	s := a.gate.enter()
	if s == nil {
		return nil
	}
	defer s.leave()
	var all []error
	if k := a.checked; k != nil {
		k.mu.Lock()
		all = append(all, k.damages(opVerify))
		k.mu.Unlock()
	}
	all = append(all, a.guards.damages(opVerify))
	a.large.EachDamaged(func(v *largeheap.Violation) { all = append(all, describeLarge(opVerify, v.Addr, v)) })
	for c := range sizeclass.Class(sizeclass.Count) {
		_, err := a.depots[c].Check(c)
		all = append(all, err)
	}
	return errors.Join(all...)
}
