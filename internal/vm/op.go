// SPDX-License-Identifier: Apache-2.0

package vm

import "sync/atomic"

// Op names a kind of kernel call.
type Op uint8

// The kinds of kernel calls. The first four are all that an allocator needs; the
// others belong to mappings of files, shared memory and what is asked of single pages.
const (
	OpMap      Op = iota // mmap
	OpPurge              // madvise MADV_DONTNEED or MADV_FREE, by Purge
	OpRelease            // munmap
	OpRemap              // mremap
	OpAdvise             // madvise, by Advise
	OpGuard              // madvise MADV_GUARD_INSTALL and MADV_GUARD_REMOVE
	OpProtect            // mprotect
	OpLock               // mlock, mlock2
	OpUnlock             // munlock
	OpSync               // msync
	OpName               // prctl PR_SET_VMA_ANON_NAME
	OpOpen               // open
	OpMemfd              // memfd_create
	OpSecret             // memfd_secret
	OpDup                // fcntl F_DUPFD_CLOEXEC
	OpStat               // fstat, fstatfs
	OpTruncate           // ftruncate
	OpAllocate           // fallocate
	OpFlock              // flock, fcntl F_OFD_SETLKW
	OpLink               // linkat
	OpUnlink             // unlink
	OpClose              // close
	OpRead               // pread
	OpWrite              // pwrite
	OpStore              // fdatasync, fsync
	OpCopied             // read of /proc/self/pagemap
	OpResident           // mincore
	NumOps
)

func (o Op) String() string {
	return [...]string{
		"mmap", "madvise", "munmap", "mremap", "madvise", "madvise guard", "mprotect", "mlock", "munlock",
		"msync", "prctl", "open", "memfd_create", "memfd_secret", "fcntl", "fstat", "ftruncate", "fallocate",
		"flock", "linkat", "unlink", "close", "pread", "pwrite", "fdatasync", "read of /proc/self/pagemap", "mincore",
	}[o]
}

// enter counts a kernel call and lets tests fail it.
func (s *Space) enter(op Op) error {
	s.calls[op].Add(1)
	if f := injector.Load(); f != nil {
		return (*f)(op)
	}
	return nil
}

// call makes a kernel call that is not on any hot path. What the kernel answers
// and what a test has it answer are explained alike.
func (s *Space) call(op Op, size uintptr, sys func() error) error {
	err := s.enter(op)
	if err == nil {
		err = sys()
	}
	return explain(op, size, err)
}

var injector atomic.Pointer[func(Op) error]

// Inject has f called before each kernel call of the process; an error it
// returns is returned in the call's place. nil ends it. For tests.
func Inject(f func(Op) error) {
	if f == nil {
		injector.Store(nil)
		return
	}
	injector.Store(&f)
}
