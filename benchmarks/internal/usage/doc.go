// SPDX-License-Identifier: Apache-2.0

// Package usage reads what a stretch of the process cost besides time: processor time, page faults,
// mappings, and the work and the pauses of the Go collector.
//
// A Meter begins a stretch with the collector at rest, and its End gives the Usage. The kernel counts for the
// whole process, and so does the runtime: what other goroutines do meanwhile is in it.
package usage
