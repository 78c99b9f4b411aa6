// SPDX-License-Identifier: Apache-2.0

package abuse

import (
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
)

// A Kind is the way in which a mistake is reported.
type Kind uint8

// The kinds of reports.
const (
	Unnoticed Kind = iota // nothing is reported
	Works                 // it is not a mistake, and nothing is reported
	Refused               // an *alloc.Error
	Panics                // a *alloc.MisuseError
	Faults                // a fault of the processor ends the process
	Found                 // Verify and Close return a *alloc.MisuseError
	Listed                // Close lists it in Options.Leaks
	Undefined             // the result depends on what the access hits
)

func (k Kind) String() string {
	return [...]string{"not noticed", "works", "error", "reported", "faults", "reported", "reported", "–"}[k]
}

// A Report is the expected report of a case.
type Report struct {
	Kind Kind
	// Misuse is the kind of the *alloc.MisuseError. A DoubleFree by an operation other
	// than Free is a use after free.
	Misuse alloc.MisuseKind
	Op     string   // operation in the report; alternatives are separated by |
	Size   int      // requested size in bytes of the reported block
	Fault  bool     // the report comes from a fault in the accessed range; addresses are not compared
	Other  bool     // the reported block is not that of the mistake; its size is not compared
	State  string   // state of the reported block, or a word of it; alternatives as in Op
	Err    error    // the sentinel that the error wraps
	Words  []string // words of the error's text
	When   string   // for the table: when the report comes, if later than the mistake
}

// A Case is one mistake. It has either Bad or Do.
type Case struct {
	Name     string
	Category Category
	// Bad returns a bad address. The test passes it to Free, to a Local's Free, and to
	// Realloc, each on its own Fixture.
	Bad func(*Fixture) unsafe.Pointer
	// Do makes the mistake and returns the error, if it causes one.
	Do   func(*Fixture) error
	Want Report // in the first mode, and in all modes without an entry in Differs
}

// in returns the expected report in mode m.
func (c *Case) in(m int) Report {
	if r, ok := Modes[m].Differs[c.Name]; ok {
		return r
	}
	return c.Want
}

// Cases returns all cases in the order of the table.
func Cases() []Case {
	var all []Case
	for _, some := range [][]Case{
		doubleFrees, invalidFrees, foreignFrees, partFrees, shared, reallocs, overruns, afterFree, typed, sizes, correct,
	} {
		all = append(all, some...)
	}
	return all
}

// panics returns the Report of a misuse by a panic of op. If op is empty, it is the
// operation that gets the Bad address.
func panics(kind alloc.MisuseKind, op string, size int, state string, words ...string) Report {
	return Report{Kind: Panics, Misuse: kind, Op: op, Size: size, State: state, Words: words}
}

// later returns a Report like panics, but some time after the mistake.
func later(when string, kind alloc.MisuseKind, op string, size int, state string, words ...string) Report {
	return Report{Kind: Panics, Misuse: kind, Op: op, Size: size, State: state, Words: words, When: when}
}

// refused returns the Report of an error of op.
func refused(op string, err error) Report { return Report{Kind: Refused, Op: op, Err: err} }

var (
	unnoticed = Report{Kind: Unnoticed}
	works     = Report{Kind: Works}
	faults    = Report{Kind: Faults}
)
