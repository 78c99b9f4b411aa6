// SPDX-License-Identifier: Apache-2.0

//go:build unix && !aix && !ashlar_heap

package vm

// granularity is the alignment of mappings in bytes, if it is more than a page.
const granularity = 1

// alignsItself says whether sysMapAligned aligns.
const alignsItself = false

// PlacesFiles reports whether mappings of files can be put into reservations, as anonymous
// memory can be with Placing.
func PlacesFiles() bool { return true }

// sysForget is for watched memory only, which these systems do not have.
func sysForget(uintptr, uintptr) error { return ErrKernelLacks }

// residentIsWorkingSet says whether sysResident reports pages of the working set only.
const residentIsWorkingSet = false

// sysMapAligned is sysMap: sources that can give back a part of a mapping align it so.
func sysMapAligned(size, _ uintptr) (uintptr, error) { return sysMap(size) }
