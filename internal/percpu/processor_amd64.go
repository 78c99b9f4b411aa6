// SPDX-License-Identifier: Apache-2.0

//go:build !ashlar_portable && !ashlar_interleave

package percpu

import "encoding/binary"

// procPinCode is the machine code of runtime.procPin. Zeros stand for the two offsets that differ
// between versions of Go: that of m.locks at byte 6, and that of m.p at byte 13.
const procPinCode = "" +
	"\x49\x8b\x4e\x30" + //             MOVQ g.m(R14), CX
	"\xff\x81\x00\x00\x00\x00" + //     INCL m.locks(CX)
	"\x48\x8b\x89\x00\x00\x00\x00" + // MOVQ m.p(CX), CX
	"\x48\x63\x01" + //                 MOVLQSX p.id(CX), AX
	"\xc3" //                           RET

const procPinFields = "" +
	"\x00\x00\x00\x00" +
	"\x00\x00\xff\xff\xff\xff" +
	"\x00\x00\x00\xff\xff\xff\xff" +
	"\x00\x00\x00" +
	"\x00"

// processorIn returns the offset of m.p in code.
func processorIn(code []byte) (offset uintptr, ok bool) {
	return uintptr(binary.LittleEndian.Uint32(code[13:])), true
}
