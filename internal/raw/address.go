// SPDX-License-Identifier: Apache-2.0

//go:build !wasm

package raw

import "math/bits"

// AddressBits is the number of bits of an address of user space.
const AddressBits = 32 + 16*(bits.UintSize/64)
