// SPDX-License-Identifier: Apache-2.0

package vm

import (
	"sync/atomic"

	"github.com/ashlar-go/ashlar/internal/interleave"
)

// Op is a kind of kernel call.
type Op uint8

// The kinds of kernel calls. An allocator needs only the first four. The others serve
// mappings of files, shared memory, and single pages.
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

// enter counts a kernel call, and lets a test make it fail.
func (s *Space) enter(op Op) error {
	if interleave.Enabled && !s.Unannotated { // not for metadata, which is one step
		interleave.Point()
	}
	s.calls[op].Add(1)
	if f := injector.Load(); f != nil {
		return (*f)(op)
	}
	return nil
}

// call makes a kernel call that is not on a hot path. It describes errors of the kernel
// and errors injected by tests in the same way.
func (s *Space) call(op Op, size uintptr, sys func() error) error {
	err := s.enter(op)
	if err == nil {
		err = sys()
	}
	return describe(op, size, err)
}

var injector atomic.Pointer[func(Op) error]

// Inject makes the process call f before each kernel call. If f returns an error, the
// kernel call is not made and fails with that error. Inject(nil) ends this. For tests.
func Inject(f func(Op) error) {
	if f == nil {
		injector.Store(nil)
		return
	}
	injector.Store(&f)
}
