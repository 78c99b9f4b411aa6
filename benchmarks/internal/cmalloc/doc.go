// SPDX-License-Identifier: Apache-2.0

// Package cmalloc calls malloc and free of C from Go, in a build with cgo and the tag cgopeer. In other
// builds it is empty. The allocator is that of the C library, or the one that LD_PRELOAD puts in its place
// for the whole process. Each call pays about 40 ns for leaving Go.
package cmalloc
