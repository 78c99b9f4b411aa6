// SPDX-License-Identifier: Apache-2.0

//go:build !ashlar_posix && !ashlar_heap

package vm

import (
	"syscall"
	"testing"
)

// A guard adds no mapping if the kernel has markers, and two if it does not. In both
// cases the pages are zero when the guard is removed.
func TestGuard(t *testing.T) {
	for _, c := range []struct {
		name    string
		without syscall.Errno // error of a kernel without guard markers
	}{
		{"this kernel", 0},
		{"before Linux 6.13", syscall.EINVAL},
		{"seccomp, EPERM", syscall.EPERM},
		{"seccomp, ENOSYS", syscall.ENOSYS},
	} {
		t.Run(c.name, func(t *testing.T) {
			var s Space
			start, m := mapIn(t, &s, mib, PageSize())
			fill(start, mib, 5)
			if c.without != 0 {
				Inject(func(op Op) error {
					if op == OpGuard {
						return c.without
					}
					return nil
				})
				defer Inject(nil)
			}
			page := PageSize()
			split, err := s.Guard(start+page, page)
			must(t, err)
			if c.without != 0 && !split {
				t.Error("Guard did not report the split")
			}
			want := int64(1)
			if split {
				want = 3
			}
			if n := s.Mappings.Now(); n != want {
				t.Errorf("%d mappings with the guard, want %d", n, want)
			}
			if accessible(t, &s, start+page) || !accessible(t, &s, start) || !accessible(t, &s, start+2*page) {
				t.Error("pages outside the guard are inaccessible")
			}
			must(t, s.Unguard(start+page, page, split))
			if n := s.Mappings.Now(); n != 1 {
				t.Errorf("%d mappings without the guard, want 1", n)
			}
			check(t, "opened", start+page, page, 0)
			check(t, "after", start+2*page, mib-2*page, 5)
			if split, err = s.Guard(start, page); err != nil {
				t.Error(err)
			}
			release(t, &s, m)
			s.ForgetGuard(split)
			balanced(t, &s)
		})
	}
}

// accessible asks the kernel to read a byte: a system call returns an error instead of
// faulting.
func accessible(t *testing.T, s *Space, addr uintptr) bool {
	t.Helper()
	f := newFile(t, s, 0)
	_, _, errno := syscall.Syscall(syscall.SYS_WRITE, uintptr(f.Fd()), addr, 1)
	if errno != 0 && errno != syscall.EFAULT {
		t.Fatal(errno)
	}
	return errno == 0
}

func TestProtect(t *testing.T) {
	var s Space
	start, m := mapIn(t, &s, mib, PageSize())
	defer release(t, &s, m)
	fill(start, mib, 5)
	must(t, s.Protect(start, mib, NoAccess))
	if accessible(t, &s, start) {
		t.Error("accessible")
	}
	must(t, s.Protect(start, mib, ReadOnly))
	check(t, "read-only", start, mib, 5)
	must(t, s.Protect(start, mib, ReadWrite))
	fill(start, mib, 6)
}

// A kernel that takes guard markers without effect is found out, and guards are made by
// mprotect.
func TestMarkersWithoutEffect(t *testing.T) {
	before := markersWork
	defer func() { markersWork = before }()
	markersWork = func() bool { return false }
	var s Space
	start, m := mapIn(t, &s, 4*PageSize(), PageSize())
	defer release(t, &s, m)
	split, err := s.Guard(start+PageSize(), PageSize())
	if err != nil || !split {
		t.Fatalf("Guard: split %v, %v", split, err)
	}
	if touch(start+PageSize(), PageSize(), false) == nil {
		t.Error("the guarded page can be read")
	}
	s.ForgetGuard(split)
}
