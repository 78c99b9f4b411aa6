// SPDX-License-Identifier: Apache-2.0

package mmap

import (
	"math/bits"
	"sync"

	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// Kind says what a Region shows.
type Kind uint8

// The kinds of regions.
const (
	Anonymous Kind = iota // private memory of this process
	Secret                // the same, for keys
	Shared                // an object that processes share
	FileData              // a file
)

func (k Kind) String() string {
	return [...]string{"anonymous", "secret", "shared", "file"}[k]
}

// A Region is a mapping as an object with a length: Map, MapFile, MapShared and
// MapInherited make one; the zero value is a closed one. It is safe for concurrent
// use; what the bytes are used for is the program's to order. It is not freed until
// it is closed, whatever becomes of the last pointer to it: see Regions.
//
// Bytes may be used until the region is resized or closed. A program whose
// goroutines do not know of each other uses Catch: Resize and Close wait for it.
type Region struct {
	kind    Kind
	name    string
	options Options
	file    *vm.File // what is shown, nil for private memory
	mode    FileMode
	offset  int64  // of the mapping in the file
	sparse  bool   // the file takes its space when it is written
	unlink  string // file to be removed by Close
	charged bool   // its bytes can occupy RAM that cannot be written back

	// Behind the gate: what Resize may change.
	gate      gate
	page      uintptr // size of its pages, a multiple of the kernel's
	lead      uintptr // bytes of the mapping in front of Bytes
	huge      HugePages
	secret    bool // memory of memfd_secret, which is locked and has no name
	frame     frame
	length    uintptr    // bytes
	seal      uint64     // of the header
	protected bool       // pages have other access than at first
	locked    bool       // all pages are
	mu        sync.Mutex // of the two, among calls that share the gate
}

// Kind returns what the region shows.
func (r *Region) Kind() Kind { return r.kind }

// Name returns the region's name.
func (r *Region) Name() string { return r.name }

// HugePages returns which pages were asked of the kernel in the end: less than the
// options say where it had no better, and SmallPages when the region is closed.
func (r *Region) HugePages() HugePages {
	if r.gate.enter() != nil {
		return SmallPages
	}
	defer r.gate.leave()
	return r.huge
}

// Bytes returns the region's memory, nil when it is closed. The slice is for use
// until the region is resized or closed; after that its memory faults, or is
// something else's. Fresh memory, and what Resize adds, is zeroed.
func (r *Region) Bytes() []byte {
	if r.gate.enter() != nil {
		return nil
	}
	defer r.gate.leave()
	return r.bytes()
}

// bytes returns the memory behind the gate.
func (r *Region) bytes() []byte {
	if r.length == 0 {
		return []byte{}
	}
	return raw.Bytes(r.base(), r.length)
}

// base returns the address of the first byte.
func (r *Region) base() uintptr { return r.frame.body.Base + r.lead }

// Len returns the length of the region in bytes, 0 when it is closed.
func (r *Region) Len() int {
	if r.gate.enter() != nil {
		return 0
	}
	defer r.gate.leave()
	return int(r.length)
}

// readOnly reports whether what the region shows cannot be written at all.
func (r *Region) readOnly() bool {
	return r.mode == FileReadOnly && (r.kind == FileData || r.kind == Shared)
}

// error wraps a reason.
func (r *Region) error(op string, size int, err error) error {
	if err == nil {
		return nil
	}
	return &Error{op, r.name, size, err}
}

// sizeFor returns the bytes of a mapping with n bytes of use.
func (r *Region) sizeFor(n uintptr) uintptr { return raw.AlignUp(r.lead+n, r.page) }

// maxLength is the most that a region can have: no sum of its sizes overflows.
const maxLength = 1 << (bits.UintSize - 2)
