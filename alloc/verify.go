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
	if !a.gate.enter() {
		return nil
	}
	defer a.gate.leave()
	var all []error
	all = append(all, a.backend.damages(opVerify), a.guardPool.damages(opVerify))
	a.large.EachDamaged(func(v *largeheap.Violation) { all = append(all, describeLarge(opVerify, v.Addr, v)) })
	for c := range sizeclass.Class(sizeclass.Count) {
		_, err := a.depots[c].Check(c)
		all = append(all, err)
	}
	return errors.Join(all...)
}
