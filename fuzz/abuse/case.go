// SPDX-License-Identifier: Apache-2.0

package abuse

import (
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
)

// A Kind is the way in which a mistake becomes known.
type Kind uint8

// The kinds of reports.
const (
	Unnoticed Kind = iota // nothing is said
	Works                 // it is no mistake, and nothing is said
	Refused               // an *alloc.Error
	Panics                // a *alloc.MisuseError
	Faults                // the process is ended by the processor's fault
	Found                 // Verify and Close return a *alloc.MisuseError
	Listed                // Close lists it in Options.Leaks
	Unplayed              // it cannot be said what is hit
)

func (k Kind) String() string {
	return [...]string{"not noticed", "works", "error", "reported", "faults", "reported", "reported", "–"}[k]
}

// A Report is what is to come of a case.
type Report struct {
	Kind Kind
	// Misuse is the kind of the *alloc.MisuseError. A DoubleFree is one by Free; by other
	// operations it is a use after free.
	Misuse alloc.MisuseKind
	Op     string   // that is named; alternatives are separated by |
	Size   int      // of the block that is named, in bytes that were asked for
	Fault  bool     // it is found by a fault, somewhere in what is touched: addresses are not compared
	Other  bool     // that block is another one than that of the mistake, its size is not compared
	State  string   // of that block, or a word of it; alternatives as in Op
	Err    error    // that an error wraps
	Words  []string // of the error
	When   string   // for the table: when it is reported, if not at the mistake itself
}

// A Case is one mistake. It is made in one of two ways.
type Case struct {
	Name string
	Kin  Kin
	// Bad makes an address that is given to Free, a Local's Free, and Realloc, each
	// on a Scene of its own.
	Bad func(*Scene) unsafe.Pointer
	// Do makes the mistake itself and returns the error, if that is what it leads to.
	Do   func(*Scene) error
	Want Report // in the first mode, and in those that do not differ
}

// in returns what is to be reported in mode m.
func (c *Case) in(m int) Report {
	if r, ok := Modes[m].Differs[c.Name]; ok {
		return r
	}
	return c.Want
}

// Cases returns all cases, in the order of the table.
func Cases() []Case {
	var all []Case
	for _, some := range [][]Case{
		doubleFrees, invalidFrees, foreignFrees, partFrees, shared, reallocs, overruns, afterFree, typed, sizes, correct,
	} {
		all = append(all, some...)
	}
	return all
}

// panics is a Report of a misuse by a panic of op, "" for whatever operation is given a Bad
// address.
func panics(kind alloc.MisuseKind, op string, size int, state string, words ...string) Report {
	return Report{Kind: Panics, Misuse: kind, Op: op, Size: size, State: state, Words: words}
}

// later is panics, some time after the mistake.
func later(when string, kind alloc.MisuseKind, op string, size int, state string, words ...string) Report {
	return Report{Kind: Panics, Misuse: kind, Op: op, Size: size, State: state, Words: words, When: when}
}

// refused is a Report by an error of op.
func refused(op string, err error) Report { return Report{Kind: Refused, Op: op, Err: err} }

var (
	unnoticed = Report{Kind: Unnoticed}
	works     = Report{Kind: Works}
	faults    = Report{Kind: Faults}
)
