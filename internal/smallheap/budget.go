// SPDX-License-Identifier: Apache-2.0

package smallheap

import (
	"sync/atomic"

	"github.com/ashlar-go/ashlar/internal/vm"
)

// A Budget bounds the bytes of the free blocks that Locals cache, of all classes of an allocator
// together:
//
//	one of few Locals  caches about (minCaches + F/fewShare) / caches,  between minFew and maxCache
//	one of many Locals caches about (minCaches + F/manyShare) / caches, between minMany and maxCache
//	a processor's cache holds as much as that of one of few Locals, of blocks that came from Locals
//
// F is the footprint, the bytes that may occupy RAM. Package alloc keeps these bounds (type cacheRoom).
type Budget struct {
	Space  *vm.Space
	Caches atomic.Int32 // caches of processors and Locals
}

const (
	minCaches = 512 << 10
	fewShare  = 2
	manyShare = 6
	minFew    = 1 << 20
	maxCache  = 4 << 20
	minMany   = 32 << 10
)

// CacheBytes returns about how many bytes of free blocks a cache may hold that Locals use. many says
// that it is that of one of many Locals.
func (b *Budget) CacheBytes(many bool) int64 {
	if many {
		return min(max(b.share(manyShare), minMany), maxCache)
	}
	return min(max(b.share(fewShare), minFew), maxCache)
}

// share returns one cache's part of minCaches and a part of the footprint.
func (b *Budget) share(part int64) int64 {
	return (minCaches + b.Space.Footprint.Now()/part) / int64(max(b.Caches.Load(), 1))
}
