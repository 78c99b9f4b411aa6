// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"errors"

	"github.com/ashlar-go/ashlar/internal/metadata"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
)

// Trim gives all unused memory back to the kernel now. It returns how many bytes of RAM it
// gave back. It briefly stops the world to empty the caches of all processors, and profiles
// all goroutines to empty those of Locals. A Local that is in an operation keeps its cache.
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
	a.detach()
	a.reclaimLocals(true)
	a.trimShared()
	return max(before-a.space.Footprint.Now(), 0) + metadata.Purge()
}

// trimShared gives back unused memory outside the caches.
func (a *Allocator) trimShared() {
	_ = a.age(true)
	a.purgeRetained()
}

// age moves unused magazines, or all magazines, from the depots to the spans. Then it gives idle
// pages inside the spans back. If the kernel refuses some, they stay, and the error says why.
//
// While there are Locals, empty magazines are kept: two goroutines that use a Local at once may
// still use a magazine that it returned.
func (a *Allocator) age(all bool) (err error) {
	keep := a.hasLocals()
	for c := range sizeclass.Class(sizeclass.Count) {
		a.releaseSpans(c, a.depots[c].Age(c, all, keep))
		empty, e := a.depots[c].Purge(c, &a.pages, all)
		a.releaseSpans(c, empty)
		err = errors.Join(err, e)
	}
	return err
}

// purgeRetained gives retained pages and large objects back. Those that the kernel refuses
// stay, and are tried again later.
func (a *Allocator) purgeRetained() {
	_, _ = a.pages.Purge(true)
	_, _ = a.large.Purge(true)
}
