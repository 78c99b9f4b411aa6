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

// echoCode returns the sum of its two arguments, and no error.
TEXT ·echoCode(SB), NOSPLIT|NOFRAME, $0-0
	PCDATA $0, $-2
	ADDQ BX, AX
	XORL BX, BX
	XORL CX, CX
	RET

// PROCESSOR sets id to the number of the processor. It changes R10.
#define PROCESSOR(id) \
	MOVQ const_asmThread(R14), id;     /* g.m */ \
	MOVQ ·processorField(SB), R10; \
	MOVQ (id)(R10*1), id;              /* m.p */ \
	MOVL const_asmID(id), id           /* p.id */

// CACHE sets cache to that of the Allocator at AX for the processor. It changes R10.
#define CACHE(cache) \
	PROCESSOR(cache); \
	CMPL cache, Allocator_tableLen(AX); /* if a.hasCache(id) { */ \
	JAE  slow; \
	MOVQ Allocator_table(AX), R10;     /* a.cacheOf(id) */ \
	MOVQ (R10)(cache*8), cache

// CLASS_CODE leaves if the size in BX is not that of a small block. It sets R9 to the row and R8 to
// the code of the size's class. It changes CX.
#define CLASS_CODE \
	LEAQ -1(BX), R8;                   /* x := uint(size - 1) */ \
	CMPQ R8, $(const_asmLargeMin-1);   /* if x < sizeclass.LargeMin-1 { */ \
	JAE  slow; \
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
// the block. It leaves if there is no descriptor, if the block begins elsewhere, or if it is not
// that of the owner at owner(AX). It changes CX, R10 and R12.
#define FIND(owner) \
	MOVQ ·pageRoot(SB), R8; \
	MOVQ BX, CX;                       /* addr := raw.Addr(p) */ \
	SHRQ $const_asmRootShift, CX; \
	ANDL $((1<<const_asmRootBits)-1), CX; \
	MOVQ (R8)(CX*8), R8;               /* if leaf := pagemap.Leaf(addr); leaf != 0 { */ \
	TESTQ R8, R8; \
	JEQ  slow; \
	MOVQ BX, CX; \
	SHRQ $const_asmPageShift, CX; \
	ANDL $((1<<const_asmLeafBits)-1), CX; \
	MOVQ (R8)(CX*8), R8;               /* if d := pagemap.Entry(leaf, addr); d != 0 { */ \
	TESTQ R8, R8; \
	JEQ  slow; \
	MOVQ BX, R10;                      /* i := h.Index(addr) */ \
	SUBQ const_asmBase(R8), R10;       /* addr - h.Base */ \
	MOVL const_asmMagic(R8), R12; \
	MOVL R10, R11; \
	IMULQ R12, R11; \
	SHRQ $const_asmMagicShift, R11; \
	MOVL const_asmSize(R8), R12;       /* if h.Owns(i, addr, freeOwner) { */ \
	IMULQ R11, R12; \
	CMPQ R12, R10; \
	JNE  slow; \
	MOVQ owner(AX), R12; \
	CMPQ R12, const_asmOwner(R8); \
	JNE  slow; \
	MOVBLZX const_asmRow(R8), R12;   /* classCacheOf(cache, h.Row) */ \
	SHLQ $6, R12

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

// processorCode returns the number of the processor.
TEXT ·processorCode(SB), NOSPLIT|NOFRAME, $0-0
	PCDATA $0, $-2
	PROCESSOR(AX)
	RET

// mallocCode is mallocGo(a *Allocator, size int) (unsafe.Pointer, error).
TEXT ·mallocCode(SB), NOSPLIT|NOFRAME, $0-0
	PCDATA $0, $-2
	CACHE(R11)
	CLASS_CODE
	ADDQ R11, R9                       // r := classCacheFor(a.cacheOf(id), cc)
	TAKE
slow:
	MOVQ ·slowMallocAllocator(SB), DX
	MOVQ (DX), CX
	JMP  CX

// localMallocCode is localMallocGo(l *Local, size int) (unsafe.Pointer, error).
TEXT ·localMallocCode(SB), NOSPLIT|NOFRAME, $0-0
	PCDATA $0, $-2
	CLASS_CODE
	ADDQ Local_cache(AX), R9           // r := classCacheFor(l.cache, cc)
	TAKE
slow:
	MOVQ ·slowMallocLocal(SB), DX
	MOVQ (DX), CX
	JMP  CX

// freeCode is freeGo(a *Allocator, p unsafe.Pointer).
TEXT ·freeCode(SB), NOSPLIT|NOFRAME, $0-0
	PCDATA $0, $-2
	CACHE(R9)
	FIND(Allocator_freeOwner)
	ADDQ R9, R12                       // r := classCacheOf(a.cacheOf(id), h.Row)
	PUT
slow:
	MOVQ ·slowFreeAllocator(SB), DX
	MOVQ (DX), CX
	JMP  CX

// localFreeCode is localFreeGo(l *Local, p unsafe.Pointer).
TEXT ·localFreeCode(SB), NOSPLIT|NOFRAME, $0-0
	PCDATA $0, $-2
	FIND(Local_freeOwner)
	ADDQ Local_cache(AX), R12          // r := classCacheOf(l.cache, h.Row)
	PUT
slow:
	MOVQ ·slowFreeLocal(SB), DX
	MOVQ (DX), CX
	JMP  CX
