// SPDX-License-Identifier: Apache-2.0

//go:build !ashlar_posix && !ashlar_heap

package vm

import (
	"errors"
	"syscall"
	"testing"
)

func TestLock(t *testing.T) {
	for _, onFault := range []bool{false, true} {
		var s Space
		size := 4 * PageSize()
		start, m := mapIn(t, &s, size, PageSize())
		lacks(t, s.Lock(start, size, onFault))
		if n := kibibytes("/proc/self/status", "VmLck:"); n < uint64(size) {
			t.Errorf("%d bytes are locked, want %d", n, size)
		}
		fill(start, size, 1)
		must(t, s.Unlock(start, size))
		release(t, &s, m)
	}
}

func TestLockRefused(t *testing.T) {
	for _, c := range []struct {
		answer error
		size   uintptr
		want   error
	}{
		{syscall.EPERM, 4096, ErrLockLimit},
		{syscall.ENOMEM, ^uintptr(0) >> 1 &^ 4095, ErrLockLimit},
		{syscall.EAGAIN, 4096, ErrOutOfMemory},
	} {
		if _, limited := lockable(); !limited && c.answer != syscall.EPERM {
			continue
		}
		Inject(func(Op) error { return c.answer })
		var s Space
		err := s.Lock(0, c.size, false)
		Inject(nil)
		if !errors.Is(err, c.want) || !errors.Is(err, c.answer) {
			t.Errorf("%v of %d bytes: %v", c.answer, c.size, err)
		}
	}
}
