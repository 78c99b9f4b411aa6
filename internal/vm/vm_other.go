// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package vm

import "math"

func sysMap(uintptr) (uintptr, error)                     { return 0, ErrUnsupported }
func sysUnmap(uintptr, uintptr) error                     { return ErrUnsupported }
func sysPurge(uintptr, uintptr, bool) error               { return ErrUnsupported }
func sysRemap(uintptr, uintptr, uintptr) (uintptr, error) { return 0, ErrUnsupported }

func sysMapKind(uintptr, *Kind) (uintptr, error)       { return 0, ErrUnsupported }
func sysMove(uintptr, uintptr, uintptr, uintptr) error { return ErrUnsupported }
func sysAdvise(uintptr, uintptr, Advice) error         { return ErrUnsupported }
func sysGuard(uintptr, uintptr, bool) error            { return ErrUnsupported }
func sysProtect(uintptr, uintptr, Access) error        { return ErrUnsupported }
func sysLock(uintptr, uintptr, bool) error             { return ErrUnsupported }
func sysUnlock(uintptr, uintptr) error                 { return ErrUnsupported }
func sysSync(uintptr, uintptr, bool) error             { return ErrUnsupported }
func sysName(uintptr, uintptr, string) error           { return ErrUnsupported }
func sysOpen(string, OpenFlags, uint32) (int, error)   { return -1, ErrUnsupported }
func sysMemfd(string) (int, error)                     { return -1, ErrUnsupported }
func sysSecret() (int, error)                          { return -1, ErrUnsupported }
func sysDup(int) (int, error)                          { return -1, ErrUnsupported }
func sysClose(int) error                               { return ErrUnsupported }
func sysStat(int) (FileInfo, error)                    { return FileInfo{}, ErrUnsupported }
func sysTruncate(int, int64) error                     { return ErrUnsupported }
func sysAllocate(int, int64, int64) error              { return ErrUnsupported }
func sysFlock(int, bool, bool) error                   { return ErrUnsupported }
func sysResident(uintptr, []byte) error                { return ErrUnsupported }
func sysPreallocate(int, int64, int64) error           { return ErrUnsupported }
func sysPunch(int, int64, int64) error                 { return ErrUnsupported }
func sysLockLength(int, bool) error                    { return ErrUnsupported }
func sysStoreDirectory(int) error                      { return ErrUnsupported }
func sysFunlock(int) error                             { return ErrUnsupported }
func sysLink(int, string) error                        { return ErrUnsupported }
func sysUnlink(string) error                           { return ErrUnsupported }
func sysRead(int, []byte, int64) (int, error)          { return 0, ErrUnsupported }
func sysWrite(int, []byte, int64) (int, error)         { return 0, ErrUnsupported }
func sysStore(int) error                               { return ErrUnsupported }
func sysCopied(uintptr, uintptr, func(uintptr)) error  { return ErrUnsupported }
func describe(_ Op, _ uintptr, err error) error        { return err }
func isInvalid(error) bool                             { return false }
func isForbidden(error) bool                           { return false }

// MaxMappings returns the number of mappings that the kernel allows the process.
func MaxMappings() int64 { return math.MaxInt64 }

// HugePageSize returns the size of huge pages in bytes.
func HugePageSize() uintptr { return 2 << 20 }
