// SPDX-License-Identifier: Apache-2.0

// Package proflabel reads the running goroutine's profiler labels, those of
// runtime/pprof.Do.
//
//	labels := proflabel.Current()                   // encoded as one string
//	for key, value := range proflabel.All(labels) { ... }
//
// No function returns an error or panics. All are safe for concurrent use. If the labels
// cannot be read, a goroutine has none.
//
//	goroutine ─► pointer to its labels     runtime/pprof.runtime_getProfLabel, by linkname
//	          ─► a value of their type     the type is seen in a context that has labels
//	          ─► a context that has it     package runtime/pprof reads that
//
// The runtime documents no way to read them, but it keeps one: its source marks this function
// as one that other packages use by linkname, and promises to keep the type. The function
// gives only a pointer. No release promises what the pointer leads to, so runtime/pprof.ForLabels
// reads that. Before the first use, this package tries on a goroutine of its own whether both
// agree. If they do not, and with the build tag ashlar_portable, no goroutine has labels.
//
// Labels are kept as one string, in the order of ForLabels. Equal sets are equal strings,
// because runtime/pprof sorts them.
package proflabel
