// SPDX-License-Identifier: Apache-2.0

//go:build !ashlar_posix && !ashlar_heap

package vm

import (
	"sync"

	"golang.org/x/sys/unix"
)

// markersWork reports whether a guard marker makes a page inaccessible. It tries once.
// Emulators of Linux take the advice and do nothing.
var markersWork = sync.OnceValue(func() bool {
	base, err := sysMap(pageSize)
	if err != nil {
		return true // the next caller gets the same error
	}
	defer sysUnmap(base, pageSize)
	if err := madvise(base, pageSize, unix.MADV_GUARD_INSTALL); err != nil {
		return true // callers see the error of their own call
	}
	return touch(base, pageSize, false) != nil
})
