// SPDX-License-Identifier: Apache-2.0

//go:build ashlar_heap || !(unix || windows) || aix

package vm

// The Go heap has no files.

func sysSync(int, uintptr, uintptr, bool) error      { return Need(Files) }
func sysOpen(string, OpenFlags, uint32) (int, error) { return -1, Need(Files) }
func sysReopen(int, OpenFlags) (int, error)          { return -1, Need(Files) }
func sysMemfd(string) (int, error)                   { return -1, Need(SharedMemory) }
func sysDup(int) (int, error)                        { return -1, Need(Files) }
func sysClose(int) error                             { return Need(Files) }
func sysStat(int) (FileInfo, error)                  { return FileInfo{}, Need(Files) }
func sysTruncate(int, int64) error                   { return Need(Files) }
func sysFlock(int, bool, bool) error                 { return Need(Files) }
func sysFunlock(int) error                           { return Need(Files) }
func sysLockLength(int, bool) error                  { return Need(LengthLocks) }
func sysLink(fd int, _ string) (int, error)          { return fd, Need(Files) }
func sysUnlink(string) error                         { return Need(Files) }
func sysRead(int, []byte, int64) (int, error)        { return 0, Need(Files) }
func sysWrite(int, []byte, int64) (int, error)       { return 0, Need(Files) }
func sysStore(int) error                             { return Need(Files) }
func sysStoreDirectory(int) error                    { return Need(Files) }

func sysAllocate(int, int64, int64) error                     { return Need(Preallocation) }
func sysPreallocate(int, int64, int64) error                  { return Need(Preallocation) }
func sysCopied(uintptr, uintptr, func(uintptr)) error         { return Need(Copies) }
func sysMakeRoom(uintptr, uintptr, *Kind) error               { return Need(Placing) }
func sysMove(uintptr, uintptr, uintptr, uintptr, *Kind) error { return Need(Placing) }

// PlacesFiles reports whether mappings of files can be put into reservations.
func PlacesFiles() bool { return false }

func sysResident(uintptr, []byte) error { return Need(Residency) }

func sysForget(uintptr, uintptr) error { return Need(Copies) }

func sharedPrefix() string { return "" }
