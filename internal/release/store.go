// SPDX-License-Identifier: Apache-2.0

// Package release stores words with release ordering: whoever sees the new value also sees
// everything that the caller wrote before. sync/atomic has sequentially consistent stores
// only. On x86 such a store locks the bus, at twenty times the cost of a plain one.
//
//	release.Store(&counter, n)       // the only writer
//	atomic.LoadUintptr(&counter)     // any reader
//
// Only one goroutine at a time may write the word. No function returns an error or panics.
//
// # Why a plain store suffices on x86
//
// The processor makes stores visible in their order (Intel SDM, volume 3, "Memory
// Ordering"). The compiler keeps their order, because every store depends on the memory state
// that the one before leaves. The Go memory model says that a racing load of a word returns a
// value that was stored there. Other processors reorder stores, so there the functions use
// sync/atomic. Race builds use sync/atomic everywhere, because the detector does not know
// release stores.
package release

import (
	"runtime"
	"sync/atomic"

	"github.com/ashlar-go/ashlar/internal/raceannotate"
)

const plain = (runtime.GOARCH == "amd64" || runtime.GOARCH == "386") && !raceannotate.Enabled

// Store stores v in *p.
func Store(p *uintptr, v uintptr) {
	if plain {
		*p = v
	} else {
		atomic.StoreUintptr(p, v)
	}
}

// Store32 stores v in *p.
func Store32(p *uint32, v uint32) {
	if plain {
		*p = v
	} else {
		atomic.StoreUint32(p, v)
	}
}
