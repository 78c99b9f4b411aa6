// SPDX-License-Identifier: Apache-2.0

/*
Package native runs the measured loops and the workloads of the suite in C, under the allocators that are
installed here.

	Find     compiles the C program (folder c) and finds the allocators
	Peer     one allocator: the C program with a library preloaded
	Sampler  takes samples of a loop, each in a process of its own

The C library's own allocator is always a peer. Others are found where the C compiler finds libraries; to
add one, add a line to the list libraries. On Debian the libraries are in the packages libjemalloc2,
libmimalloc2.0 and libgoogle-perftools4, and the compiler is in gcc and libc6-dev.
*/
package native
