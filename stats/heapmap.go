// SPDX-License-Identifier: Apache-2.0

package stats

import "time"

// A HeapMap shows the chunks that spans are cut from, page by page. It shows which pages
// hold blocks and where the free pages between them are.
type HeapMap struct {
	Time     time.Time
	PageSize int        // bytes
	Chunks   []ChunkMap // in order of address
	Omitted  int        // number of chunks beyond those requested
}

// A ChunkMap is one chunk, divided into runs of pages.
type ChunkMap struct {
	Start uintptr   // address of the first page
	Pages int       // Σ Pages of Runs
	Large bool      // whether large objects are carved from the chunk
	Runs  []PageRun // in order of address, without gaps
}

// A PageRun is a number of consecutive pages of a chunk with the same use.
type PageRun struct {
	Use    PageUse
	Pages  int32
	Size   int32 // of a span: bytes of a block
	Blocks int32 // of a span: number of blocks
	Idle   int32 // of a span: free blocks in the span, without those in caches and depots
	Purged int32 // of a span: bytes of its pages that were given back to the kernel
}

// A PageUse is the use of a page.
type PageUse uint8

// The uses of pages.
const (
	PageClean PageUse = iota // free, and purged or never used: occupies no RAM
	PageDirty                // free, and still occupies RAM
	PageSpan                 // part of a span
	PageLarge                // part of a large object, or on its way from or to a span
)

func (u PageUse) String() string {
	return [...]string{"clean", "dirty", "span", "large"}[u]
}

// Count returns the number of pages for each use, and the length in pages of the longest
// run of free pages, clean or dirty.
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
