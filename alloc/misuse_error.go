// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"fmt"
	"iter"
	"runtime"
	"strings"

	onfault "github.com/ashlar-go/ashlar/internal/fault"
	"github.com/ashlar-go/ashlar/internal/goroutine"
	"github.com/ashlar-go/ashlar/internal/heapprof"
)

// A MisuseKind is the kind of a mistake. Programs can switch on it. DoubleFree and the
// constants after it are the kinds; go doc alloc.DoubleFree lists them.
type MisuseKind uint8

// The kinds of misuse.
const (
	DoubleFree     MisuseKind = 1 + iota // a block was freed that is free already
	UseAfterFree                         // a free block was resized, read or written
	InvalidPointer                       // an address at which no block begins: inside a block, between blocks, or made up
	ForeignPointer                       // an address in no Allocator's memory: Go memory, a stack, or memory that went back to the kernel
	WrongAllocator                       // a block of another Allocator
	Overflow                             // a write or a read beyond the end of a block
	Underflow                            // a write or a read before the start of a block
	TypeMismatch                         // a block was freed as a value of another size
	UseAfterClose                        // a block of an Allocator that is closed
	DamagedHeader                        // what lies before a large object was overwritten
	SharedLocal                          // two goroutines used one Local at once
	ConcurrentUse                        // two calls used a structure of package offheap at once that allows one
)

var misuseKinds = [...]string{
	"misuse", "double free", "use after free", "invalid pointer", "foreign pointer", "wrong allocator",
	"buffer overflow", "buffer underflow", "type mismatch", "use after close", "damaged header",
	"shared local", "concurrent use",
}

func (k MisuseKind) String() string {
	if int(k) >= len(misuseKinds) {
		k = 0
	}
	return misuseKinds[k]
}

// A MisuseError describes a program's mistake with memory. An operation that refuses its
// argument panics with it. Catch, Verify and Close return it as an error.
//
// Afterwards the Allocator is consistent and continues to work. The program may not be: it
// uses memory that it does not own.
type MisuseError struct {
	Kind MisuseKind
	Op   string  // what was called: "Free", "Realloc", "UsableSize", "Verify" …; "access" for a fault
	Addr uintptr // what was passed, or accessed

	// Allocator is the name (Options.Name) of the Allocator whose memory contains Addr. If
	// none does, it is the name of the called Allocator. It is empty if the Allocator has no
	// name or is unknown.
	Allocator string

	// Batch is the number of blocks of a call for several blocks, such as FreeBatch, and Index
	// the index of the block that the mistake is about. The call finished all blocks before
	// Index, and did nothing with that block and those after it. Batch is 0 for other calls.
	Batch, Index int

	Block uintptr // start of the block that Addr is in or near, 0 if there is none
	Size  int     // size of that block in bytes: that of its class if it is small and neither guarded nor checked
	State string  // what that block was: "live", "free", "never allocated"; for large ones in more words; or ""

	Used      Call // the call that found it; for a fault, the access itself
	Freed     Call // the call that freed the block; known for guarded and checked blocks
	Allocated Call // the call that allocated the block; likewise

	Detail string // for people: what was found, and what to look for
}

// A Call is a call that did something to a block. The zero Call means unknown.
type Call struct {
	Goroutine uint64    // its number, as in the runtime's traces; 0: not known, as for checked blocks
	Stack     []uintptr // program counters, the innermost first, as those of runtime.Callers
}

// Frames returns the functions of the stack, the innermost first.
func (c Call) Frames() iter.Seq[runtime.Frame] { return heapprof.Frames(c.Stack) }

// newMisuse returns a misuse of addr that the calling goroutine found.
func newMisuse(kind MisuseKind, op operation, addr uintptr, detail string) *MisuseError {
	return &MisuseError{Kind: kind, Op: op.String(), Addr: addr, Allocator: nameAt(addr), Detail: detail, Used: here()}
}

// accessMisuse returns a misuse that a fault found. Catch adds the call.
func accessMisuse(kind MisuseKind, addr uintptr, detail string) *MisuseError {
	if !onfault.Exact {
		detail += pageOnly
	}
	return &MisuseError{Kind: kind, Op: opAccess.String(), Addr: addr, Allocator: nameAt(addr), Detail: detail}
}

const pageOnly = " (this processor reports only the page of an access, so the address and the distance are those of its page)"

// here returns the current call, from newMisuse's caller on.
func here() Call {
	var pcs [heapprof.Depth]uintptr
	n := runtime.Callers(3, pcs[:])
	return Call{Goroutine: goroutine.Number(), Stack: append([]uintptr(nil), pcs[:n]...)}
}

// of completes e with the block that it is about.
func (e *MisuseError) of(block uintptr, size int, state string) *MisuseError {
	e.Block, e.Size, e.State = block, size, state
	return e
}

// freedAs returns the kind of mistake that op makes on a freed block.
func freedAs(op operation) MisuseKind {
	if op == opFree {
		return DoubleFree
	}
	return UseAfterFree
}

// Error describes the mistake: the kind, the operation, the detail and the block. Further
// lines have the stacks, the latest call first. If the error is the value of a panic, the
// stack of the panicking call is left out, because the runtime prints it.
func (e *MisuseError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "alloc: %s: %s(%#x): %s", e.Kind, e.Op, e.Addr, e.Detail)
	if e.Block != 0 {
		fmt.Fprintf(&b, " [block %#x of %d bytes, %s%s]", e.Block, e.Size, e.State, inNamed(e.Allocator))
	} else if e.Allocator != "" {
		fmt.Fprintf(&b, " [%s]", inNamed(e.Allocator)[1:])
	}
	if e.Batch > 0 {
		fmt.Fprintf(&b, " [index %d in a batch of %d: the %d before it are done, it and those after it are not]", e.Index, e.Batch, e.Index)
	}
	if e.Op == opAccess.String() {
		e.Used.write(&b, "used by")
	}
	e.Freed.write(&b, "freed by")
	e.Allocated.write(&b, "allocated by")
	return b.String()
}

// write writes the call below a headline; nothing if it is not known.
func (c *Call) write(b *strings.Builder, headline string) {
	if len(c.Stack) == 0 {
		return
	}
	fmt.Fprintf(b, "\n  %s", headline)
	if c.Goroutine != 0 {
		fmt.Fprintf(b, " goroutine %d", c.Goroutine)
	}
	for f := range c.Frames() {
		if f.Function == "runtime.goexit" {
			break
		}
		fmt.Fprintf(b, "\n\t%s\n\t\t%s:%d", f.Function, f.File, f.Line)
	}
}
