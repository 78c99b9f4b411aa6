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
package percpu
