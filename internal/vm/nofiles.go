// SPDX-License-Identifier: Apache-2.0

//go:build ashlar_heap || !unix || aix

package vm

import "math"

// Sources without files share these answers.

func sysMakeRoom(uintptr, uintptr) error                      { return Need(Placing) }
func sysMove(uintptr, uintptr, uintptr, uintptr, *Kind) error { return Need(Placing) }
func sysGuard(uintptr, uintptr, bool) error                   { return Need(Markers) }
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
func sysPunch(int, int64, int64) error                        { return Need(Preallocation) }
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

func sharedPrefix() string { return "" }

// MaxMappings returns the number of mappings that the kernel allows the process.
func MaxMappings() int64 { return math.MaxInt64 }

// HugePageSize returns the size of huge pages in bytes.
func HugePageSize() uintptr { return 2 << 20 }

// TransparentSize returns the size of transparent huge pages in bytes, 0 if the kernel has none.
func TransparentSize() uintptr { return 0 }
