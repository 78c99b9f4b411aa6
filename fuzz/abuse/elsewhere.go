// SPDX-License-Identifier: Apache-2.0

package abuse

// A Kin is the kind of mistake by which documentation speaks of a case.
type Kin uint8

// The kinds of mistakes.
const (
	doubleFree Kin = iota
	staleFree      // of a block that is somebody else's by now
	invalidFree
	sharedLocal // a handle for one goroutine, used by two
	usableSize
	overflow
	overflowLarge
	underflow
	writeAfterFree
	readAfterFree
	largeAfterFree
	leak
	typeMismatch
	goPointers
	impossible
	multiplied
	uninitialised
	right
)

// A Peer is another allocator, with what its published documentation says.
type Peer struct {
	Name, Source string
	says         map[Kin]string // what is missing is not stated
}

// Peers are the other allocators of the table.
var Peers = []Peer{
	{"mimalloc, secure", "https://microsoft.github.io/mimalloc/modes.html", map[Kin]string{
		doubleFree:    "ignored",
		overflow:      "into a free list",
		overflowLarge: "guard page",
		right:         "works",
	}},
	{"scudo", "https://llvm.org/docs/ScudoHardenedAllocator.html", map[Kin]string{
		doubleFree:     "aborts",
		invalidFree:    "aborts",
		overflow:       "when the next header is used",
		overflowLarge:  "guard page",
		underflow:      "when the header is used",
		writeAfterFree: "quarantine is optional",
		readAfterFree:  "quarantine is optional",
		largeAfterFree: "quarantine is optional",
		typeMismatch:   "sized delete",
		impossible:     "checked",
		multiplied:     "checked",
		right:          "works",
	}},
	{"hardened_malloc", "https://github.com/GrapheneOS/hardened_malloc#security-properties", map[Kin]string{
		doubleFree:     "aborts",
		invalidFree:    "aborts",
		overflow:       "canary, at free",
		overflowLarge:  "guard region",
		underflow:      "canary or guard region",
		writeAfterFree: "at reuse",
		readAfterFree:  "reads zeros",
		largeAfterFree: "faults",
		typeMismatch:   "sized delete",
		uninitialised:  "reads zeros",
		right:          "works",
	}},
	{"Go's heap", "https://go.dev/ref/spec", map[Kin]string{
		doubleFree:     "there is no free",
		staleFree:      "there is no free",
		invalidFree:    "there is no free",
		overflow:       "index panic, unless unsafe",
		overflowLarge:  "index panic, unless unsafe",
		underflow:      "index panic, unless unsafe",
		writeAfterFree: "there is no free",
		readAfterFree:  "there is no free",
		largeAfterFree: "there is no free",
		leak:           "collected",
		typeMismatch:   "there is no free",
		goPointers:     "allowed",
		impossible:     "panic or compile error",
		multiplied:     "panic",
		uninitialised:  "reads zeros",
		right:          "works",
	}},
}

// Says returns what the documentation says of a kind of mistake.
func (p *Peer) Says(k Kin) string {
	if s := p.says[k]; s != "" {
		return s
	}
	return "–"
}
