// SPDX-License-Identifier: Apache-2.0

package alloc

import "github.com/ashlar-go/ashlar/internal/pageheap"

// HugePages says for which memory an Allocator uses transparent huge pages, 2 MiB on most systems.
type HugePages uint8

// The values of Options.HugePages.
const (
	HugePagesOff   HugePages = iota // small pages; the default
	HugePagesDense                  // chunks of small blocks that are dense and old, or begun while the others are dense
	HugePagesAll                    // all chunks of small blocks that are not sparse, and large objects
)

func (h HugePages) String() string {
	switch h {
	case HugePagesOff:
		return "off"
	case HugePagesDense:
		return "dense"
	case HugePagesAll:
		return "all"
	}
	return "unknown setting"
}

// useHugePages tells the heaps which pages to use. Where the system allows none, they use small
// pages.
func (a *Allocator) useHugePages() {
	if a.options.HugePages == HugePagesOff || noHugePages() {
		return
	}
	if a.options.HugePages == HugePagesDense {
		a.pages.UseHuge(pageheap.HugeDense)
		return
	}
	a.pages.UseHuge(pageheap.HugeAll)
	a.large.UseHuge()
}

// warnNoHugePages warns if Options.HugePages asks for huge pages and the kernel gives none.
func (a *Allocator) warnNoHugePages() {
	if a.options.HugePages != HugePagesOff {
		a.warnSmallPages(a.pages.HugeRefusal())
	}
}
