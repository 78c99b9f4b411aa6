// SPDX-License-Identifier: Apache-2.0

//go:build arm64 && !ashlar_portable && !race && !asan && !msan && !ashlar_interleave

#include "go_asm.h"
#include "textflag.h"

// The comments beside the instructions are the statements of fast.go. The arguments and results
// are in the registers of Go's internal calling convention: arguments in R0 and R1, results in R0,
// R1 and R2. R26 is the context of a function value. g, which is R28, R29 and R30 keep their
// values. The assembler uses R27 for addresses.
//
// Other goroutines change some of the words that fast.go loads atomically. Here these are plain
// loads, with one exception. Each of them either yields the address of what is loaded next, and
// arm64 keeps the order of loads that depend on each other in this way, or its order does not
// matter. The exception is the length of the table of caches: the table is loaded after it, and
// does not depend on it. All words that are written belong to the goroutine, as in fast.go.
//
// What the functions have in common is in macros. A macro jumps to the label slow of its function.

// func fastEntries() (echo, processor, malloc, free, localMalloc, localFree uintptr)
TEXT ·fastEntries(SB), NOSPLIT, $0-48
	MOVD $·echoCode(SB), R0
	MOVD R0, echo+0(FP)
	MOVD $·processorCode(SB), R0
	MOVD R0, processor+8(FP)
	MOVD $·mallocCode(SB), R0
	MOVD R0, malloc+16(FP)
	MOVD $·freeCode(SB), R0
	MOVD R0, free+24(FP)
	MOVD $·localMallocCode(SB), R0
	MOVD R0, localMalloc+32(FP)
	MOVD $·localFreeCode(SB), R0
	MOVD R0, localFree+40(FP)
	RET

// echoCode returns the sum of its two arguments, and no error.
TEXT ·echoCode(SB), NOSPLIT|NOFRAME, $0-0
	PCDATA $0, $-2
	ADD  R1, R0
	MOVD ZR, R1
	MOVD ZR, R2
	RET

// PROCESSOR sets id to the number of the processor. It changes R10.
#define PROCESSOR(id) \
	MOVD  const_asmThread(g), id;      /* g.m */ \
	MOVD  ·processorField(SB), R10; \
	MOVD  (id)(R10), id;               /* m.p */ \
	MOVWU const_asmID(id), id          /* p.id */

// CACHE sets cache to that of the Allocator at R0 for the processor. It changes R10.
#define CACHE(cache) \
	PROCESSOR(cache); \
	ADD   $Allocator_tableLen, R0, R10; /* if a.hasCache(id) { */ \
	LDARW (R10), R10; \
	CMPW  R10, cache; \
	BHS   slow; \
	MOVD  Allocator_table(R0), R10;    /* a.cacheOf(id) */ \
	MOVD  (R10)(cache<<3), cache

// CLASS_CODE leaves if the size in R1 is not that of a small block. It sets R9 to the row and R8 to
// the code of the size's class. It changes R10.
#define CLASS_CODE \
	SUB   $1, R1, R8;                  /* x := uint(size - 1) */ \
	CMP   $(const_asmLargeMin-1), R8;  /* if x < sizeclass.LargeMin-1 { */ \
	BHS   slow; \
	ORR   $128, R8, R9;                /* cc := sizeclass.ClassCodeOf(size) */ \
	CLZ   R9, R9; \
	MOVD  $56, R10; \
	SUB   R9, R10, R9;                 /* e */ \
	LSL   $2, R8, R8; \
	LSR   R9, R8, R8;                  /* x<<2>>e */ \
	ADD   R9<<9, R8, R8;               /* cc = e<<9 + x<<2>>e */ \
	AND   $~63, R8, R9;                /* cc.Row() */ \
	AND   $63, R8, R8                  /* cc.Code() */

// TAKE returns the top block of the class cache at R9, whose code is in R8. It leaves if that is
// not Ready.
#define TAKE \
	MOVD  const_asmNextSample(R9), R10; /* if r.Ready() { */ \
	CBZ   R10, slow; \
	MOVD  const_asmTop(R9), R11; \
	LDP.W -const_asmSlot(R11), (R12, R13); /* addr, st := slot.addr, slot.state */ \
	MOVBU (R13), R14; \
	SUBW  $const_asmCached, R14; \
	CMPW  $const_asmUsed, R14; \
	BHI   slow; \
	SUB   $1, R10;                     /* r.Take(cc.Code()) */ \
	MOVD  R10, const_asmNextSample(R9); /* r.nextSample-- */ \
	ADD   $const_asmLive, R8, R14; \
	MOVB  R14, (R13);                  /* *st = Live | code */ \
	MOVD  R11, const_asmTop(R9);       /* r.top = top - slotSize */ \
	MOVD  const_asmRequested(R9), R14; \
	ADD   R8, R14; \
	MOVD  R14, const_asmRequested(R9); /* r.requested += code */ \
	MOVD  R12, R0; \
	MOVD  ZR, R1; \
	MOVD  ZR, R2; \
	RET

// FIND finds the descriptor of the block at R1 and sets R8 to it. It sets R11 to the number of
// the block and R12 to its class. It leaves if there is no descriptor, if the block begins
// elsewhere, or if it is not that of the owner at owner(R0). It changes R10, R13, R14 and R15.
#define FIND(owner) \
	MOVD  ·pageRoot(SB), R8; \
	UBFX  $const_asmRootShift, R1, $const_asmRootBits, R10; \
	MOVD  (R8)(R10<<3), R8;            /* if leaf := pagemap.Leaf(addr); leaf != 0 { */ \
	CBZ   R8, slow; \
	UBFX  $const_asmPageShift, R1, $const_asmLeafBits, R10; \
	MOVD  (R8)(R10<<3), R8;            /* if d := pagemap.Entry(leaf, addr); d != 0 { */ \
	CBZ   R8, slow; \
	LDP   const_asmOwner(R8), (R12, R10); /* i := h.Index(addr) */ \
	SUB   R10, R1, R10;                /* addr - h.Base */ \
	LDPW  const_asmMagic(R8), (R11, R13); \
	UMULL R11, R10, R11; \
	LSR   $const_asmMagicShift, R11; \
	MUL   R11, R13;                    /* if h.Owns(i, addr, freeOwner) { */ \
	CMP   R10, R13; \
	BNE   slow; \
	MOVD  owner(R0), R14; \
	CMP   R14, R12; \
	BNE   slow; \
	MOVBU const_asmRow(R8), R12        /* h.Row */

// PUT puts the block at R1 into the class cache at R12. R8 and R11 are those of FIND. It leaves if
// the block is not plain, or if there is no room.
#define PUT \
	ADD   R8, R11; \
	MOVBU.W const_asmStates(R11), R13; /* st := smallheap.StateOf(d, i) */ \
	SUBW  $const_asmLive, R13;         /* code */ \
	CMPW  $const_asmPlain, R13;        /* if was := *st; smallheap.IsPlain(was) && r.HasRoom() { */ \
	BHS   slow; \
	MOVD  const_asmTop(R12), R10; \
	MOVD  (R10), R14; \
	CMP   $const_asmEnd, R14; \
	BEQ   slow; \
	MOVD  const_asmRequested(R12), R14; \
	SUB   R13, R14; \
	MOVD  R14, const_asmRequested(R12); /* r.requested -= code */ \
	MOVD  $(const_asmCached|const_asmUsed), R14; \
	MOVB  R14, (R11);                  /* *st = Cached | Used */ \
	STP.P (R1, R11), const_asmSlot(R10); /* slot.addr, slot.state */ \
	MOVD  R10, const_asmTop(R12);      /* r.top = top + slotSize */ \
	RET

// SLOW goes on in the Go function that the function value at code has.
#define SLOW(code) \
	MOVD  code(SB), R26; \
	MOVD  (R26), R10; \
	JMP   (R10)

// processorCode returns the number of the processor.
TEXT ·processorCode(SB), NOSPLIT|NOFRAME, $0-0
	PCDATA $0, $-2
	PROCESSOR(R0)
	RET

// mallocCode is mallocGo(a *Allocator, size int) (unsafe.Pointer, error).
TEXT ·mallocCode(SB), NOSPLIT|NOFRAME, $0-0
	PCDATA $0, $-2
	CACHE(R11)
	CLASS_CODE
	ADD  R11, R9                       // r := classCacheFor(a.cacheOf(id), cc)
	TAKE
slow:
	SLOW(·slowMallocAllocator)

// localMallocCode is localMallocGo(l *Local, size int) (unsafe.Pointer, error).
TEXT ·localMallocCode(SB), NOSPLIT|NOFRAME, $0-0
	PCDATA $0, $-2
	CLASS_CODE
	MOVD Local_cache(R0), R11
	ADD  R11, R9                       // r := classCacheFor(l.cache, cc)
	TAKE
slow:
	SLOW(·slowMallocLocal)

// freeCode is freeGo(a *Allocator, p unsafe.Pointer).
TEXT ·freeCode(SB), NOSPLIT|NOFRAME, $0-0
	PCDATA $0, $-2
	CACHE(R9)
	FIND(Allocator_freeOwner)
	ADD  R12<<6, R9, R12               // r := classCacheOf(a.cacheOf(id), h.Row)
	PUT
slow:
	SLOW(·slowFreeAllocator)

// localFreeCode is localFreeGo(l *Local, p unsafe.Pointer).
TEXT ·localFreeCode(SB), NOSPLIT|NOFRAME, $0-0
	PCDATA $0, $-2
	FIND(Local_freeOwner)
	MOVD Local_cache(R0), R9
	ADD  R12<<6, R9, R12               // r := classCacheOf(l.cache, h.Row)
	PUT
slow:
	SLOW(·slowFreeLocal)
