// SPDX-License-Identifier: Apache-2.0

//go:build !(ashlar_heap || !(unix || windows) || aix)

package vm

import "os"

var pageSize = uintptr(os.Getpagesize())

// PageSize returns the kernel's page size in bytes, a power of two.
func PageSize() uintptr { return pageSize }
