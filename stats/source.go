// SPDX-License-Identifier: Apache-2.0

package stats

// A Source supplies snapshots: *alloc.Allocator is one. It is what the faces in the
// packages below this one show, so that none of them needs to know the allocator.
// Stats overwrites all of s, and may be called by any number of goroutines.
type Source interface {
	Stats(s *Snapshot)
}
