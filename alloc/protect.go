package alloc

import (
	"errors"

	onfault "github.com/ashlar-go/ashlar/internal/fault"
)

// Protect runs f. If f uses memory that was made inaccessible because its use is a
// mistake (that of a checked arena after Free or Reset), f ends there and Protect
// returns a *MisuseError that tells whose memory it was. Without Protect the runtime
// ends the program, with the address alone. What f did until then is done; locks that
// it holds and does not release by defer stay locked.
//
// Only faults of the calling goroutine are caught, not those of goroutines that f
// starts. Every other panic passes through. Calls may be nested and concurrent.
func Protect(f func()) error { return onfault.Catch(f, onfault.Explain) }

// Explain tells what is wrong with using the memory at addr, false if nothing is
// known about it. It is for who catches faults by debug.SetPanicOnFault, or finds an
// address in a crash report of the same process.
func Explain(addr uintptr) (*MisuseError, bool) {
	var e *MisuseError
	ok := errors.As(onfault.Explain(addr), &e)
	return e, ok
}
