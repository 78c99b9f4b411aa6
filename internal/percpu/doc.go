// SPDX-License-Identifier: Apache-2.0

// Package percpu gives a goroutine exclusive use of a numbered slot for a short time. State
// that is kept for each slot then needs neither a lock nor atomic operations.
//
//	id := percpu.Pin()
//	... use slot id ...
//	percpu.Unpin(id)
//
// Between Pin and Unpin no other goroutine holds the same id. The functions do not fail.
// There are three implementations:
//
//   - pin.go (the default): id is the processor (P) that runs the goroutine. The runtime
//     neither preempts the goroutine nor moves it to another processor until Unpin. Pinning
//     costs two increments. The runtime's source promises to keep procPin for packages like
//     this one.
//   - portable.go (build tag ashlar_portable): id is the number of a lock from a fixed set.
//     Pin takes the first lock that is free. It uses no internals of the runtime.
//   - interleaved.go (build tag ashlar_interleave): id is a lock that stands for a processor,
//     and a section may be interrupted. Tests explore what others do meanwhile (package
//     interleave).
//
// # What a pinned section may do
//
// A pinned goroutine delays the collector's stop-the-world phases, so a section is a few
// dozen instructions long. It must not block, lock a mutex, call the kernel or panic. It
// should not touch memory for which the kernel has to supply a page first. It may grow its
// stack by a bounded amount, because the runtime allows that while preemption is disabled.
//
// Keep calls that check the stack out of frequent sections. Such a check consumes a pending
// request for preemption and, since the goroutine is pinned, drops it. The runtime repeats the
// request only every 100 µs. For the same reason, a loop needs a call or some work outside
// its sections, as every loop around Malloc has. Otherwise stopping the world takes many
// milliseconds.
//
// # Taking a slot's state away
//
// To take the state of another slot, first unpublish it, so that sections that begin later
// do not find it. Then call Synchronize, which returns when every section that may still use
// the state has ended. This is read-copy-update (RCU) with pinned sections as the readers; the
// fast path pays nothing for it. Whoever is in no hurry notes the Moment instead, and looks
// later whether it has passed: one call of Synchronize serves all who wait for one.
//
// # A section without Pin
//
// On amd64 and arm64 a function in assembly has its processor (P) to itself from its first
// instruction to its last, without Pin, if these four things hold:
//
//   - It is NOSPLIT, has no frame and calls nothing.
//   - PCDATA $0, $-2 marks all of it as an unsafe point.
//   - It runs on a goroutine's own stack, as everything does that Go code calls.
//   - It does not stay long: it has no loop.
//
// A goroutine loses its P in one of these ways only. The names are those of the runtime's source,
// which was read for Go 1.25, 1.26 and 1.27. All of it is the same for both architectures:
//
//	it gives the P up        by a call: a block, a system call, a stack check. There is none.
//	asynchronous preemption  doSigPreempt, on Windows preemptM, asks isAsyncSafePoint, which refuses
//	                         at an unsafe point, and once more in any assembly.
//	sysmon                   retake asks for preemption, and takes a P only from a system call.
//	the world is stopped     stopTheWorldWithSema and forEachP take idle Ps and those of system
//	                         calls, and wait until each running P stops itself.
//	GOMAXPROCS changes       procresize runs while the world is stopped.
//	a signal                 its handler runs on another stack, and returns to the instruction. The
//	                         kernel restores all registers and flags, also the one that holds g.
//	a debugger               stops the thread, which keeps its P. A function that it wants to call
//	                         does not run: debugCallCheck refuses at an unsafe point.
//	a fault                  becomes a panic at the instruction. Nothing follows it.
//
// So nobody else runs on that P during the function, and Synchronize, which stops the world, waits
// for it as for a pinned section.
//
// arm64 may reorder loads and stores of different words. Two sections of one P see each other's
// plain accesses in order all the same. On one thread, program order decides. From one thread to
// another a P passes by the runtime's atomic operations and locks: the first thread releases the
// P after its section, the second one acquires the P before its own. The runtime's plain fields
// of a P, such as its mcache, rely on the same. What leads to the P is in order, too: a thread
// itself writes g.m of the goroutine that it begins to run, and m.p except during its system
// calls; p.id changes only while the world is stopped. After Synchronize, a section sees
// everything that was written before it, because the world is stopped and started by such
// operations.
//
// Such a function must find the number of its P by itself. g.m, m.p and p.id lead there. R14 holds
// g on amd64, R28 on arm64. Where these fields lie is read from the machine code of
// runtime.procPin, which consists of five instructions on amd64 and of seven on arm64
// (processor_amd64.go, processor_arm64.go). Only exactly these instructions are understood. With
// other versions of Go, and on systems whose code may not be readable, ProcessorField reports
// false. Then callers use Pin.
//
// The address of the P may stand for its number. The runtime never frees a P and never changes its
// number: procresize keeps the Ps that are too many, and uses them again.
package percpu
