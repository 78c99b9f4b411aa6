// SPDX-License-Identifier: Apache-2.0

//go:build (amd64 || arm64) && !ashlar_portable && !ashlar_interleave

package percpu

import (
	"slices"
	"testing"
)

// TestProcessorField: the runtime of this build is understood.
func TestProcessorField(t *testing.T) {
	if offset, ok := ProcessorField(); !ok {
		t.Errorf("runtime.procPin is not the code that ProcessorField knows (offset %#x)", offset)
	}
}

// TestDecode: code that differs from the known one in any bit is refused, except in the offsets.
// An offset that no field of an m has is refused, too.
func TestDecode(t *testing.T) {
	right, ok := ProcessorField()
	if !ok {
		t.Skip("the runtime is not understood")
	}
	others := 0
	for i := range procPinCode {
		for bit := range 8 {
			code := slices.Clone(codeOfProcPin())
			code[i] ^= 1 << bit
			offset, ok := decodeProcPin(code)
			if ok && procPinFields[i]>>bit&1 == 0 {
				t.Errorf("bit %d of byte %d differs, and the code is understood", bit, i)
			}
			if ok && (offset%8 != 0 || offset >= 1<<12) {
				t.Errorf("an offset of %#x is believed", offset)
			}
			if ok && offset != right {
				others++
			}
		}
	}
	if others != 9 {
		t.Errorf("%d other offsets are found, want one for each bit from 3 to 11", others)
	}
}
