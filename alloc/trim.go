// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"github.com/ashlar-go/ashlar/internal/metadata"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
)

// Trim gives everything unused back to the kernel now and returns how many bytes
// of RAM that were. It briefly stops the world to reach the caches of all
// processors, and takes a profile of all goroutines to reach those of Locals: a Local
// within an operation keeps what it has cached.
func (a *Allocator) Trim() (freed int64) {
	a.init()
	_ = a.inside(func() error { // nothing is left after Close
		freed = a.trim()
		return nil
	})
	return freed
}

func (a *Allocator) trim() int64 {
	before := a.space.Footprint.Now()
	a.backend.yield(opTrim)
	a.detach(func(int, uintptr) bool { return true })
	a.reclaimLocals(true)
	a.trimShared()
	return max(before-a.space.Footprint.Now(), 0) + metadata.Purge()
}

// trimShared gives back what is unused outside the caches.
func (a *Allocator) trimShared() {
	a.age(true)
	a.purgeRetained()
}

// age moves magazines that are unused, or all, from the depots to the spans. Empty ones are
// kept while there are Locals: were one used by two goroutines at once, it could still be
// using a magazine that it gave back.
func (a *Allocator) age(all bool) {
	keep := a.hasLocals()
	for c := range sizeclass.Class(sizeclass.Count) {
		a.releaseSpans(c, a.depots[c].Age(c, all, keep))
	}
}

// purgeRetained gives back pages and large objects that are retained. What the kernel
// refuses stays, to be tried again.
func (a *Allocator) purgeRetained() {
	_, _ = a.pages.Purge(true)
	_, _ = a.large.Purge(true)
}
