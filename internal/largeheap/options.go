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

// fewMappings is a number of mappings that every kernel allows, twice over. While there are fewer, the heap
// need not read how many it allows.
const fewMappings = 256

// areMany reports whether there are so many mappings that objects are carved.
func areMany(mappings int64, o *largeobj.Options) bool {
	if o.MaxMappings > 0 {
		return mappings >= o.MaxMappings
	}
	return mappings >= fewMappings && mappings >= vm.MaxMappings()/2
}
