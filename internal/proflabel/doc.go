// SPDX-License-Identifier: Apache-2.0

// Package proflabel reads the labels that the running goroutine has for profiles, those
// of runtime/pprof.Do.
//
//	goroutine ─► pointer to its labels     runtime/pprof.runtime_getProfLabel, by linkname
//	          ─► a value of their type     the type is seen in a context that has labels
//	          ─► a context that has it     package runtime/pprof reads that
//
// There is no documented way to them, but a kept one: the runtime marks the function as
// one that others use by linkname, whose type will not change, and the linker lets it
// pass. Only the pointer comes by that way. What it points to, which no release promises
// anything about, is read by runtime/pprof.ForLabels. That both speak of the same is
// tried out before the first use, on a goroutine of its own; if they do not, and with the
// build tag ashlar_portable, no goroutine has labels.
//
// Labels are kept as one string, in the order of ForLabels: equal sets are equal strings,
// as far as runtime/pprof sorts them.
package proflabel
