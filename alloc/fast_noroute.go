// SPDX-License-Identifier: Apache-2.0

//go:build !amd64 || ashlar_portable || race || asan || msan || ashlar_interleave

package alloc

// routes is empty where assembly finds caches by way of the table, and where there is no assembly.
type routes struct{}

func thisProcessor() uintptr { return 0 }

func (*routes) set(_, _ uintptr)             {}
func (*routes) remove(uintptr)               {}
func (*routes) check(map[uintptr]bool) error { return nil }
