// SPDX-License-Identifier: Apache-2.0

//go:build !(ashlar_heap || !(unix || windows) || aix)

package vm

import "os"

var pageSize = uintptr(os.Getpagesize())

// Granularity returns the alignment of mappings in bytes: the page size, or a multiple of it.
func Granularity() uintptr { return max(granularity, pageSize) }

// PageSize returns the kernel's page size in bytes, a power of two.
func PageSize() uintptr { return pageSize }
