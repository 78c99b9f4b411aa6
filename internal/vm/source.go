// SPDX-License-Identifier: Apache-2.0

//go:build !race || ashlar_heap || !(unix || windows) || aix

package vm

// In ordinary builds anonymous memory comes from the platform's source.

func obtain(size, align uintptr, _ bool) (uintptr, error) { return sysMapAligned(size, align) }
func giveBack(base, size uintptr) error                   { return sysUnmap(base, size) }
func changeSize(base, old, size uintptr) (uintptr, error) { return sysRemap(base, old, size) }
func noteGuard(uintptr)                                   {}
