// SPDX-License-Identifier: Apache-2.0

// Package usage measures what a stretch of the process costs besides time: processor time, page faults,
// mappings, and the work and the pauses of the Go collector.
//
// Begin starts a stretch with the collector at rest, and Meter.End returns the Usage. The kernel and the
// runtime count for the whole process, so the Usage includes what other goroutines do meanwhile.
package usage
