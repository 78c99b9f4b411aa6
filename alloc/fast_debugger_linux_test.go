// SPDX-License-Identifier: Apache-2.0

//go:build amd64 && !ashlar_portable && !race && !asan && !msan && !ashlar_interleave

package alloc

import (
	"bufio"
	"context"
	"debug/elf"
	"debug/gosym"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
	"unsafe"
)

// TestDebugger stops a thread at instructions of the fast paths, as a debugger does, for some seconds. There the
// runtime's request for preemption arrives, and must not move the goroutine. Then the debugger
// asks for the call of a function, which the runtime must refuse. Meanwhile other goroutines use
// the Allocator, collect garbage and change the number of processors. The program checks its blocks.
func TestDebugger(t *testing.T) {
	runtime.LockOSThread() // ptrace knows the thread
	defer runtime.UnlockOSThread()
	functions := functionsOf(t, os.Args[0], module+"alloc.mallocCode", module+"alloc.freeCode",
		module+"alloc.localMallocCode", module+"alloc.localFreeCode")
	debugCall := functionsOf(t, os.Args[0], "runtime.debugCallV2")[0].Entry
	preempted := functionsOf(t, os.Args[0], "runtime.asyncPreempt")
	d := startDebugged(t)
	limit := 8 * time.Second
	if testing.Short() {
		limit = 2 * time.Second
	}
	seen := map[uint64]bool{}
	for end := time.Now().Add(limit); time.Now().Before(end); {
		d.run()
		for range 100 {
			pc := d.registers().Rip
			if d.deliver != 0 || functionAtPC(preempted, pc) != nil { // a single step would show in the flags that it stores
				break
			}
			if functionAtPC(functions, pc) != nil && !seen[pc] {
				seen[pc] = true
				d.refuses(debugCall)
				d.preempt()
				break
			}
			d.step()
		}
	}
	if len(seen) == 0 {
		t.Error("the thread was never in a fast path")
	}
	t.Logf("stopped at %d instructions, requests for preemption at %d", len(seen), d.preempted)
	d.finish()
}

// functionsOf finds functions of a program by their names.
func functionsOf(t *testing.T, program string, names ...string) []*gosym.Func {
	file, err := elf.Open(program)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	lines := file.Section(".gopclntab")
	if lines == nil || file.Type != elf.ET_EXEC {
		t.Skip("the program's functions are not at fixed addresses")
	}
	data, err := lines.Data()
	if err != nil {
		t.Fatal(err)
	}
	table, err := gosym.NewTable(nil, gosym.NewLineTable(data, file.Section(".text").Addr))
	if err != nil {
		t.Fatal(err)
	}
	var found []*gosym.Func
	for _, name := range names {
		f := table.LookupFunc(name)
		if f == nil {
			t.Fatalf("no function %s", name)
		}
		found = append(found, f)
	}
	return found
}

func functionAtPC(functions []*gosym.Func, pc uint64) *gosym.Func {
	for _, f := range functions {
		if f.Entry <= pc && pc < f.End {
			return f
		}
	}
	return nil
}

// A debugged is a program with a thread that the test stops.
type debugged struct {
	*testing.T
	cmd       *exec.Cmd
	stdin     io.Closer
	thread    int
	deliver   syscall.Signal // passed to the thread when it goes on
	preempted int            // how often the runtime asked for preemption at an instruction
}

// What package syscall lacks.
const (
	ptraceSeize     = 0x4206
	ptraceInterrupt = 0x4207
	waitAll         = 0x40000000 // __WALL
)

// startDebugged starts the program and stops its thread.
func startDebugged(t *testing.T) *debugged {
	ctx, stop := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(stop)
	d := &debugged{T: t, cmd: exec.CommandContext(ctx, os.Args[0], "-test.run=^$")}
	d.cmd.Env = append(os.Environ(), childVar+"=debugged", "GOTRACEBACK=all")
	d.cmd.Stderr = os.Stderr
	stdin, err := d.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	d.stdin = stdin
	stdout, err := d.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := d.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	if d.thread, err = strconv.Atoi(strings.TrimSpace(line)); err != nil {
		t.Fatal(err)
	}
	if err := d.ptrace(ptraceSeize, 0, 0); errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.ENOSYS) {
		_ = d.cmd.Process.Kill()
		_ = d.cmd.Wait()
		t.Skip("ptrace is not allowed: ", err)
	}
	d.must(d.ptrace(ptraceInterrupt, 0, 0))
	d.wait()
	return d
}

func (d *debugged) must(err error) {
	if err != nil {
		d.Helper()
		_ = d.cmd.Process.Kill()
		d.Fatal(err)
	}
}

func (d *debugged) ptrace(request int, addr, data uintptr) error {
	_, _, errno := syscall.RawSyscall6(syscall.SYS_PTRACE, uintptr(request), uintptr(d.thread), addr, data, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}

// wait waits until the thread stops, and notes a signal that is to be delivered.
func (d *debugged) wait() {
	var status syscall.WaitStatus
	for {
		_, _, errno := syscall.Syscall6(syscall.SYS_WAIT4, uintptr(d.thread), uintptr(unsafe.Pointer(&status)), waitAll, 0, 0, 0)
		if errno == 0 {
			break
		}
		if errno != syscall.EINTR {
			d.must(errno)
		}
	}
	if !status.Stopped() {
		d.must(fmt.Errorf("the program ended with status %#x", status))
	}
	if sig := status.StopSignal(); sig != syscall.SIGTRAP && status>>16 == 0 {
		d.deliver = sig
	}
}

// step executes an instruction, or enters the handler of the signal that is to be delivered.
func (d *debugged) step() {
	sig := d.deliver
	d.deliver = 0
	d.must(d.ptrace(syscall.PTRACE_SINGLESTEP, 0, uintptr(sig)))
	d.wait()
}

// run delivers a signal, lets the thread go on for a while, and stops it again.
func (d *debugged) run() {
	sig := d.deliver
	d.deliver = 0
	d.must(d.ptrace(syscall.PTRACE_CONT, 0, uintptr(sig)))
	time.Sleep(200 * time.Microsecond)
	d.must(d.ptrace(ptraceInterrupt, 0, 0))
	d.wait()
}

func (d *debugged) registers() (r syscall.PtraceRegs) {
	d.must(d.ptrace(syscall.PTRACE_GETREGS, 0, uintptr(unsafe.Pointer(&r))))
	return r
}

// preempt waits until the runtime asks the stopped thread for preemption, and delivers the signal.
// Afterwards the goroutine must be where it was. A second signal stops it there: the handler of
// the first one blocks it until it returns.
func (d *debugged) preempt() {
	if !eventually(d.pending) {
		return
	}
	at := d.registers()
	d.step() // stops at the delivery
	if d.deliver != syscall.SIGURG {
		return // another stop came first
	}
	d.must(syscall.Tgkill(d.cmd.Process.Pid, d.thread, syscall.SIGURG))
	d.deliver = 0
	d.must(d.ptrace(syscall.PTRACE_CONT, 0, uintptr(syscall.SIGURG)))
	d.wait()
	d.preempted++
	if now := d.registers(); now.Rip != at.Rip || now.Rsp != at.Rsp {
		d.must(fmt.Errorf("after a request for preemption at %#x the goroutine is at %#x", at.Rip, now.Rip))
	}
}

// pending reports whether a SIGURG waits for the thread.
func (d *debugged) pending() bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/status", d.cmd.Process.Pid, d.thread))
	d.must(err)
	_, rest, _ := strings.Cut(string(text), "\nSigPnd:\t")
	mask, err := strconv.ParseUint(rest[:strings.IndexByte(rest, '\n')], 16, 64)
	d.must(err)
	return mask>>(syscall.SIGURG-1)&1 != 0
}

// refuses requires that the runtime refuses to call a function where the thread stands (debugCallV2
// in the runtime's asm_amd64.s has the protocol).
func (d *debugged) refuses(debugCall uint64) {
	at := d.registers()
	var vectors [512]byte // of FXSAVE
	d.must(d.ptrace(syscall.PTRACE_GETFPREGS, 0, uintptr(unsafe.Pointer(&vectors))))
	call := at
	call.Rsp -= 8
	call.Rip = debugCall
	d.poke(call.Rsp, at.Rip)
	d.poke(call.Rsp-16, 32)
	d.must(syscall.PtraceSetRegs(d.thread, &call))
	var later []syscall.Signal
	for {
		d.must(syscall.PtraceCont(d.thread, 0))
		d.wait()
		if d.deliver == 0 {
			break // INT3
		}
		later = append(later, d.deliver)
		d.deliver = 0
	}
	answer := d.registers()
	if answer.R12 != 8 {
		d.must(fmt.Errorf("the runtime answers %d to a debugger at %#x, want 8", answer.R12, at.Rip))
	}
	if reason := d.text(d.peek(answer.Rsp), d.peek(answer.Rsp+8)); reason != "call not at safe point" {
		d.must(fmt.Errorf("the runtime says %q to a debugger at %#x", reason, at.Rip))
	}
	d.must(syscall.PtraceSetRegs(d.thread, &at))
	d.must(d.ptrace(syscall.PTRACE_SETFPREGS, 0, uintptr(unsafe.Pointer(&vectors))))
	for _, sig := range later {
		d.must(syscall.Tgkill(d.cmd.Process.Pid, d.thread, sig))
	}
}

func (d *debugged) poke(addr, word uint64) {
	_, err := syscall.PtracePokeData(d.thread, uintptr(addr), (*[8]byte)(unsafe.Pointer(&word))[:])
	d.must(err)
}

func (d *debugged) peek(addr uint64) (word uint64) {
	_, err := syscall.PtracePeekData(d.thread, uintptr(addr), (*[8]byte)(unsafe.Pointer(&word))[:])
	d.must(err)
	return word
}

func (d *debugged) text(addr, n uint64) string {
	text := make([]byte, min(n, 100))
	_, err := syscall.PtracePeekData(d.thread, uintptr(addr), text)
	d.must(err)
	return string(text)
}

// finish lets the program go on and end.
func (d *debugged) finish() {
	d.must(d.ptrace(syscall.PTRACE_DETACH, 0, uintptr(d.deliver)))
	_ = d.stdin.Close()
	if err := d.cmd.Wait(); err != nil {
		d.Error(err)
	}
}

func init() {
	children["debugged"] = func() error {
		runtime.GOMAXPROCS(3)
		a, err := NewAllocator(Options{Decay: -1, ProfileRate: -1})
		if err != nil {
			return err
		}
		var stop atomic.Bool
		var wg sync.WaitGroup
		failures := make(chan error, 2)
		for i := range 2 {
			wg.Go(func() {
				if i == 0 {
					runtime.LockOSThread()
					fmt.Println(syscall.Gettid())
				}
				failures <- pairsUntil(&stop, a)
			})
		}
		wg.Go(func() {
			for n := 0; !stop.Load(); n++ {
				runtime.GOMAXPROCS(3 + n%2)
				runtime.GC()
				time.Sleep(20 * time.Millisecond)
			}
		})
		_, _ = io.Copy(io.Discard, os.Stdin)
		stop.Store(true)
		wg.Wait()
		err = errors.Join(<-failures, <-failures)
		if n := liveIn(a); err == nil && n != 0 {
			err = fmt.Errorf("%d blocks are live at the end", n)
		}
		return err
	}
}

// pairsUntil allocates and frees blocks by the Allocator and by a Local in turn.
func pairsUntil(stop *atomic.Bool, a *Allocator) error {
	l := a.NewLocal()
	defer l.Close()
	var window [16]unsafe.Pointer
	for i := 0; !stop.Load(); i++ {
		at := &window[i%16]
		m := []Memory{a, l}[i%2]
		if *at != nil && *(*uintptr)(*at) != uintptr(*at) {
			return errors.New("a block was overwritten")
		}
		m.Free(*at)
		p, err := m.Malloc(64)
		if err != nil {
			return err
		}
		*(*uintptr)(p) = uintptr(p)
		*at = p
	}
	for _, p := range window {
		a.Free(p)
	}
	return nil
}
