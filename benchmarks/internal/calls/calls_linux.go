// SPDX-License-Identifier: Apache-2.0

//go:build linux && (amd64 || arm64)

package calls

import (
	"errors"
	"fmt"
	"os/exec"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Supported reports whether Run works here.
const Supported = true

// mark is the file descriptor that Mark closes. No descriptor that is open has this number.
const mark = 0x7a51a5

// Mark begins the part of the process whose calls count, or ends it.
func Mark() { _ = unix.Close(mark) }

var names = map[uint64]string{
	unix.SYS_MMAP:     "mmap",
	unix.SYS_MUNMAP:   "munmap",
	unix.SYS_MREMAP:   "mremap",
	unix.SYS_MADVISE:  "madvise",
	unix.SYS_MPROTECT: "mprotect",
	unix.SYS_FUTEX:    "futex",
}

// Run runs the command to its end and counts the calls of all its threads between the marks.
func Run(command *exec.Cmd) (Counts, error) {
	// The tracer is a thread, not a process.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	command.SysProcAttr = &syscall.SysProcAttr{Ptrace: true, Pdeathsig: syscall.SIGKILL}
	if err := command.Start(); err != nil {
		return nil, fmt.Errorf("calls: %w", err)
	}
	t := tracer{root: command.Process.Pid, counts: make(Counts), known: make(map[int]bool)}
	err := t.trace()
	if err != nil {
		_ = command.Process.Kill() // the first error is the one to report
	}
	// The tracer has seen the process end, so Wait does not see it; it waits for the output.
	if waited := command.Wait(); waited != nil && !errors.Is(waited, syscall.ECHILD) && err == nil {
		err = waited
	}
	return t.counts, errors.Join(err, t.uncounted)
}

// A tracer follows the threads of one process.
type tracer struct {
	root      int // process id
	counts    Counts
	counting  bool
	known     map[int]bool // threads that have stopped for the first time
	uncounted error        // why a call was not counted
}

// trace follows the process from its first stop to its end.
func (t *tracer) trace() error {
	var status unix.WaitStatus
	if _, err := unix.Wait4(t.root, &status, unix.WALL, nil); err != nil {
		return fmt.Errorf("calls: %w", err)
	}
	const options = unix.PTRACE_O_TRACESYSGOOD | unix.PTRACE_O_TRACECLONE | unix.PTRACE_O_EXITKILL
	if err := unix.PtraceSetOptions(t.root, options); err != nil {
		return fmt.Errorf("calls: %w", err)
	}
	t.known[t.root] = true
	if err := unix.PtraceSyscall(t.root, 0); err != nil {
		return fmt.Errorf("calls: %w", err)
	}
	for {
		// __WNOTHREAD: other children of this program belong to other threads.
		thread, err := unix.Wait4(-1, &status, unix.WALL|unix.WNOTHREAD, nil)
		switch {
		case err == unix.EINTR:
			continue
		case err != nil:
			return fmt.Errorf("calls: %w", err)
		case thread == t.root && (status.Exited() || status.Signaled()):
			return ended(status)
		case !status.Stopped():
			continue
		}
		signal := t.stopped(thread, status)
		// Another thread may have ended this one meanwhile.
		if err := unix.PtraceSyscall(thread, signal); err != nil && err != unix.ESRCH {
			return fmt.Errorf("calls: %w", err)
		}
	}
}

func ended(status unix.WaitStatus) error {
	if status.Signaled() {
		return fmt.Errorf("calls: the process was ended by %v", status.Signal())
	}
	if code := status.ExitStatus(); code != 0 {
		return fmt.Errorf("calls: the process ended with status %d", code)
	}
	return nil
}

// stopped finds out why a thread has stopped, and returns the signal to deliver to it.
func (t *tracer) stopped(thread int, status unix.WaitStatus) (signal int) {
	switch stop := status.StopSignal(); {
	case stop == unix.SIGTRAP|0x80:
		t.called(thread)
		return 0
	case stop == unix.SIGTRAP:
		return 0 // a clone, or the exec at the beginning
	case stop == unix.SIGSTOP && !t.known[thread]:
		t.known[thread] = true
		return 0
	default:
		return int(stop)
	}
}

// syscallInfo is the kernel's struct ptrace_syscall_info at the entry of a call.
type syscallInfo struct {
	op     uint8
	_      [3]uint8
	arch   uint32
	ip, sp uint64
	number uint64
	args   [6]uint64
}

// called counts a call at its entry only.
func (t *tracer) called(thread int) {
	var info syscallInfo
	_, _, failure := unix.Syscall6(unix.SYS_PTRACE, unix.PTRACE_GET_SYSCALL_INFO, uintptr(thread),
		unsafe.Sizeof(info), uintptr(unsafe.Pointer(&info)), 0, 0)
	switch {
	case failure == unix.EIO || failure == unix.EINVAL:
		t.uncounted = ErrUnsupported
		return
	case failure != 0 || info.op != unix.PTRACE_SYSCALL_INFO_ENTRY: // the thread has ended, or returns from a call
		return
	}
	if info.number == unix.SYS_CLOSE && info.args[0] == mark {
		t.counting = !t.counting
		return
	}
	if !t.counting {
		return
	}
	if name, ok := names[info.number]; ok {
		t.counts[name]++
	} else {
		t.counts[Other]++
	}
}
