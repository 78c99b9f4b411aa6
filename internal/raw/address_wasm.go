// SPDX-License-Identifier: Apache-2.0

package raw

// AddressBits is the number of bits of an address of user space: WebAssembly's memory has
// 32, although its uintptr has 64.
const AddressBits = 32
