// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"fmt"

	"github.com/ashlar-go/ashlar/largeobj"
)

// check returns an error of op that names the first option with a value that it cannot
// have, and says what it can have. It wraps ErrInvalidOption.
func (o *Options) check(op string) error {
	switch {
	case o.Limit < 0:
		return invalidOption(op, "Limit", o.Limit, "0 for no limit, or a number of bytes")
	case o.GuardRate < 0:
		return invalidOption(op, "GuardRate", o.GuardRate, "0 for no guarded blocks, or how many blocks there are to one")
	case o.Large.Policy > largeobj.Keep:
		return invalidOption(op, "Large.Policy", int(o.Large.Policy), "largeobj.Retain, Unmap or Keep")
	case o.Large.MaxMappings < 0:
		return invalidOption(op, "Large.MaxMappings", o.Large.MaxMappings, "0 for half of the kernel's bound, or a number of mappings")
	}
	return nil
}

func invalidOption(op, name string, value any, allowed string) error {
	return fmt.Errorf("alloc: %s: %w: %s is %v, want %s", op, ErrInvalidOption, name, value, allowed)
}
