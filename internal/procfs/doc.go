// SPDX-License-Identifier: Apache-2.0

// Package procfs reads the kernel's files about memory: /proc of this process, its
// control group, and the pressure on memory.
//
//	group, err := procfs.FindCgroup(procfs.System())
//	limit, err := group.Limit()
//
//	Smaps     the mappings of the process one by one, with the resident part of each
//	Status    the resident set of the process, now and at its peak
//	Cgroup    the memory limit and use of the control group, version 1 or 2
//	Pressure  the share of time in which tasks waited for memory (PSI)
//
// Every function takes the root of a file system: os.DirFS("/") in programs (System), and
// an in-memory tree in tests. A function returns an error that wraps fs.ErrNotExist if a
// file does not exist, as on other systems, in some containers, and on old kernels. No
// function panics. Sizes are in bytes.
//
// The formats are documented in proc(5) and in the kernel's
// Documentation/admin-guide/cgroup-v2.rst, cgroup-v1/memory.rst and accounting/psi.rst.
// cgroup-v1/memory.rst and accounting/psi.rst.
package procfs
