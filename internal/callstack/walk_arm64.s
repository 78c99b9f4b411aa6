// SPDX-License-Identifier: Apache-2.0

//go:build !ashlar_portable

#include "textflag.h"

// func Key() uint64
//
// R0 key, R1 frame, R2 its return address, R3 the lowest frame that may follow,
// R4 the last address for one, R5 frames that are left, R6 the multiplier.
TEXT ·Key(SB), NOSPLIT|NOFRAME, $0-8
	MOVD RSP, R3           // what lies below is no caller's; but
	SUB  $8, R3            // the caller's own frame pointer is a word below its stack pointer
	MOVD 8(g), R4          // g.stack.hi
	SUB  $16, R4
	MOVD $64, R5           // Depth
	MOVD $0x9E3779B97F4A7C15, R6
	MUL  R6, R30, R0       // our own return address: this function has no frame
	MOVD R29, R1
walk:
	CMP  R3, R1
	BLO  done
	CMP  R4, R1
	BHI  done
	MOVD 8(R1), R2
	EOR  R2, R0
	MUL  R6, R0
	EOR  R0>>32, R0
	ADD  $16, R1, R3
	MOVD (R1), R1
	SUBS $1, R5
	BNE  walk
done:
	MOVD R0, ret+0(FP)
	RET
