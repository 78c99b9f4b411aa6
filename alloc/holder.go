// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/percpu"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
)

// A holder lends a cache to an operation on a slow path. The fast paths do not use holders:
// each kind of cache has fast paths of its own.
type holder interface {
	// A slow path calls begin when an operation begins and end when the operation ends.
	begin(op operation)
	end()

	// acquire returns a cache that only the caller uses until it calls release with id.
	acquire() (cache uintptr, id int, err error)
	release(id int)

	// takeBatch and putBatch are the fast paths of batches. takeBatch does what
	// ClassCache.TakeBatch does. putBatch frees blocks from the first one on, as Free's fast path
	// does. It returns the number of blocks that it freed.
	takeBatch(cc sizeclass.ClassCode, out []unsafe.Pointer) (n int, used uint32)
	putBatch(blocks []unsafe.Pointer) (n int)
}

// processors is an Allocator in the role of a holder. It lends the caches of the processors.
type processors Allocator

func (p *processors) begin(operation) {}
func (p *processors) end()            {}

func (p *processors) acquire() (cache uintptr, id int, err error) {
	a := (*Allocator)(p)
	for {
		id := percpu.Pin()
		if a.hasCache(id) {
			if cache := a.cacheOf(id); cache != emptyCache() {
				return cache, id, nil
			}
		}
		processor := thisProcessor()
		percpu.Unpin(id)
		if err := a.attach(id, processor); err != nil {
			return 0, 0, err
		}
		a.wake()
	}
}

func (p *processors) release(id int) { percpu.Unpin(id) }
