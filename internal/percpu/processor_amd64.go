// SPDX-License-Identifier: Apache-2.0

//go:build !ashlar_portable && !ashlar_interleave

package percpu

import (
	"encoding/binary"
	"reflect"
	"runtime"

	"github.com/ashlar-go/ashlar/internal/raw"
)

// Where the runtime keeps the number of a goroutine's processor: p.id is at IDField of the p, to
// which the word at ProcessorField of the m points, to which the word at ThreadField of the g
// points. ThreadField and IDField are the same in all versions of Go for which ProcessorField
// reports true.
const (
	ThreadField = 0x30
	IDField     = 0
)

// procPinCode is the machine code of runtime.procPin. Zeros stand for the two offsets that differ
// between versions of Go: that of m.locks at byte 6, and that of m.p at byte 13.
const procPinCode = "" +
	"\x49\x8b\x4e\x30" + //             MOVQ g.m(R14), CX
	"\xff\x81\x00\x00\x00\x00" + //     INCL m.locks(CX)
	"\x48\x8b\x89\x00\x00\x00\x00" + // MOVQ m.p(CX), CX
	"\x48\x63\x01" + //                 MOVLQSX p.id(CX), AX
	"\xc3" //                           RET

const (
	locksAt     = 6
	processorAt = 13
)

// ProcessorField returns the offset of m.p. It reports false if the runtime is not one that it
// understands. Other systems may map code so that it cannot be read.
func ProcessorField() (offset uintptr, ok bool) {
	switch runtime.GOOS {
	default:
		return 0, false
	case "linux", "darwin", "freebsd", "windows":
	}
	return decodeProcPin(raw.Bytes(reflect.ValueOf(procPin).Pointer(), uintptr(len(procPinCode))))
}

// decodeProcPin returns the offset of m.p in the machine code of runtime.procPin. It reports false
// if this is not exactly the code that it knows.
func decodeProcPin(code []byte) (offset uintptr, ok bool) {
	known := []byte(procPinCode)
	copy(known[locksAt:locksAt+4], code[locksAt:])
	copy(known[processorAt:processorAt+4], code[processorAt:])
	offset = uintptr(binary.LittleEndian.Uint32(code[processorAt:]))
	return offset, string(known) == string(code) && offset%8 == 0 && offset < 1<<12
}
