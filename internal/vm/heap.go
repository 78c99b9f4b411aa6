// SPDX-License-Identifier: Apache-2.0

//go:build ashlar_heap || !(unix || windows) || aix

package vm

import (
	"bytes"
	"errors"
	"io/fs"
	"syscall"

	"github.com/ashlar-go/ashlar/internal/raw"
)

// The heap source takes memory from the Go heap, on platforms without a kernel that maps
// memory. What needs a kernel is missing.

const (
	source       = heapSource
	alignsItself = true
	granularity  = 1 // alignment of mappings in bytes, if it is more than a page

	residentIsWorkingSet = false // sysResident reports pages of the working set only
)

// pageSize is a choice: no kernel has a say, and memory is scarce where its pages are large
// (64 KiB on WebAssembly).
const pageSize uintptr = 4 << 10

// PageSize returns the unit of mappings in bytes, a power of two.
func PageSize() uintptr { return pageSize }

// Granularity returns the alignment of mappings in bytes: the page size.
func Granularity() uintptr { return pageSize }

// pieceSize is the number of bytes that are taken from the Go heap at a time.
const pieceSize = 4 << 20

// maxTotal bounds the bytes taken from the Go heap, because the Go runtime ends the program
// when it gets no memory.
const maxTotal = min(1<<34, 3<<(raw.AddressBits-2))

// maxFill bounds the bytes of one mapping for the same reason.
const maxFill = maxTotal / 4

func sysMap(size uintptr) (uintptr, error) { return sysMapAligned(size, 0) }

func sysMapAligned(size, align uintptr) (uintptr, error) {
	if size <= maxFill {
		if base, ok := takeGo(size, align, maxTotal); ok {
			return base, nil
		}
	}
	return 0, ErrOutOfMemory
}

func sysUnmap(base, size uintptr) error {
	clearWritten(base, size)
	giveBackGo(base, size)
	return nil
}

// sysPurge zeroes the range. The RAM stays.
func sysPurge(base, size uintptr, lazy bool) error {
	if !lazy {
		clearWritten(base, size)
	}
	return nil
}

// zeros is a page to compare with.
var zeros [pageSize]byte

// clearWritten zeroes the pages that are not zero. The Go heap gets its memory from the kernel,
// too, and a page that was never written takes no RAM before somebody writes to it.
func clearWritten(base, size uintptr) {
	raw.InPieces(size, func(at, n uintptr) {
		for page := base + at; n > 0; page, n = page+pageSize, n-min(pageSize, n) {
			if b := raw.Bytes(page, min(pageSize, n)); !bytes.Equal(b, zeros[:len(b)]) {
				clear(b)
			}
		}
	})
}

func sysRemap(base, old, size uintptr) (uintptr, error) {
	if size <= old {
		if size < old {
			return base, sysUnmap(base+size, old-size)
		}
		return base, nil
	}
	to, err := sysMap(size)
	if err != nil {
		return 0, err
	}
	raw.Copy(to, base, old)
	return to, sysUnmap(base, old)
}

func sysRemapKind(base, old, size uintptr, _ *Kind) (uintptr, error) {
	return sysRemap(base, old, size)
}

func sysMapKind(size uintptr, k *Kind) (uintptr, error) {
	switch {
	case k.File != nil:
		return 0, Need(Files)
	case k.Huge:
		return 0, Need(HugePages)
	case k.Access != ReadWrite:
		return 0, Need(Guards)
	}
	return sysMap(size)
}

func sysDiscard(base, size uintptr, _ *Kind) error { return sysPurge(base, size, false) }

func sysCollapse(uintptr, uintptr) error { return Need(HugePages) }

func sysAdvise(_, _ uintptr, a Advice) error {
	switch a {
	case Normal:
		return nil
	case HugePage, NoHugePage:
		return Need(HugePages)
	case DontDump, Dump, WipeOnFork, KeepOnFork, DontFork:
		return Need(Hiding)
	case PopulateRead, PopulateWrite:
		return Need(Populating)
	case Free:
		return Need(LazyPurging)
	case WillNeed:
		return Need(Prefetching)
	}
	return Need(Hints)
}

func sysProtect(uintptr, uintptr, Access) error { return Need(Guards) }
func sysLock(uintptr, uintptr, bool) error      { return Need(Locking) }
func sysUnlock(uintptr, uintptr) error          { return Need(Locking) }
func sysMemoryLimit() (int64, error)            { return 0, Need(MemoryLimits) }

// reasonOf returns the sentinel for an error, nil if the error has one or there is none.
func reasonOf(Op, uintptr, error) error { return nil }

// isInvalid reports whether the error is EINVAL, which tests inject.
func isInvalid(err error) bool { return errors.Is(err, syscall.EINVAL) }

func isForbidden(err error) bool { return errors.Is(err, fs.ErrPermission) }
