// SPDX-License-Identifier: Apache-2.0

//go:build ashlar_pages64k && !(ashlar_heap || !(unix || windows) || aix)

package vm

// pageSize is that of kernels with large pages, which is a multiple of this kernel's. Tests run
// so with the tag ashlar_pages64k.
const pageSize = uintptr(64 << 10)
