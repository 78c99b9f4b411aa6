// SPDX-License-Identifier: Apache-2.0

//go:build amd64 && !ashlar_portable && !race && !asan && !msan && !ashlar_interleave

package alloc

import (
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/pagemap"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/smallheap"
)

// mallocLocal and freeLocal serve Local.Malloc and Local.Free. They are the functions in assembly
// if those can be called, and otherwise the functions in Go.
//
// Go's compiler calls a function in assembly through a wrapper, which passes the arguments on the
// stack and costs as much as a third of a fast path. A function value is called without a wrapper,
// with the arguments in registers. So a function value whose code is the function in assembly
// finds its arguments in the registers of Go's internal calling convention. That convention may
// change with each version of Go: at start, localEcho shows whether it is the one that the
// assembly expects.
//
// The functions in assembly have no frame and call nothing. Where a fast path does not apply, they
// jump to the function in Go, with the arguments in their registers. Until then they have written
// nothing.
//
// Nobody sees a Local between two instructions of such a function. They are marked as unsafe
// points, and the runtime preempts no assembly (preempt.go, isAsyncSafePoint). So a profile of all
// goroutines, which stops the world, never finds a goroutine in them, and reclaimLocals need not
// know them.
var (
	mallocLocal = localMallocGo
	freeLocal   = localFreeGo
)

// The functions to which the assembly jumps. Tests replace them.
var (
	//lint:ignore U1000 the assembly reads it
	slowMallocLocal func(l *Local, size int) (unsafe.Pointer, error)
	//lint:ignore U1000 the assembly reads it
	slowFreeLocal func(l *Local, p unsafe.Pointer)
)

// pageRoot is the address of the page map's root.
//
//lint:ignore U1000 the assembly reads it
var pageRoot uintptr

// localEntries returns the addresses of the functions in assembly.
func localEntries() (echo, malloc, free uintptr)

// The function values point to these words, which hold the addresses of their code.
var localEcho, localMallocAsm, localFreeAsm uintptr

func init() {
	pageRoot = pagemap.Root()
	slowMallocLocal, slowFreeLocal = localMallocGo, localFreeGo
	localEcho, localMallocAsm, localFreeAsm = localEntries()
	echo := functionAt[func(*Local, int) (unsafe.Pointer, error)](&localEcho)
	l := new(Local)
	if p, err := echo(l, 16); p != unsafe.Add(unsafe.Pointer(l), 16) || err != nil {
		return
	}
	mallocLocal = functionAt[func(*Local, int) (unsafe.Pointer, error)](&localMallocAsm)
	freeLocal = functionAt[func(*Local, unsafe.Pointer)](&localFreeAsm)
}

// functionAt returns the function value of type F whose code begins at the address *code.
func functionAt[F any](code *uintptr) F { return *(*F)(unsafe.Pointer(&code)) }

// What the assembly knows of other packages. go_asm.h has these constants.
const (
	asmLargeMin = sizeclass.LargeMin

	asmRootShift = pagemap.RootShift
	asmRootMask  = pagemap.RootMask
	asmPageShift = sizeclass.PageShift
	asmLeafMask  = pagemap.LeafMask

	asmMagicShift = sizeclass.MagicShift

	asmOwner  = unsafe.Offsetof(pagemap.Header{}.Owner)
	asmBase   = unsafe.Offsetof(pagemap.Header{}.Base)
	asmMagic  = unsafe.Offsetof(pagemap.Header{}.Magic)
	asmSize   = unsafe.Offsetof(pagemap.Header{}.Size)
	asmClass  = unsafe.Offsetof(pagemap.Header{}.Class)
	asmStates = smallheap.StatesStart

	asmTop        = smallheap.OffsetTop
	asmNextSample = smallheap.OffsetNextSample
	asmRequested  = smallheap.OffsetRequested
	asmSlot       = smallheap.SlotSize
	asmEnd        = smallheap.EndMark

	asmCached = smallheap.Cached
	asmUsed   = smallheap.Used
	asmLive   = smallheap.Live
	asmPlain  = smallheap.Profiled - smallheap.Live
)

// The assembly has these numbers in its instructions.
var (
	_ = [1]struct{}{}[sizeclass.Granule-16]
	_ = [1]struct{}{}[sizeclass.CodeBits-6]
	_ = [1]struct{}{}[classCacheSize-64]
	_ = [1]struct{}{}[smallheap.SlotSize-16]
)

// Linters do not see what assembly uses.
var _ = [...]uintptr{
	asmLargeMin, asmRootShift, asmRootMask, asmPageShift, asmLeafMask, asmMagicShift,
	asmOwner, asmBase, asmMagic, asmSize, asmClass, asmStates,
	asmTop, asmNextSample, asmRequested, asmSlot, asmEnd, uintptr(asmCached),
	uintptr(asmUsed), uintptr(asmLive), uintptr(asmPlain),
}
