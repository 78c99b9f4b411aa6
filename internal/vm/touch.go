// SPDX-License-Identifier: Apache-2.0

//go:build ((unix && !aix) || windows) && !ashlar_heap

package vm

import (
	"runtime/debug"
	"sync/atomic"

	"github.com/ashlar-go/ashlar/internal/raw"
)

// touch brings pages into RAM without a call of the kernel: it reads each page, or writes
// what is there. If a page cannot be brought in, the error is ErrAbsent.
func touch(base, size uintptr, write bool) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if recover() != nil {
			err = ErrAbsent
		}
	}()
	for at := base; at < base+size; at += pageSize {
		word := raw.At[uint32](at)
		if write {
			atomic.AddUint32(word, 0)
		} else {
			atomic.LoadUint32(word)
		}
	}
	return nil
}
