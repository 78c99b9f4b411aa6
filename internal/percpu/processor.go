// SPDX-License-Identifier: Apache-2.0

//go:build (amd64 || arm64) && !ashlar_portable && !ashlar_interleave

package percpu

import (
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

// ProcessorField returns the offset of m.p. It reports false if the runtime is not one that it
// understands. Other systems may map code so that it cannot be read.
func ProcessorField() (offset uintptr, ok bool) {
	switch runtime.GOOS {
	default:
		return 0, false
	case "linux", "darwin", "freebsd", "windows":
	}
	return decodeProcPin(codeOfProcPin())
}

// codeOfProcPin returns the machine code of runtime.procPin.
func codeOfProcPin() []byte {
	return raw.Bytes(reflect.ValueOf(procPin).Pointer(), uintptr(len(procPinCode)))
}

// decodeProcPin returns the offset of m.p in the machine code of runtime.procPin. It reports false
// if this is not exactly the code that it knows: procPinCode, except the bits that are set in
// procPinFields.
func decodeProcPin(code []byte) (offset uintptr, ok bool) {
	for i := range len(procPinCode) {
		if code[i]&^procPinFields[i] != procPinCode[i] {
			return 0, false
		}
	}
	offset, ok = processorIn(code)
	return offset, ok && offset%8 == 0 && offset < 1<<12
}
