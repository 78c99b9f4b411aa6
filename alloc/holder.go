// SPDX-License-Identifier: Apache-2.0

package alloc

import "github.com/ashlar-go/ashlar/internal/percpu"

// A holder lends the cache that an operation works on, on the slow paths; the
// fast ones are written out for each kind of cache.
type holder interface {
	// begin begins an operation, end ends it.
	begin(op operation)
	end()

	// acquire returns a cache that is the caller's alone until release.
	acquire() (cache uintptr, id int, err error)
	release(id int)
}

// processors is an Allocator as the holder of its processors' caches.
type processors Allocator

func (p *processors) begin(operation) {}
func (p *processors) end()            {}

func (p *processors) acquire() (cache uintptr, id int, err error) {
	a := (*Allocator)(p)
	a.init()
	for {
		id := percpu.Pin()
		if a.hasCache(id) {
			if cache := a.cacheOf(id); cache != emptyCache() {
				return cache, id, nil
			}
		}
		percpu.Unpin(id)
		if err := a.attach(id); err != nil {
			return 0, 0, err
		}
		a.wake()
	}
}

func (p *processors) release(id int) { percpu.Unpin(id) }
