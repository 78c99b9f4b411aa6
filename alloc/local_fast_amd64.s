// SPDX-License-Identifier: Apache-2.0

//go:build amd64 && !ashlar_portable && !race && !asan && !msan && !ashlar_interleave

#include "go_asm.h"
#include "textflag.h"

// The comments beside the instructions are the statements of local_fast.go. The arguments and
// results are in the registers of Go's internal calling convention: arguments in AX and BX,
// results in AX, BX and CX. R14 and X15 keep their values.

// func localEntries() (echo, malloc, free uintptr)
TEXT ·localEntries(SB), NOSPLIT, $0-24
	MOVQ $·localEchoCode(SB), AX
	MOVQ AX, echo+0(FP)
	MOVQ $·localMallocCode(SB), AX
	MOVQ AX, malloc+8(FP)
	MOVQ $·localFreeCode(SB), AX
	MOVQ AX, free+16(FP)
	RET

// localEchoCode returns the sum of its two arguments, and no error.
TEXT ·localEchoCode(SB), NOSPLIT|NOFRAME, $0-0
	PCDATA $0, $-2
	ADDQ BX, AX
	XORL BX, BX
	XORL CX, CX
	RET

// localMallocCode is localMallocGo(l *Local, size int) (unsafe.Pointer, error).
TEXT ·localMallocCode(SB), NOSPLIT|NOFRAME, $0-0
	PCDATA $0, $-2
	LEAQ -1(BX), R8                    // x := uint(size - 1)
	CMPQ R8, $(const_asmLargeMin-1)    // if x < sizeclass.LargeMin-1 {
	JAE  slow
	MOVQ R8, CX                        // cc := sizeclass.ClassCodeOf(size)
	ORQ  $128, CX
	BSRQ CX, CX
	SUBQ $7, CX                        // e
	SHLQ $2, R8
	SHRQ CX, R8
	SHLQ $9, CX
	ADDQ CX, R8                        // cc = e<<9 + x<<2>>e
	MOVQ R8, R9
	ANDQ $~63, R9                      // cc.Row()
	ANDL $63, R8                       // cc.Code()
	ADDQ Local_cache(AX), R9           // r := classCacheFor(l.cache, cc)
	MOVQ const_asmNextSample(R9), R10  // if r.Ready() {
	TESTQ R10, R10
	JEQ  slow
	MOVQ const_asmTop(R9), R11
	MOVQ -8(R11), R12                  // st := slot.state
	MOVBLZX (R12), R13
	SUBL $const_asmCached, R13
	CMPL R13, $const_asmUsed
	JHI  slow
	DECQ R10                           // r.Take(cc.Code())
	MOVQ -16(R11), AX                  // slot.addr
	MOVQ R10, const_asmNextSample(R9)  // r.nextSample--
	LEAL const_asmLive(R8), R13
	MOVB R13, (R12)                    // *st = Live | code
	SUBQ $const_asmSlot, R11
	MOVQ R11, const_asmTop(R9)         // r.top = top - slotSize
	ADDQ R8, const_asmRequested(R9)    // r.requested += code
	XORL BX, BX
	XORL CX, CX
	RET
slow:
	MOVQ ·slowMallocLocal(SB), DX
	MOVQ (DX), CX
	JMP  CX

// localFreeCode is localFreeGo(l *Local, p unsafe.Pointer).
TEXT ·localFreeCode(SB), NOSPLIT|NOFRAME, $0-0
	PCDATA $0, $-2
	MOVQ ·pageRoot(SB), R8
	MOVQ BX, CX                        // addr := raw.Addr(p)
	SHRQ $const_asmRootShift, CX
	ANDL $const_asmRootMask, CX
	MOVQ (R8)(CX*8), R8                // if leaf := pagemap.Leaf(addr); leaf != 0 {
	TESTQ R8, R8
	JEQ  slow
	MOVQ BX, CX
	SHRQ $const_asmPageShift, CX
	ANDL $const_asmLeafMask, CX
	MOVQ (R8)(CX*8), R8                // if d := pagemap.Entry(leaf, addr); d != 0 {
	TESTQ R8, R8
	JEQ  slow
	MOVQ BX, R10                       // i := h.Index(addr)
	SUBQ const_asmBase(R8), R10        // addr - h.Base
	MOVL const_asmMagic(R8), R12
	MOVL R10, R11
	IMULQ R12, R11
	SHRQ $const_asmMagicShift, R11
	MOVL const_asmSize(R8), R12        // if h.Owns(i, addr, l.freeOwner) {
	IMULQ R11, R12
	CMPQ R12, R10
	JNE  slow
	MOVQ Local_freeOwner(AX), R12
	CMPQ R12, const_asmOwner(R8)
	JNE  slow
	MOVBLZX const_asmClass(R8), R12    // r := classCacheOf(l.cache, h.Class)
	SHLQ $6, R12
	ADDQ Local_cache(AX), R12
	LEAQ const_asmStates(R8)(R11*1), R11 // st := smallheap.StateOf(d, i)
	MOVBLZX (R11), R13                 // if was := *st; smallheap.IsPlain(was) && r.HasRoom() {
	SUBL $const_asmLive, R13           // code
	CMPL R13, $const_asmPlain
	JAE  slow
	MOVQ const_asmTop(R12), R9
	CMPQ (R9), $const_asmEnd
	JEQ  slow
	SUBQ R13, const_asmRequested(R12)  // r.requested -= code
	MOVB $(const_asmCached|const_asmUsed), (R11) // *st = Cached | Used
	MOVQ BX, (R9)                      // slot.addr
	MOVQ R11, 8(R9)                    // slot.state
	ADDQ $const_asmSlot, R9
	MOVQ R9, const_asmTop(R12)         // r.top = top + slotSize
	RET
slow:
	MOVQ ·slowFreeLocal(SB), DX
	MOVQ (DX), CX
	JMP  CX
