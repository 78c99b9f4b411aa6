// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"github.com/ashlar-go/ashlar/internal/metadata"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
)

// Trim gives everything unused back to the kernel now and returns how many bytes
// of RAM that were. It briefly stops the world to reach the caches of all
// processors; blocks cached by Locals stay with them.
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
	a.trimShared()
	return max(before-a.space.Footprint.Now(), 0) + metadata.Purge()
}

// trimShared gives back what is unused outside the caches.
func (a *Allocator) trimShared() {
	for c := range sizeclass.Class(sizeclass.Count) {
		a.releaseSpans(c, a.depots[c].Age(c, true))
	}
	a.purgeRetained()
}

// purgeRetained gives back pages and large objects that are retained. What the kernel
// refuses stays, to be tried again.
func (a *Allocator) purgeRetained() {
	_, _ = a.pages.Purge(true)
	_, _ = a.large.Purge(true)
}
