// SPDX-License-Identifier: Apache-2.0

//go:build !ashlar_pages64k && !(ashlar_heap || !(unix || windows) || aix)

package vm

import "os"

var pageSize = uintptr(os.Getpagesize())
