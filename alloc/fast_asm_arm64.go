// SPDX-License-Identifier: Apache-2.0

//go:build arm64 && !ashlar_portable && !race && !asan && !msan && !ashlar_interleave

package alloc

// entriesFor returns its arguments: there is one function of each kind for all Allocators.
func entriesFor(malloc, free uintptr) (uintptr, uintptr) { return malloc, free }
