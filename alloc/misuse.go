package alloc

import (
	"errors"
	"fmt"
	"strings"

	"github.com/ashlar-go/ashlar/internal/largeheap"
	"github.com/ashlar-go/ashlar/internal/pagemap"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/smallheap"
)

// A MisuseError is the value of the panic that answers a misuse of memory: a
// mistake that has corrupted the program's idea of who owns what. The Allocator
// refused the operation and is consistent; whether the program is, only its
// author can say.
type MisuseError struct {
	Op    string  // "Free", "Realloc", "UsableSize", …
	Addr  uintptr // what was passed
	Block uintptr // start of the block that Addr is in, 0 if it is in none
	Size  int     // size of that block in bytes: of its class if it is small
	State string  // what the block was: "live", "free", "never allocated"; for large ones in more words; or ""
	Story string  // what is wrong and what to look for; on further lines, the stacks that allocated and freed it
}

func (e *MisuseError) Error() string {
	var b strings.Builder
	what, stacks, _ := strings.Cut(e.Story, "\n")
	fmt.Fprintf(&b, "alloc: %s(%#x): %s", e.Op, e.Addr, what)
	if e.Block != 0 {
		fmt.Fprintf(&b, " [block %#x of %d bytes, %s]", e.Block, e.Size, e.State)
	}
	if stacks != "" {
		b.WriteString("\n" + stacks)
	}
	return b.String()
}

// misuse explains what is wrong with an address that is not that of a live
// block of a.
func (a *Allocator) misuse(op string, addr uintptr) error {
	a.init() // an allocator never used has an identity too
	if a.gate.closed.Load() {
		return &MisuseError{Op: op, Addr: addr, Story: "the Allocator was closed, and all its blocks with it: " +
			"some part of the program still used them"}
	}
	if h := pagemap.HeaderOf(addr); h == nil || h.Kind == pagemap.Large && h.Owner == a.id {
		return explainLarge(op, addr, a.large.Report(addr))
	}
	return inspect(op, addr, a.id)
}

// inspect explains what is wrong with an address passed to the Allocator whose
// identity is owner, or to a function that takes any Allocator's blocks (0).
func inspect(op string, addr, owner uintptr) *MisuseError {
	e := &MisuseError{Op: op, Addr: addr}
	d := pagemap.Get(addr) // once: another goroutine may free the block meanwhile
	if d == 0 {
		e.Story = unknownStory
		return e
	}
	h := headerAt(d)
	switch {
	case owner != 0 && h.Owner != owner:
		e.Story = "the block belongs to another Allocator: free it through that one"
	case h.Kind == pagemap.Span:
		inspectSpan(e, d)
	case h.Kind == pagemap.Guarded:
		guardTableAt(d).inspect(e)
	case h.IsLarge(addr):
		o := largeheap.Descriptor(d).Describe()
		e.Block, e.Size, e.State = o.Base, int(o.Size), o.State.String()
		e.Story = "the large object is free already: it was used after it was freed"
	default:
		e.Story = "inside a large object, not at its start"
	}
	return e
}

const unknownStory = "not memory of this Allocator: it is Go memory, a stack, static data or foreign, " +
	"or was given back to the kernel after its last block was freed"

// inspectSpan explains an address in the span d.
func inspectSpan(e *MisuseError, d uintptr) {
	h := headerAt(d)
	i := h.Index(e.Addr)
	if i >= h.Blocks {
		e.Story = "behind the last block of a span: never an address of a block"
		return
	}
	e.Block = h.Base + uintptr(i)*uintptr(h.Size)
	e.Size = int(h.Size)
	e.State = smallheap.Describe(*smallheap.StateOf(d, i))
	switch {
	case e.Block != e.Addr:
		*e = *interior(e.Op, e.Addr, e.Block, e.Size, e.State)
	case e.State == "free":
		e.Story = "the block is free already: it was freed twice, or used after it was freed"
	default:
		e.Story = "the block was never handed out: the address was made up, or comes from an overwritten pointer"
	}
}

func interior(op string, addr, block uintptr, size int, state string) *MisuseError {
	return &MisuseError{Op: op, Addr: addr, Block: block, Size: size, State: state,
		Story: insideStory(int(addr - block))}
}

func insideStory(n int) string { return bytesOf(n) + " inside a block, not at its start" }

// explainLarge tells what the large heap found wrong with an address.
func explainLarge(op string, addr uintptr, err error) *MisuseError {
	var v *largeheap.Violation
	if !errors.As(err, &v) {
		return &MisuseError{Op: op, Addr: addr, Story: err.Error()}
	}
	e := &MisuseError{Op: op, Addr: addr, Story: unknownStory}
	if o := v.Object; o.Base != 0 {
		e.Block, e.Size, e.State = o.Base, int(o.Size), o.State.String()
		e.Story = v.Reason.String()
		if v.Detail != "" {
			e.Story += ": " + v.Detail
		}
	}
	return e
}

// freeingTwice reports a block that another goroutine is freeing right now.
func freeingTwice(op string, addr uintptr, size int) *MisuseError {
	return &MisuseError{Op: op, Addr: addr, Block: addr, Size: size, State: "free",
		Story: "another goroutine frees this block at the same time"}
}

// freedTwiceAtOnce reports a block that two goroutines freed at the same moment:
// each saw it live and put it into a magazine. The second of the two slots was
// found now, before the block could be handed out twice.
func freedTwiceAtOnce(op string, addr uintptr, c sizeclass.Class) *MisuseError {
	return &MisuseError{Op: op, Addr: addr, Block: addr, Size: c.Size(), State: "free or handed out again",
		Story: "two goroutines freed this block at the same time, earlier; its second entry was found, and dropped, now"}
}
