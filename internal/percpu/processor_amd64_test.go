// SPDX-License-Identifier: Apache-2.0

//go:build !ashlar_portable && !ashlar_interleave

package percpu

import (
	"encoding/binary"
	"testing"
)

// TestProcessorField: the runtime of this build is understood.
func TestProcessorField(t *testing.T) {
	if offset, ok := ProcessorField(); !ok {
		t.Errorf("runtime.procPin is not the code that ProcessorField knows (offset %#x)", offset)
	}
}

// TestDecode: code that differs from the known one in any bit is refused, except in the two offsets.
func TestDecode(t *testing.T) {
	code := []byte(procPinCode)
	code[locksAt], code[processorAt] = 0x08, 0xd0
	if offset, ok := decodeProcPin(code); offset != 0xd0 || !ok {
		t.Fatalf("the offset is %#x, %v", offset, ok)
	}
	inOffset := func(i, at int) bool { return i >= at && i < at+4 }
	for i := range code {
		for bit := range 8 {
			changed := append([]byte{}, code...)
			changed[i] ^= 1 << bit
			if _, ok := decodeProcPin(changed); ok && !inOffset(i, locksAt) && !inOffset(i, processorAt) {
				t.Errorf("bit %d of byte %d differs, and the code is understood", bit, i)
			}
		}
	}
	for _, wrong := range []uint32{0xd4, 1 << 12, 1 << 31} {
		binary.LittleEndian.PutUint32(code[processorAt:], wrong)
		if offset, ok := decodeProcPin(code); ok {
			t.Errorf("an offset of %#x is believed", offset)
		}
	}
}
