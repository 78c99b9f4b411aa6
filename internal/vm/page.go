// SPDX-License-Identifier: Apache-2.0

package vm

import "os"

var pageSize = uintptr(os.Getpagesize())

// PageSize returns the kernel's page size in bytes, a power of two.
func PageSize() uintptr { return pageSize }
