// SPDX-License-Identifier: Apache-2.0

//go:build ashlar_heap || !(unix || windows) || aix

package vm

import (
	"errors"
	"io/fs"
	"math"

	"github.com/ashlar-go/ashlar/internal/raw"
)

// The heap source takes memory from the Go heap, on platforms without a kernel that maps
// memory. What needs a kernel is missing.

const source = heapSource

// pieceSize is the number of bytes that are taken from the Go heap at a time.
const pieceSize = 4 << 20

// maxTotal bounds the bytes taken from the Go heap, because the Go runtime ends the program
// when it gets no memory.
const maxTotal = min(1<<36, 3<<(raw.AddressBits-2))

// maxFill bounds the bytes of one mapping for the same reason.
const maxFill = maxTotal / 4

func sharedPrefix() string { return "" }

func sysMap(size uintptr) (uintptr, error) {
	if size <= maxFill {
		if base, ok := takeGo(size, maxTotal); ok {
			return base, nil
		}
	}
	return 0, ErrOutOfMemory
}

func sysUnmap(base, size uintptr) error {
	raw.Clear(base, size)
	giveBackGo(base, size)
	return nil
}

// sysPurge zeroes the range. The RAM stays.
func sysPurge(base, size uintptr, lazy bool) error {
	if !lazy {
		raw.Clear(base, size)
	}
	return nil
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

func sysAdvise(_, _ uintptr, a Advice) error {
	switch a {
	case HugePage, NoHugePage:
		return Need(HugePages)
	case DontDump, Dump, WipeOnFork, KeepOnFork, DontFork:
		return Need(Hiding)
	case PopulateRead, PopulateWrite:
		return Need(Populating)
	case Free:
		return Need(LazyPurging)
	}
	return Need(Hints)
}

func sysMakeRoom(uintptr, uintptr) error                      { return Need(Placing) }
func sysMove(uintptr, uintptr, uintptr, uintptr, *Kind) error { return Need(Placing) }
func sysGuard(uintptr, uintptr, bool) error                   { return Need(Markers) }
func sysProtect(uintptr, uintptr, Access) error               { return Need(Guards) }
func sysLock(uintptr, uintptr, bool) error                    { return Need(Locking) }
func sysUnlock(uintptr, uintptr) error                        { return Need(Locking) }
func sysSync(uintptr, uintptr, bool) error                    { return Need(Files) }
func sysName(uintptr, uintptr, string) error                  { return Need(Names) }
func sysResident(uintptr, []byte) error                       { return Need(Residency) }
func sysOpen(string, OpenFlags, uint32) (int, error)          { return -1, Need(Files) }
func sysReopen(int, OpenFlags) (int, error)                   { return -1, Need(Files) }
func sysMemfd(string) (int, error)                            { return -1, Need(SharedMemory) }
func sysSecret() (int, error)                                 { return -1, Need(SecretMemory) }
func sysDup(int) (int, error)                                 { return -1, Need(Files) }
func sysClose(int) error                                      { return Need(Files) }
func sysStat(int) (FileInfo, error)                           { return FileInfo{}, Need(Files) }
func sysTruncate(int, int64) error                            { return Need(Files) }
func sysAllocate(int, int64, int64) error                     { return Need(Preallocation) }
func sysPreallocate(int, int64, int64) error                  { return Need(Preallocation) }
func sysFlock(int, bool, bool) error                          { return Need(Files) }
func sysFunlock(int) error                                    { return Need(Files) }
func sysLockLength(int, bool) error                           { return Need(LengthLocks) }
func sysLink(int, string) error                               { return Need(Files) }
func sysUnlink(string) error                                  { return Need(Files) }
func sysRead(int, []byte, int64) (int, error)                 { return 0, Need(Files) }
func sysWrite(int, []byte, int64) (int, error)                { return 0, Need(Files) }
func sysStore(int) error                                      { return Need(Files) }
func sysStoreDirectory(int) error                             { return Need(Files) }
func sysCopied(uintptr, uintptr, func(uintptr)) error         { return Need(Copies) }

// reasonOf returns the sentinel for an error, nil if the error has one or there is none.
func reasonOf(Op, uintptr, error) error { return nil }

func isInvalid(error) bool { return false }

func isForbidden(err error) bool { return errors.Is(err, fs.ErrPermission) }

// MaxMappings returns the number of mappings that the kernel allows the process.
func MaxMappings() int64 { return math.MaxInt64 }

// HugePageSize returns the size of huge pages in bytes.
func HugePageSize() uintptr { return 2 << 20 }
