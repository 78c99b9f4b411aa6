// SPDX-License-Identifier: Apache-2.0

package mmap

import (
	"math/bits"
	"sync"

	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// Kind says what kind of memory a Region is.
type Kind uint8

// The kinds of regions.
const (
	Anonymous Kind = iota // private memory of this process
	Secret                // private memory for keys
	Shared                // an object that processes share
	FileData              // the bytes of a file
)

func (k Kind) String() string {
	return [...]string{"anonymous", "secret", "shared", "file"}[k]
}

// A Region is a mapping as an object with a length. Map, MapFile, MapOpenFile, MapShared and
// MapInherited make one. The zero value is a closed Region. Its methods are safe for
// concurrent use; the program synchronizes accesses to its bytes. A region exists until it is
// closed, even if no pointer to it is left: see Regions.
//
// The slice that Bytes returns is valid until the region is resized or closed. If another
// goroutine may do that, use the bytes inside Catch: Resize and Close wait for it.
type Region struct {
	kind    Kind
	name    string
	options Options
	file    *vm.File // the file or object that the region shows; nil for private memory
	mode    FileMode
	offset  int64  // of the mapping in the file
	sparse  bool   // the file takes disk space when it is written
	beyond  bool   // the region may end beyond the file, and does not change the file's length
	unlink  string // path that Close removes
	charged bool   // its bytes can occupy RAM that cannot be written back

	// Resize may change these fields. The gate guards them.
	gate       gate
	page       uintptr // size of its pages, a multiple of the kernel's
	lead       uintptr // bytes of the mapping in front of Bytes
	huge       HugePages
	secret     bool // memory of memfd_secret, which is locked and has no name
	frame      frame
	length     uintptr    // bytes
	seal       uint64     // of the header
	protected  bool       // some pages have another access than at first
	locked     bool       // all pages are locked
	partLocked bool       // some pages may be locked
	mu         sync.Mutex // guards protected, locked and partLocked among calls that share the gate
}

// Kind returns the kind of memory that the region is.
func (r *Region) Kind() Kind { return r.kind }

// Name returns the region's name.
func (r *Region) Name() string { return r.name }

// HugePages returns which pages the region got. These are smaller than the options requested
// if the kernel had no such pages. For a closed region, HugePages returns SmallPages.
func (r *Region) HugePages() HugePages {
	if r.gate.enter() != nil {
		return SmallPages
	}
	defer r.gate.leave()
	return r.huge
}

// Bytes returns the region's memory, or nil if the region is closed. New memory, and memory
// that Resize adds, is zeroed. An access to the slice after Resize or Close is a fault, or
// reaches other memory.
func (r *Region) Bytes() []byte {
	if r.gate.enter() != nil {
		return nil
	}
	defer r.gate.leave()
	return r.bytes()
}

// bytes returns the region's memory. The caller is inside the gate.
func (r *Region) bytes() []byte {
	if r.length == 0 {
		return []byte{}
	}
	return raw.Bytes(r.base(), r.length)
}

// base returns the address of the region's first byte.
func (r *Region) base() uintptr { return r.frame.body.Base + r.lead }

// Len returns the length of the region in bytes, or 0 if the region is closed.
func (r *Region) Len() int {
	if r.gate.enter() != nil {
		return 0
	}
	defer r.gate.leave()
	return int(r.length)
}

// readOnly reports whether the region can never be written.
func (r *Region) readOnly() bool {
	return r.mode == FileReadOnly && (r.kind == FileData || r.kind == Shared)
}

// error wraps err in an *Error, unless it is nil.
func (r *Region) error(op string, size int, err error) error {
	if err == nil {
		return nil
	}
	return &Error{op, r.name, size, err}
}

// sizeFor returns the length of a mapping in which the program uses n bytes.
func (r *Region) sizeFor(n uintptr) uintptr { return raw.AlignUp(r.lead+n, r.page) }

// A region is shorter than maxLength bytes, so that no sum of its sizes overflows.
const maxLength = 1 << (bits.UintSize - 2)
