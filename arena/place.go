package arena

import (
	"fmt"
	"runtime"
	"strings"
)

// A place is where in the program something happened.
type place [placeDepth]uintptr

// placeDepth is how many frames are kept: those of this package, and the caller's.
const placeDepth = 4

// here returns the place of the caller, skip frames above it.
func here(skip int) (p place) {
	runtime.Callers(2+skip, p[:])
	return p
}

// String returns the first function outside this package, with file and line, ""
// for no place.
func (p *place) String() string {
	if p[0] == 0 {
		return ""
	}
	n := 0
	for n < len(p) && p[n] != 0 {
		n++
	}
	for frames := runtime.CallersFrames(p[:n]); ; {
		f, more := frames.Next()
		if !more || !strings.HasPrefix(f.Function, packagePrefix) || strings.HasSuffix(f.File, "_test.go") {
			return fmt.Sprintf("%s %s:%d", f.Function, f.File, f.Line)
		}
	}
}

// at returns " at " and the place, or nothing.
func (p *place) at() string {
	if s := p.String(); s != "" {
		return " at " + s
	}
	return ""
}

const packagePrefix = "github.com/ashlar-go/ashlar/arena."
