// SPDX-License-Identifier: Apache-2.0

// Package percpu gives a goroutine short, exclusive use of a numbered slot, so
// that state kept per slot needs neither lock nor atomic.
//
//	id := percpu.Pin()
//	... use slot id ...
//	percpu.Unpin(id)
//
// Between Pin and Unpin no other goroutine holds the same id. Two
// implementations keep that promise:
//
//   - pin.go (the default): id is the processor (P) that runs the goroutine,
//     and the goroutine cannot be moved off it or preempted. It costs two
//     increments. The runtime keeps procPin reachable for packages like this
//     one; its source says so.
//   - portable.go (build tag ashlar_portable): id is the first of a fixed set of
//     locks that could be taken without waiting. It needs nothing of the runtime.
//
// # What a pinned section may do
//
// A pinned goroutine holds up the collector's stop-the-world phases, so a
// section is a few dozen instructions long. It must not block, lock a mutex,
// call the kernel, panic, or touch memory on purpose that the kernel has yet to
// supply. It may grow its stack by a bounded amount: the runtime allows that
// with preemption off.
//
// Keep calls that check the stack out of frequent sections. Such a check takes a
// pending request for preemption for itself and, being pinned, drops it; the
// runtime repeats the request every 100 µs only. For the same reason a loop needs a
// call or some work outside its sections, as any loop around Malloc has, or
// stopping the world takes many milliseconds.
//
// # Taking a slot's state away
//
// Whoever wants the state of a slot that is not its own unpublishes it (a
// pinned section that begins from now on will not find it) and calls
// Synchronize, which returns when every section that could still be using it has
// ended. This is read-copy-update with pinned sections as the readers: the fast
// path pays nothing for it.
package percpu
