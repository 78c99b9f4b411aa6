// SPDX-License-Identifier: Apache-2.0

//go:build (amd64 || arm64) && !ashlar_portable && !race && !asan && !msan && !ashlar_interleave

package alloc

import (
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/largeheap"
	"github.com/ashlar-go/ashlar/internal/pagemap"
	"github.com/ashlar-go/ashlar/internal/percpu"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/smallheap"
)

// mallocAllocator and freeAllocator serve Allocator.Malloc and Allocator.Free, mallocLocal and
// freeLocal those of Locals. They are the functions in assembly if those can be used, and otherwise
// the functions in Go.
//
// Go's compiler calls a function in assembly through a wrapper, which passes the arguments on the
// stack and costs as much as a third of a fast path. A function value is called without a wrapper,
// with the arguments in registers. So a function value whose code is the function in assembly
// finds its arguments in the registers of Go's internal calling convention. That convention may
// change with each version of Go: at start, fastEcho shows whether it is the one that the
// assembly expects.
//
// The functions in assembly have no frame and call nothing. Where a fast path does not apply, they
// jump to the function in Go, with the arguments in their registers. Until then they have written
// nothing.
//
// Nobody sees a cache between two instructions of such a function. They are marked as unsafe
// points, and the runtime preempts no assembly (preempt.go, isAsyncSafePoint). For a Local that
// means: a profile of all goroutines, which stops the world, never finds a goroutine in them, and
// reclaimLocals need not know them. For an Allocator it means that the goroutine has its processor,
// and so the processor's cache, to itself without being pinned. Package percpu says why that holds
// and how the assembly finds the number of its processor. The functions of Allocators are used
// only if percpu understands the runtime, and if fastProcessor finds the same number as percpu.Pin.
var (
	mallocAllocator = mallocGo
	freeAllocator   = freeGo
	mallocLocal     = localMallocGo
	freeLocal       = localFreeGo
)

// The functions to which the assembly jumps. Tests replace them.
var (
	//lint:ignore U1000 the assembly reads it
	slowMallocAllocator func(a *Allocator, size int) (unsafe.Pointer, error)
	//lint:ignore U1000 the assembly reads it
	slowFreeAllocator func(a *Allocator, p unsafe.Pointer)
	//lint:ignore U1000 the assembly reads it
	slowMallocLocal func(l *Local, size int) (unsafe.Pointer, error)
	//lint:ignore U1000 the assembly reads it
	slowFreeLocal func(l *Local, p unsafe.Pointer)
)

var (
	// pageRoot is the address of the page map's root.
	//lint:ignore U1000 the assembly reads it
	pageRoot uintptr
	// pageHome is the page map's way to the entries of its only leaf.
	//lint:ignore U1000 the assembly reads it
	pageHome *pagemap.Home
	// processorField is the offset of m.p, or 0 if the processor cannot be found.
	//lint:ignore U1000 the assembly reads it
	processorField uintptr
)

// fastEntries returns the addresses of the functions in assembly.
func fastEntries() (echo, processor, malloc, free, localMalloc, localFree uintptr)

// The function values point to these words, which hold the addresses of their code.
var echoAsm, processorAsm, mallocAsm, freeAsm, localMallocAsm, localFreeAsm uintptr

var (
	// fastEcho returns the sum of its two arguments.
	fastEcho = functionAt[func(*Local, int) (unsafe.Pointer, error)](&echoAsm)
	// fastProcessor returns the number of the processor (P).
	fastProcessor = functionAt[func() int](&processorAsm)
)

func init() {
	pageRoot, pageHome = pagemap.Root(), pagemap.TheHome()
	slowMallocAllocator, slowFreeAllocator = mallocGo, freeGo
	slowMallocLocal, slowFreeLocal = localMallocGo, localFreeGo
	echoAsm, processorAsm, mallocAsm, freeAsm, localMallocAsm, localFreeAsm = fastEntries()
	useAssembly()
}

// useAssembly makes the functions in assembly serve what they can serve.
func useAssembly() {
	l := new(Local)
	if p, err := fastEcho(l, 16); p != unsafe.Add(unsafe.Pointer(l), 16) || err != nil {
		return
	}
	mallocLocal = functionAt[func(*Local, int) (unsafe.Pointer, error)](&localMallocAsm)
	freeLocal = functionAt[func(*Local, unsafe.Pointer)](&localFreeAsm)
	var known bool
	if processorField, known = percpu.ProcessorField(); !known || !findsProcessor() {
		processorField = 0
		return
	}
	mallocAsm, freeAsm = entriesFor(mallocAsm, freeAsm)
	mallocAllocator = functionAt[func(*Allocator, int) (unsafe.Pointer, error)](&mallocAsm)
	freeAllocator = functionAt[func(*Allocator, unsafe.Pointer)](&freeAsm)
}

// findsProcessor reports whether fastProcessor returns the number of the processor.
func findsProcessor() bool {
	id := percpu.Pin()
	found := fastProcessor()
	percpu.Unpin(id)
	return found == id
}

// functionAt returns the function value of type F whose code begins at the address *code.
func functionAt[F any](code *uintptr) F { return *(*F)(unsafe.Pointer(&code)) }

// What the assembly knows of other packages. go_asm.h has these constants.
const (
	asmLargeMin = sizeclass.LargeMin

	asmThread = percpu.ThreadField
	asmID     = percpu.IDField

	asmRootShift = pagemap.RootShift
	asmRootBits  = pagemap.RootBits
	asmPageShift = sizeclass.PageShift
	asmLeafBits  = pagemap.LeafBits

	asmHomeIndex   = unsafe.Offsetof(pagemap.Home{}.Index)
	asmHomeEntries = unsafe.Offsetof(pagemap.Home{}.Entries)

	asmMagicShift = sizeclass.MagicShift

	asmOwner  = unsafe.Offsetof(pagemap.Header{}.Owner)
	asmBase   = unsafe.Offsetof(pagemap.Header{}.Base)
	asmMagic  = unsafe.Offsetof(pagemap.Header{}.Magic)
	asmSize   = unsafe.Offsetof(pagemap.Header{}.Size)
	asmRow    = unsafe.Offsetof(pagemap.Header{}.Row)
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

// What the assembly knows of large objects. That of arm64 leaves them to Go.
const (
	asmNoOwner     = -1
	asmClosed      = unsafe.Offsetof(Allocator{}.gate) + unsafe.Offsetof(gate{}.closed)
	asmSecret      = unsafe.Offsetof(Allocator{}.large) + largeheap.OffsetSecret
	asmMaxCached   = unsafe.Offsetof(Allocator{}.large) + largeheap.OffsetMaxCached
	asmLargeCache  = largeCacheStart
	asmCachedShift = 5

	asmClass     = unsafe.Offsetof(pagemap.Header{}.Class)
	asmKind      = unsafe.Offsetof(pagemap.Header{}.Kind)
	asmKindLarge = pagemap.Large
	asmLargeBias = pagemap.LargeBias

	asmObjectEnd       = largeheap.OffsetEnd
	asmObjectRequested = largeheap.OffsetRequested
	asmCookie          = largeheap.OffsetCookie
	asmState           = largeheap.OffsetState
	asmStateMask       = largeheap.StateMask
	asmObjectLive      = largeheap.Live
	asmReleasing       = largeheap.Releasing
	asmObjectCached    = largeheap.Cached

	asmHeaderMagic     = largeheap.HeaderMagic
	asmHeaderAddress   = largeheap.HeaderAddress
	asmHeaderTotal     = largeheap.HeaderTotal
	asmHeaderRequested = largeheap.HeaderRequested
	asmHeaderState     = largeheap.HeaderState
	asmHeaderCanary    = largeheap.HeaderCanary
	asmHeaderCanary2   = largeheap.HeaderCanary2
	asmHeaderCookie    = largeheap.HeaderCookie
	asmHeaderMagicWord = largeheap.Magic
)

// The assembly has these numbers in its instructions.
var (
	_ = [1]struct{}{}[sizeclass.Granule-16]
	_ = [1]struct{}{}[sizeclass.CodeBits-6]
	_ = [1]struct{}{}[classCacheSize-64]
	_ = [1]struct{}{}[smallheap.SlotSize-16]
	_ = [1]struct{}{}[wordShift-3]
	_ = [1]struct{}{}[unsafe.Sizeof(cachedObject{})-1<<asmCachedShift]
	_ = [1]struct{}{}[^noOwner-(asmNoOwner+1)]
	_ = [1]struct{}{}[asmBase-asmOwner-8] // one load for both
	_ = [1]struct{}{}[asmSize-asmMagic-4] // one load for both
)

// Linters do not see what assembly uses.
var _ = [...]uintptr{
	asmLargeMin, asmThread, asmID, asmRootShift, asmRootBits, asmPageShift, asmLeafBits, asmHomeIndex, asmHomeEntries, asmMagicShift,
	asmOwner, asmBase, asmMagic, asmSize, asmRow, asmStates,
	asmTop, asmNextSample, asmRequested, asmSlot, asmEnd, uintptr(asmCached),
	uintptr(asmUsed), uintptr(asmLive), uintptr(asmPlain),
	asmClosed, asmSecret, asmMaxCached, asmLargeCache, asmClass, asmKind, uintptr(asmKindLarge), asmLargeBias,
	asmObjectEnd, asmObjectRequested, asmCookie, asmState, asmStateMask,
	uintptr(asmObjectLive), uintptr(asmReleasing), uintptr(asmObjectCached),
	^uintptr(^asmHeaderMagic), ^uintptr(^asmHeaderAddress), ^uintptr(^asmHeaderTotal), ^uintptr(^asmHeaderRequested),
	^uintptr(^asmHeaderState), ^uintptr(^asmHeaderCanary), ^uintptr(^asmHeaderCanary2), ^uintptr(^asmHeaderCookie),
	asmHeaderMagicWord,
}
