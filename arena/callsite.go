// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"fmt"
	"runtime"
)

// A callSite is a place in the program: a return address, or 0 if it is not known.
type callSite uintptr

// callSiteOf returns the call site of the caller, skip frames above it.
func callSiteOf(skip int) callSite {
	var pc [1]uintptr
	runtime.Callers(2+skip, pc[:])
	return callSite(pc[0])
}

// String returns the function, the file and the line, or "" if the call site is not known.
func (p callSite) String() string {
	if p == 0 {
		return ""
	}
	f, _ := runtime.CallersFrames([]uintptr{uintptr(p)}).Next()
	return fmt.Sprintf("%s %s:%d", f.Function, f.File, f.Line)
}

// at returns " at " and the call site, or "" if it is not known.
func (p callSite) at() string {
	if p == 0 {
		return ""
	}
	return " at " + p.String()
}
