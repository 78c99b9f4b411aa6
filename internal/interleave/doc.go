// SPDX-License-Identifier: Apache-2.0

// Package interleave runs the protocols of the allocator in chosen orders of their steps. A test
// gives it two or three threads. It runs them one at a time, decides at each step which of them
// continues, and tries many orders. An order that fails is printed, and can be run again.
//
// Only builds with the tag ashlar_interleave do so. In all other builds Enabled is a false
// constant, Mutex is sync.Mutex, and every call of this package stands behind "if Enabled". So
// the compiler leaves nothing of it, and the programs are the same instruction by instruction.
//
//	interleave.Mutex            is sync.Mutex, whose Lock and Unlock are steps here
//	if interleave.Enabled {
//		interleave.Point()      a step: another thread may run now
//	}
//	interleave.Await(done)      blocks the thread until done reports true
//	interleave.Pause()          lets the other threads run: a turn of a loop that spins
//
// # Threads
//
//	Explore ─► order ─► scheduler ─► thread 0 │ thread 1 │ thread 2      one of them runs
//	   ▲                   │
//	   └──── trace ◄───────┘             the threads that could have run at each step
//
// A thread is a coroutine (iter.Pull), so that a change of threads is a call, and the Go
// scheduler has no part in it. A thread runs up to its next step, and says there whether it can
// go on, waits for a condition, or has ended. Goroutines that are not threads, such as that of the
// test, pass all steps without stopping.
//
//	runnable threads = those that have not ended, and whose condition holds
//	no runnable thread, but one that has not ended: a deadlock, which is a failure
//
// # What is a step
//
// Locking and unlocking a Mutex, beginning and ending a pinned section, each kernel call, and
// the places where a protocol touches shared state without a lock. Locks under which no other
// step occurs, such as that of package metadata, remain sync.Mutex: what they guard is one step.
//
// A thread may stop inside a pinned section. Therefore package percpu does not pin the
// processor in these builds. Thread i has the virtual processor i mod Options.Processors, a lock
// that it holds during the section. Synchronize waits for the sections under way, as it does with
// true processors.
//
// # Orders
//
// By default a thread runs until it waits, pauses or ends. Then the next runnable one by number
// runs. An order lists the exceptions, as step>thread: "0>1 37>0" begins with thread 1 instead of
// thread 0 and changes to thread 0 at step 37. An exception that takes the turn from a thread that
// could have continued is a preemption.
//
// Explore tries, in this sequence:
//
//  1. for each thread, the order that begins with it;
//  2. all these orders with one more exception, wherever a thread could have run;
//  3. Options.Runs orders with one or two exceptions more than those, drawn from Options.Seed.
//
// Most faults need one or two preemptions (Musuvathi and Qadeer, "Iterative Context Bounding",
// PLDI 2007, which CHESS is built on; loom bounds them as well). A drawn exception follows a change
// of threads. The distance is below a power of two, each as likely as the others: some faults need
// a thread to starve for long, others only within a narrow window (rr's chaos mode).
//
// The search is deterministic as far as the threads are. A test therefore turns off what
// happens by time or by chance: the purger, the garbage collector, sampling at random.
//
// # Caveats
//
// Between two steps the threads are sequentially consistent. What a processor with weaker
// ordering may do is not explored. A state is visible to the other threads only at steps, so an
// access that should have been atomic and stands between two steps is not seen, either; the race
// detector is for that.
package interleave
