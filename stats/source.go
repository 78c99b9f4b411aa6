// SPDX-License-Identifier: Apache-2.0

package stats

// A Source supplies snapshots. *alloc.Allocator implements it. The packages below this
// one show any Source, so they need not import the allocator. Stats is safe for concurrent
// use.
type Source interface {
	Stats() Snapshot
}
