// SPDX-License-Identifier: Apache-2.0

package stats

import "time"

// A HeapMap shows the chunks that spans are cut from, page by page: where blocks are,
// and where the holes between them.
type HeapMap struct {
	Time     time.Time
	PageSize int        // bytes of a page
	Chunks   []ChunkMap // by address
	Omitted  int        // chunks beyond those that were asked for
}

// A ChunkMap is one chunk: its pages divided into runs.
type ChunkMap struct {
	Start uintptr   // address of the first page
	Pages int       // Σ Pages of Runs
	Large bool      // a chunk that large objects are carved from
	Runs  []PageRun // from the first page on, without gaps
}

// A PageRun is consecutive pages of a chunk that serve one purpose.
type PageRun struct {
	Use    PageUse
	Pages  int32
	Size   int32 // of a span: bytes of its blocks
	Blocks int32 // of a span: how many it has
	Idle   int32 // of a span: blocks that are free in it; those in caches and depots are not
}

// A PageUse says what pages serve as.
type PageUse uint8

// The uses of pages.
const (
	PageClean PageUse = iota // free, purged or never used: address space only
	PageDirty                // free, and still occupies RAM
	PageSpan                 // a span's
	PageLarge                // a large object's, or on its way from or to a span
)

func (u PageUse) String() string {
	return [...]string{"clean", "dirty", "span", "large"}[u]
}

// Count returns how many pages of the chunk have a use, and the longest run of free
// ones, clean or dirty.
func (c *ChunkMap) Count() (pages [4]int, longestFree int) {
	free := 0
	for _, r := range c.Runs {
		pages[r.Use] += int(r.Pages)
		if r.Use > PageDirty {
			free = 0
			continue
		}
		free += int(r.Pages)
		longestFree = max(longestFree, free)
	}
	return pages, longestFree
}
