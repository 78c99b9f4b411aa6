// SPDX-License-Identifier: Apache-2.0

//go:build amd64 || arm64

package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"github.com/ashlar-go/ashlar/internal/vm"
	"github.com/ashlar-go/ashlar/largeobj/mmap"
)

// refusal is the child's error that the filter returns.
const refusal = "ASHLAR_FUZZ_REFUSAL"

// TestSeccomp runs a soak in a process with a filter of kernel calls. Like the filters of
// containers and browsers, it refuses calls that are not essential, with the errors that
// they use: names of mappings, memfds, populating, guards, cold and free advice, mremap.
func TestSeccomp(t *testing.T) {
	for name, errno := range map[string]unix.Errno{"EPERM": unix.EPERM, "ENOSYS": unix.ENOSYS} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.Command(os.Args[0], "-test.run", "^TestSeccompChild$", "-test.v")
			cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%d", refusal, errno))
			out, err := cmd.CombinedOutput()
			if err != nil {
				t.Errorf("%v: %s", err, out)
			} else if strings.Contains(string(out), "SKIP") {
				t.Skipf("%s", out)
			}
		})
	}
}

func TestSeccompChild(t *testing.T) {
	errno, err := strconv.Atoi(os.Getenv(refusal))
	if err != nil {
		t.Skip("run by TestSeccomp")
	}
	if err := refuse(unix.Errno(errno)); err != nil {
		t.Skipf("no filter: %v", err)
	}
	if _, err := unix.MemfdCreate("probe", 0); err != unix.Errno(errno) {
		t.Fatalf("the filter has no effect: %v", err)
	}
	if err := soak(soakConfig{duration: time.Minute, operations: 100_000, seed: 1, profile: "mixed", workers: 4}, io.Discard); err != nil {
		t.Error(err)
	}
	vm.Require(t, vm.Moving|vm.Reopening) // other sources make none of the calls below
	r, err := mmap.Map(1<<20, mmap.MapOptions{Options: mmap.Options{Populate: true}})
	if err != nil {
		t.Fatalf("populated memory, where the kernel does not populate: %v", err)
	}
	r.Bytes()[0] = 1
	if err := r.Resize(2 << 20); !errors.Is(err, unix.Errno(errno)) || r.Len() != 1<<20 || r.Bytes()[0] != 1 {
		t.Errorf("%d bytes after growing without mremap: %v", r.Len(), err)
	}
	if err := r.Close(); err != nil {
		t.Error(err)
	}
	if s, err := mmap.MapShared("", 1<<20, mmap.SharedOptions{}); err == nil {
		t.Errorf("shared memory without memfd: %v", s.Close())
	} else if !errors.Is(err, unix.Errno(errno)) || !strings.Contains(err.Error(), "memfd") {
		t.Errorf("%v: want the call and its error", err)
	}
}

// refuse installs a filter for all threads that makes these calls fail:
//
//	memfd_create, memfd_secret, mremap
//	prctl(PR_SET_VMA)
//	madvise with any advice except MADV_DONTNEED
func refuse(errno unix.Errno) error {
	runtime.LockOSThread()
	const (
		ret  = unix.BPF_RET | unix.BPF_K
		load = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
		jeq  = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K

		number, firstArgument, thirdArgument = 0, 16, 32 // offsets in struct seccomp_data
		allow, fail, prctl, madvise          = 10, 11, 5, 7
	)
	at := func(from, to int) uint8 { return uint8(to - from - 1) }
	program := []unix.SockFilter{
		0: {Code: load, K: number},
		1: {Code: jeq, K: unix.SYS_MEMFD_CREATE, Jt: at(1, fail)},
		2: {Code: jeq, K: unix.SYS_MREMAP, Jt: at(2, fail)},
		3: {Code: jeq, K: unix.SYS_PRCTL, Jt: at(3, prctl)},
		4: {Code: jeq, K: unix.SYS_MADVISE, Jt: at(4, madvise), Jf: at(4, 9)},

		prctl: {Code: load, K: firstArgument},
		6:     {Code: jeq, K: unix.PR_SET_VMA, Jt: at(6, fail), Jf: at(6, allow)},

		madvise: {Code: load, K: thirdArgument},
		8:       {Code: jeq, K: unix.MADV_DONTNEED, Jt: at(8, allow), Jf: at(8, fail)},

		9:     {Code: jeq, K: unix.SYS_MEMFD_SECRET, Jt: at(9, fail), Jf: at(9, allow)},
		allow: {Code: ret, K: unix.SECCOMP_RET_ALLOW},
		fail:  {Code: ret, K: unix.SECCOMP_RET_ERRNO | uint32(errno)},
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	filter := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	_, _, failed := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&filter)))
	if failed != 0 {
		return failed
	}
	return nil
}
