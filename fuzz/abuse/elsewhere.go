// SPDX-License-Identifier: Apache-2.0

package abuse

// A Category is the kind of mistake by which documentation describes a case.
type Category uint8

// The categories of mistakes.
const (
	doubleFree Category = iota
	staleFree           // the block belongs to a new owner
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

// A Peer is another allocator, with the statements of its published documentation.
type Peer struct {
	Name, Source string
	says         map[Category]string // a missing category is not documented
}

// Peers contains the other allocators of the table.
var Peers = []Peer{
	{"mimalloc, secure", "https://microsoft.github.io/mimalloc/modes.html", map[Category]string{
		doubleFree:    "ignored",
		overflow:      "into a free list",
		overflowLarge: "guard page",
		right:         "works",
	}},
	{"scudo", "https://llvm.org/docs/ScudoHardenedAllocator.html", map[Category]string{
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
	{"hardened_malloc", "https://github.com/GrapheneOS/hardened_malloc#security-properties", map[Category]string{
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
	{"Go's heap", "https://go.dev/ref/spec", map[Category]string{
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

// Says returns what the documentation says about a category.
func (p *Peer) Says(k Category) string {
	if s := p.says[k]; s != "" {
		return s
	}
	return "–"
}
