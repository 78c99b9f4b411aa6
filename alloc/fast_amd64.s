// SPDX-License-Identifier: Apache-2.0

//go:build amd64 && !ashlar_portable && !race && !asan && !msan && !ashlar_interleave

#include "go_asm.h"
#include "textflag.h"

// The comments beside the instructions are the statements of fast.go. The arguments and results
// are in the registers of Go's internal calling convention: arguments in AX and BX, results in AX,
// BX and CX. R14, which is g, and X15 keep their values.
//
// What the functions have in common is in macros. A macro jumps to the label slow of its function.

// func fastEntries() (echo, processor, malloc, free, localMalloc, localFree uintptr)
TEXT ·fastEntries(SB), NOSPLIT, $0-48
	MOVQ $·echoCode(SB), AX
	MOVQ AX, echo+0(FP)
	MOVQ $·processorCode(SB), AX
	MOVQ AX, processor+8(FP)
	MOVQ $·mallocCode(SB), AX
	MOVQ AX, malloc+16(FP)
	MOVQ $·freeCode(SB), AX
	MOVQ AX, free+24(FP)
	MOVQ $·localMallocCode(SB), AX
	MOVQ AX, localMalloc+32(FP)
	MOVQ $·localFreeCode(SB), AX
	MOVQ AX, localFree+40(FP)
	RET

// func usualEntries() (malloc, free uintptr)
TEXT ·usualEntries(SB), NOSPLIT, $0-16
	MOVQ $·usualMallocCode(SB), AX
	MOVQ AX, malloc+0(FP)
	MOVQ $·usualFreeCode(SB), AX
	MOVQ AX, free+8(FP)
	RET

// echoCode returns the sum of its two arguments, and no error.
TEXT ·echoCode(SB), NOSPLIT|NOFRAME, $0-0
	PCDATA $0, $-2
	ADDQ BX, AX
	XORL BX, BX
	XORL CX, CX
	RET

// PROCESSOR sets m to g.m, and p to m.p.
#define PROCESSOR(m, p) \
	MOVQ const_asmThread(R14), m;      /* g.m */ \
	MOVQ ·processorField(SB), p; \
	MOVQ (m)(p*1), p

// USUAL_PROCESSOR is PROCESSOR for a runtime whose m.p is where it usually is. It has a load less.
#define USUAL_PROCESSOR(m, p) \
	MOVQ const_asmThread(R14), m; \
	MOVQ const_asmUsualField(m), p

// CACHE sets cache to that of the Allocator a for the processor. processor is PROCESSOR or
// USUAL_PROCESSOR. It changes R10. If the processor has no route, it jumps to unrouted, and UNROUTED
// jumps back to routed.
#define CACHE(a, cache, processor) \
	processor(cache, R10); \
	MOVL R10, cache;                   /* routeOf(processor) */ \
	SHRL $(const_asmRouteShift-4), cache; \
	ANDL $(const_asmRouteMask<<4), cache; \
	CMPQ R10, (Allocator_routes+0)(a)(cache*1); \
	JNE  unrouted; \
	MOVQ (Allocator_routes+8)(a)(cache*1), cache; \
routed:

// UNROUTED finds the cache of CACHE by way of the table. R10 is m.p.
#define UNROUTED(a, cache) \
	MOVL const_asmID(R10), cache;      /* p.id */ \
	CMPL cache, Allocator_tableLen(a); /* if a.hasCache(id) { */ \
	JAE  slow; \
	MOVQ Allocator_table(a), R10;      /* a.cacheOf(id) */ \
	MOVQ (R10)(cache*8), cache; \
	JMP  routed

// CLASS_CODE jumps to large if the size in BX is not that of a small block. It sets R9 to the row and R8 to
// the code of the size's class. It changes CX.
#define CLASS_CODE \
	LEAQ -1(BX), R8;                   /* x := uint(size - 1) */ \
	CMPQ R8, $(const_asmLargeMin-1);   /* if x < sizeclass.LargeMin-1 { */ \
	JAE  large; \
	MOVQ R8, CX;                       /* cc := sizeclass.ClassCodeOf(size) */ \
	ORQ  $128, CX; \
	BSRQ CX, CX;                       /* e + 7 */ \
	SHLQ $9, R8; \
	SHRQ CX, R8;                       /* x<<2>>e */ \
	SHLQ $9, CX; \
	LEAQ -(7<<9)(R8)(CX*1), R8;        /* cc = e<<9 + x<<2>>e */ \
	MOVQ R8, R9; \
	ANDQ $~63, R9;                     /* cc.Row() */ \
	ANDL $63, R8                       /* cc.Code() */

// TAKE returns the top block of the class cache at R9, whose code is in R8. It leaves if that is
// not Ready.
#define TAKE \
	MOVQ const_asmNextSample(R9), R10; /* if r.Ready() { */ \
	TESTQ R10, R10; \
	JEQ  slow; \
	MOVQ const_asmTop(R9), R11; \
	MOVQ -8(R11), R12;                 /* st := slot.state */ \
	MOVBLZX (R12), R13; \
	SUBL $const_asmCached, R13; \
	CMPL R13, $const_asmUsed; \
	JHI  slow; \
	DECQ R10;                          /* r.Take(cc.Code()) */ \
	MOVQ -16(R11), AX;                 /* slot.addr */ \
	MOVQ R10, const_asmNextSample(R9); /* r.nextSample-- */ \
	LEAL const_asmLive(R8), R13; \
	MOVB R13, (R12);                   /* *st = Live | code */ \
	SUBQ $const_asmSlot, R11; \
	MOVQ R11, const_asmTop(R9);        /* r.top = top - slotSize */ \
	ADDQ R8, const_asmRequested(R9);   /* r.requested += code */ \
	XORL BX, BX; \
	XORL CX, CX; \
	RET

// FIND finds the descriptor of the block at BX and sets R8 to it. It sets R11 to the number of
// the block. It leaves if there is no descriptor, or if the block is not that of the owner at
// owner(AX). It jumps to large if the block begins elsewhere, as far as the descriptor says: that
// of a large object says so of each address. It changes CX, R10 and R12.
#define FIND(owner) \
	MOVQ ·pageHome(SB), R8; \
	MOVQ BX, CX;                       /* addr := raw.Addr(p) */ \
	SHRQ $const_asmRootShift, CX; \
	CMPQ CX, const_asmHomeIndex(R8);     /* if there is one leaf, and addr is below it { */ \
	JNE  far; \
	MOVQ const_asmHomeEntries(R8), R8; \
near: \
	MOVQ BX, CX; \
	SHRQ $const_asmPageShift, CX; \
	MOVQ (R8)(CX*8), R8;               /* if d := pagemap.Entry(leaf, addr); d != 0 { */ \
	TESTQ R8, R8; \
	JEQ  slow; \
	MOVQ BX, R10;                      /* i := h.Index(addr) */ \
	SUBQ const_asmBase(R8), R10;       /* addr - h.Base */ \
	MOVQ const_asmMagic(R8), R12;      /* h.Magic, and h.Size in the high half */ \
	MOVL R12, R11; \
	IMULQ R10, R11; \
	SHRQ $const_asmMagicShift, R11; \
	SHRQ $32, R12;                     /* if h.Owns(i, addr, freeOwner) { */ \
	IMULQ R11, R12; \
	CMPQ R12, R10; \
	JNE  large; \
	MOVQ owner(AX), R12; \
	CMPQ R12, const_asmOwner(R8); \
	JNE  slow; \
	MOVBLZX const_asmRow(R8), R12;   /* classCacheOf(cache, h.Row) */ \
	SHLQ $6, R12

// FAR goes on with FIND where the map has more than one leaf, or none. CX is the index in the root. It
// makes of the leaf what Home.Entries is of the only one.
#define FAR \
	CMPQ CX, $(1<<const_asmRootBits); \
	JAE  slow; \
	MOVQ ·pageRoot(SB), R8; \
	MOVQ (R8)(CX*8), R8;               /* if leaf := pagemap.Leaf(addr); leaf != 0 { */ \
	TESTQ R8, R8; \
	JEQ  slow; \
	SHLQ $(const_asmLeafBits+3), CX; \
	SUBQ CX, R8; \
	JMP  near

// PUT puts the block at BX into the class cache at R12. R8 and R11 are those of FIND. It leaves if
// the block is not plain, or if there is no room.
#define PUT \
	LEAQ const_asmStates(R8)(R11*1), R11; /* st := smallheap.StateOf(d, i) */ \
	MOVBLZX (R11), R13;                /* if was := *st; smallheap.IsPlain(was) && r.HasRoom() { */ \
	SUBL $const_asmLive, R13;          /* code */ \
	CMPL R13, $const_asmPlain; \
	JAE  slow; \
	MOVQ const_asmTop(R12), R9; \
	CMPQ (R9), $const_asmEnd; \
	JEQ  slow; \
	SUBQ R13, const_asmRequested(R12); /* r.requested -= code */ \
	MOVB $(const_asmCached|const_asmUsed), (R11); /* *st = Cached | Used */ \
	MOVQ BX, (R9);                     /* slot.addr */ \
	MOVQ R11, 8(R9);                   /* slot.state */ \
	ADDQ $const_asmSlot, R9; \
	MOVQ R9, const_asmTop(R12);        /* r.top = top + slotSize */ \
	RET

// TAKE_LARGE returns the youngest object of the large-object cache of the cache at R11, if the size
// in BX is that object's. R8 is size - 1, and a is the Allocator. It changes R10, R12 and R13.
#define TAKE_LARGE(a) \
	TESTQ R8, R8;                      /* if size > 0 { */ \
	JLT  slow; \
	CMPQ Allocator_freeOwner(a), $const_asmNoOwner; /* a.freesFast() */ \
	JEQ  slow; \
	CMPQ Allocator_recorder(a), $0;    /* a.recorder.Load() == nil */ \
	JNE  slow; \
	ADDQ $const_asmLargeCache, R11;    /* l := largeCacheOf(cache) */ \
	MOVQ largeCache_n(R11), R12;       /* if l.isNext(size) { */ \
	TESTQ R12, R12; \
	JEQ  slow; \
	DECQ R12; \
	MOVQ R12, R13; \
	SHLQ $const_asmCachedShift, R13; \
	LEAQ largeCache_objects(R11)(R13*1), R13; /* o := &l.objects[l.n-1] */ \
	CMPQ cachedObject_size(R13), BX; \
	JNE  slow; \
	CMPQ Allocator_rate(a), $0;        /* if l.passes(size, rate) { */ \
	JEQ  take; \
	MOVQ largeCache_nextSample(R11), R10; \
	SUBQ BX, R10; \
	JLS  slow; \
	MOVQ R10, largeCache_nextSample(R11); \
take: \
	MOVQ cachedObject_d(R13), R8;      /* l.takeNext() */ \
	MOVQ cachedObject_total(R13), R10; \
	INCQ largeCache_served(R11); \
	SUBQ R10, largeCache_bytes(R11); \
	SUBQ BX, largeCache_size(R11); \
	MOVQ R12, largeCache_n(R11); \
	MOVL const_asmState(R8), R10;      /* o.d.TakeSame() */ \
	ANDL $~const_asmStateMask, R10; \
	ORL  $const_asmObjectLive, R10; \
	MOVL R10, const_asmState(R8); \
	MOVQ cachedObject_addr(R13), AX; \
	XORL BX, BX; \
	XORL CX, CX; \
	RET

// PUT_LARGE frees the large object at BX with the descriptor at R8 into the large-object cache of
// the cache at R9, if there is room. CX is the Allocator. When it leaves, the registers of the arguments are as they were.
//
// Unlike freeLarge it needs no gate: a fault at the header is a panic here, and Close waits until
// the function returns. If the header is damaged, the object becomes live again, and Go reports it.
#define PUT_LARGE \
	PREFETCHT0 const_asmHeaderMagic(BX); \
	CMPB const_asmKind(R8), $const_asmKindLarge; /* if h.IsLarge(addr) { */ \
	JNE  slow; \
	LEAQ const_asmLargeBias(BX), R10; \
	CMPQ R10, const_asmBase(R8); \
	JNE  slow; \
	MOVQ Allocator_freeOwner(CX), R10;  /* h.Owner == a.freeOwner */ \
	CMPQ R10, const_asmOwner(R8); \
	JNE  slow; \
	CMPQ Allocator_recorder(CX), $0;    /* a.recorder.Load() == nil */ \
	JNE  slow; \
	CMPB const_asmClosed(CX), $0;       /* !a.gate.closed.Load() */ \
	JNE  slow; \
	CMPB const_asmClass(R8), $0;       /* !object.Marked() */ \
	JNE  slow; \
	MOVQ const_asmObjectEnd(R8), R10;  /* a.large.Caches(object) */ \
	SUBQ BX, R10; \
	CMPQ R10, const_asmMaxCached(CX); \
	JHI  slow; \
	ADDQ $const_asmLargeCache, R9;     /* if l := largeCacheOf(cache); l.hasRoom() { */ \
	MOVQ largeCache_n(R9), DI; \
	CMPQ DI, largeCache_limit(R9); \
	JAE  slow; \
	MOVL const_asmState(R8), R13;      /* a.large.Claim(object, addr, largeheap.Releasing) */ \
	MOVL R13, R10; \
	ANDL $~const_asmStateMask, R10; \
	MOVL R13, R11; \
	SUBL R10, R11; \
	CMPL R11, $const_asmObjectLive; \
	JNE  slow; \
	ORL  $const_asmReleasing, R10; \
	MOVQ AX, SI; \
	MOVL R13, AX; \
	LOCK; \
	CMPXCHGL R10, const_asmState(R8); \
	JNE  lost; \
	MOVQ const_asmSecret(CX), R10;      /* o.intact(addr, a.large.secret) */ \
	MOVQ BX, AX; \
	XORQ R10, AX; \
	ROLQ $32, R10; \
	MOVQ const_asmHeaderTotal(BX), R12; /* total */ \
	XORQ R12, R10; \
	MULQ R10; \
	XORQ DX, AX;                       /* cookieOf(secret, addr, total) */ \
	MOVQ const_asmCookie(R8), DX; \
	CMPQ AX, DX; \
	JNE  damaged; \
	CMPQ DX, const_asmHeaderCookie(BX); \
	JNE  damaged; \
	NOTQ DX; \
	CMPQ DX, const_asmHeaderCanary(BX); \
	JNE  damaged; \
	CMPQ DX, const_asmHeaderCanary2(BX); \
	JNE  damaged; \
	MOVQ $const_asmHeaderMagicWord, R10; \
	CMPQ R10, const_asmHeaderMagic(BX); \
	JNE  damaged; \
	CMPQ BX, const_asmHeaderAddress(BX); \
	JNE  damaged; \
	CMPQ const_asmHeaderState(BX), $const_asmObjectLive; \
	JNE  damaged; \
	MOVQ const_asmObjectRequested(R8), R11; \
	CMPQ R11, const_asmHeaderRequested(BX); \
	JNE  damaged; \
	ANDL $~const_asmStateMask, R13;    /* object.Put() */ \
	ORL  $const_asmObjectCached, R13; \
	MOVL R13, const_asmState(R8); \
	MOVQ DI, R10;                      /* l.put(object, addr) */ \
	SHLQ $const_asmCachedShift, R10; \
	LEAQ largeCache_objects(R9)(R10*1), R10; \
	MOVQ R8, cachedObject_d(R10); \
	MOVQ BX, cachedObject_addr(R10); \
	MOVQ R11, cachedObject_size(R10); \
	MOVQ R12, cachedObject_total(R10); \
	ADDQ R12, largeCache_bytes(R9); \
	ADDQ R11, largeCache_size(R9); \
	INCQ DI; \
	MOVQ DI, largeCache_n(R9); \
	RET; \
damaged: \
	MOVL R13, const_asmState(R8); \
lost: \
	MOVQ SI, AX; \
	JMP  slow

// LOCAL_ALLOCATOR sets CX to the Local's Allocator. It leaves if the processor's cache cannot be
// found.
#define LOCAL_ALLOCATOR \
	MOVQ Local_a(AX), CX; \
	CMPQ ·processorField(SB), $0; \
	JEQ  slow

// func processorAddress() uintptr
TEXT ·processorAddress(SB), NOSPLIT, $0-8
	PROCESSOR(AX, R10)
	MOVQ R10, ret+0(FP)
	RET

// processorCode returns the number of the processor.
TEXT ·processorCode(SB), NOSPLIT|NOFRAME, $0-0
	PCDATA $0, $-2
	PROCESSOR(AX, R10)
	MOVL const_asmID(R10), AX          // p.id
	RET

#define MALLOC(processor) \
	CACHE(AX, R11, processor); \
	CLASS_CODE; \
	ADDQ R11, R9;                      /* r := classCacheFor(a.cacheOf(id), cc) */ \
	TAKE; \
large: \
	TAKE_LARGE(AX); \
unrouted: \
	UNROUTED(AX, R11); \
slow: \
	MOVQ ·slowMallocAllocator(SB), DX; \
	MOVQ (DX), CX; \
	JMP  CX

// mallocCode is mallocGo(a *Allocator, size int) (unsafe.Pointer, error).
TEXT ·mallocCode(SB), NOSPLIT|NOFRAME, $0-0
	PCALIGN $64
	PCDATA $0, $-2
	MALLOC(PROCESSOR)

// usualMallocCode is mallocCode with USUAL_PROCESSOR.
TEXT ·usualMallocCode(SB), NOSPLIT|NOFRAME, $0-0
	PCALIGN $64
	PCDATA $0, $-2
	MALLOC(USUAL_PROCESSOR)

// localMallocCode is localMallocGo(l *Local, size int) (unsafe.Pointer, error).
TEXT ·localMallocCode(SB), NOSPLIT|NOFRAME, $0-0
	PCALIGN $64
	PCDATA $0, $-2
	CLASS_CODE
	ADDQ Local_cache(AX), R9           // r := classCacheFor(l.cache, cc)
	TAKE
large:
	LOCAL_ALLOCATOR
	CACHE(CX, R11, PROCESSOR)
	TAKE_LARGE(CX)
unrouted:
	UNROUTED(CX, R11)
slow:
	MOVQ ·slowMallocLocal(SB), DX
	MOVQ (DX), CX
	JMP  CX

#define FREE(processor) \
	CACHE(AX, R9, processor); \
	FIND(Allocator_freeOwner); \
	ADDQ R9, R12;                      /* r := classCacheOf(a.cacheOf(id), h.Row) */ \
	PUT; \
large: \
	MOVQ AX, CX; \
	PUT_LARGE; \
far: \
	FAR; \
unrouted: \
	UNROUTED(AX, R9); \
slow: \
	MOVQ ·slowFreeAllocator(SB), DX; \
	MOVQ (DX), CX; \
	JMP  CX

// freeCode is freeGo(a *Allocator, p unsafe.Pointer).
TEXT ·freeCode(SB), NOSPLIT|NOFRAME, $0-0
	PCALIGN $64
	PCDATA $0, $-2
	FREE(PROCESSOR)

// usualFreeCode is freeCode with USUAL_PROCESSOR.
TEXT ·usualFreeCode(SB), NOSPLIT|NOFRAME, $0-0
	PCALIGN $64
	PCDATA $0, $-2
	FREE(USUAL_PROCESSOR)

// localFreeCode is localFreeGo(l *Local, p unsafe.Pointer).
TEXT ·localFreeCode(SB), NOSPLIT|NOFRAME, $0-0
	PCALIGN $64
	PCDATA $0, $-2
	FIND(Local_freeOwner)
	ADDQ Local_cache(AX), R12          // r := classCacheOf(l.cache, h.Row)
	PUT
large:
	LOCAL_ALLOCATOR
	CACHE(CX, R9, PROCESSOR)
	PUT_LARGE
far:
	FAR
unrouted:
	UNROUTED(CX, R9)
slow:
	MOVQ ·slowFreeLocal(SB), DX
	MOVQ (DX), CX
	JMP  CX
