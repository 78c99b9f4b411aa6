// SPDX-License-Identifier: Apache-2.0

package largeheap

import (
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/vm"
	"github.com/ashlar-go/ashlar/largeobj"
)

// budget returns the bytes that may be retained.
func budget(o *largeobj.Options) int64 {
	switch {
	case o.RetainBytes < 0:
		return 0
	case o.RetainBytes > 0:
		return o.RetainBytes
	case raw.AddressBits == 32:
		return 64 << 20
	}
	return 256 << 20
}

// maxMappings returns the number of mappings from which on objects are carved.
func maxMappings(o *largeobj.Options) int64 {
	if o.MaxMappings > 0 {
		return o.MaxMappings
	}
	return vm.MaxMappings() / 2
}
