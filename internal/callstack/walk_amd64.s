// SPDX-License-Identifier: Apache-2.0

//go:build !ashlar_portable

#include "textflag.h"

// func Key() uint64
//
// AX key, BX frame, CX its return address, DX the lowest frame that may follow,
// SI the last address for one, DI frames that are left, R8 the multiplier.
TEXT ·Key(SB), NOSPLIT|NOFRAME, $0-8
	MOVQ (TLS), CX         // g
	MOVQ SP, DX            // what lies below is no caller's
	MOVQ 8(CX), SI         // g.stack.hi
	SUBQ $16, SI
	MOVQ $64, DI           // Depth
	MOVQ $0x9E3779B97F4A7C15, R8
	MOVQ 0(SP), AX         // our own return address: this function has no frame
	IMULQ R8, AX
	MOVQ BP, BX
walk:
	CMPQ BX, DX
	JB   done
	CMPQ BX, SI
	JHI  done
	MOVQ 8(BX), CX
	XORQ CX, AX
	IMULQ R8, AX
	MOVQ AX, CX
	SHRQ $32, CX
	XORQ CX, AX
	LEAQ 16(BX), DX
	MOVQ (BX), BX
	DECQ DI
	JNZ  walk
done:
	MOVQ AX, ret+0(FP)
	RET
