// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// nameBytes is the maximal length of Options.Name in bytes.
const nameBytes = 100

// check returns an error of op for the first option with an invalid value, with the valid
// values. The error wraps ErrInvalidOption.
func (o *Options) check(op string) error {
	switch {
	case !validName(o.Name):
		return invalidOption(op, "Name", fmt.Sprintf("%q", o.Name),
			fmt.Sprintf("up to %d bytes of UTF-8 without control characters", nameBytes))
	case o.Limit < 0:
		return invalidOption(op, "Limit", o.Limit, "0 for no limit, or a number of bytes")
	case o.GuardRate < 0:
		return invalidOption(op, "GuardRate", o.GuardRate, "0 for no guarded blocks, or how many blocks there are to one")
	case o.Large.Policy > KeepLarge:
		return invalidOption(op, "Large.Policy", int(o.Large.Policy), "RetainLarge, UnmapLarge or KeepLarge")
	case o.Large.MaxMappings < 0:
		return invalidOption(op, "Large.MaxMappings", o.Large.MaxMappings, "0 for half of the kernel's bound, or a number of mappings")
	case o.HugePages > HugePagesAll:
		return invalidOption(op, "HugePages", int(o.HugePages), "HugePagesOff, HugePagesDense or HugePagesAll")
	}
	if field, err := o.lacking(); err != nil {
		return fmt.Errorf("alloc: %s: %s: %w", op, field, err)
	}
	return nil
}

// lacking returns the name of the first option that the platform cannot serve, and an error
// that names the feature and the platform. The error wraps ErrUnsupported.
func (o *Options) lacking() (field string, err error) {
	if o.Hardening.SpanGuards && !vm.Able(vm.Guards) {
		return "Hardening.SpanGuards", vm.Need(vm.Guards)
	}
	if o.Hardening.SpanGuards && vm.PageSize() > sizeclass.PageSize {
		return "Hardening.SpanGuards", fmt.Errorf("%w: guard pages of %d bytes: the kernel's pages have %d", ErrUnsupported, sizeclass.PageSize, vm.PageSize())
	}
	if o.GuardRate > 0 && !vm.Able(vm.Guards) {
		return "GuardRate", vm.Need(vm.Guards)
	}
	if o.HugePages != HugePagesOff {
		return "HugePages", vm.Need(vm.HugePages)
	}
	return "", nil
}

func validName(name string) bool {
	return len(name) <= nameBytes && utf8.ValidString(name) && !strings.ContainsFunc(name, unicode.IsControl)
}

func invalidOption(op, name string, value any, allowed string) error {
	return fmt.Errorf("alloc: %s: %w: %s is %v, want %s", op, ErrInvalidOption, name, value, allowed)
}
