// SPDX-License-Identifier: Apache-2.0

//go:build !(race && linux)

package vm

// In ordinary builds anonymous memory comes from the kernel.

func obtain(size uintptr, _ bool) (uintptr, error)        { return sysMap(size) }
func giveBack(base, size uintptr) error                   { return sysUnmap(base, size) }
func changeSize(base, old, size uintptr) (uintptr, error) { return sysRemap(base, old, size) }
func noteGuard(uintptr)                                   {}
