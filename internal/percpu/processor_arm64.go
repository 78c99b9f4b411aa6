// SPDX-License-Identifier: Apache-2.0

//go:build !ashlar_portable && !ashlar_interleave

package percpu

import "encoding/binary"

// procPinCode is the machine code of runtime.procPin. Zeros stand for the offsets that differ
// between versions of Go: that of m.locks in the second and the fourth instruction, and that of
// m.p in the fifth. Such a field has 12 bits, from bit 10 on, and counts words of 4 or 8 bytes.
const procPinCode = "" +
	"\x81\x1b\x40\xf9" + // MOVD g.m(R28), R1
	"\x22\x00\x80\xb9" + // MOVW m.locks(R1), R2
	"\x42\x04\x00\x91" + // ADD  $1, R2, R2
	"\x22\x00\x00\xb9" + // MOVW R2, m.locks(R1)
	"\x21\x00\x40\xf9" + // MOVD m.p(R1), R1
	"\x20\x00\x80\xb9" + // MOVW p.id(R1), R0
	"\xc0\x03\x5f\xd6" //   RET

const procPinFields = "" +
	"\x00\x00\x00\x00" +
	"\x00\xfc\x3f\x00" +
	"\x00\x00\x00\x00" +
	"\x00\xfc\x3f\x00" +
	"\x00\xfc\x3f\x00" +
	"\x00\x00\x00\x00" +
	"\x00\x00\x00\x00"

// processorIn returns the offset of m.p in code. It reports false if procPin does not increment
// the word that it loads.
func processorIn(code []byte) (offset uintptr, ok bool) {
	field := func(instruction int) uintptr {
		return uintptr(binary.LittleEndian.Uint32(code[4*instruction:]) >> 10 & (1<<12 - 1))
	}
	return field(4) * 8, field(1) == field(3)
}
