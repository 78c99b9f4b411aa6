// SPDX-License-Identifier: Apache-2.0

// Package procfs reads what the kernel tells in files: /proc of this process, its
// control group, and how long tasks waited for memory.
//
//	Smaps     the mappings of the process, one by one, with what of each is resident
//	Status    the process' resident set, now and at its peak
//	Cgroup    the memory limit and use of the control group, version 1 or 2
//	Pressure  the share of time that tasks stood still for want of memory (PSI)
//
// Every function takes the root of a file system, os.DirFS("/") in programs (System)
// and a made-up tree in tests. Files that do not exist, as on other systems, in
// containers and on old kernels, are errors that wrap fs.ErrNotExist. Sizes are in
// bytes.
//
// The formats are those of proc(5), the kernel's Documentation/admin-guide/cgroup-v2.rst,
// cgroup-v1/memory.rst and accounting/psi.rst.
package procfs
