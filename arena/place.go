// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"fmt"
	"runtime"
)

// A place is where in the program something happened: a return address, 0 for
// nowhere.
type place uintptr

// here returns the place of the caller, skip frames above it.
func here(skip int) place {
	var pc [1]uintptr
	runtime.Callers(2+skip, pc[:])
	return place(pc[0])
}

// String returns the function, the file and the line, "" for nowhere.
func (p place) String() string {
	if p == 0 {
		return ""
	}
	f, _ := runtime.CallersFrames([]uintptr{uintptr(p)}).Next()
	return fmt.Sprintf("%s %s:%d", f.Function, f.File, f.Line)
}

// at returns " at " and the place, or nothing.
func (p place) at() string {
	if p == 0 {
		return ""
	}
	return " at " + p.String()
}
