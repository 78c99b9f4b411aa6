// SPDX-License-Identifier: Apache-2.0

package smallheap

import "github.com/ashlar-go/ashlar/internal/sizeclass"

// A cache has a row of class caches. Class cache c hands out the blocks of class c. It also takes
// them back, unless they are smaller than a cache line: those go to class cache PutRow(c), behind
// the others.
//
//	row       0 │ 1 │ 2 │ 3 │ … │ Count−1 │ Count │ Count+1 │ Count+2
//	hands out A   B   C   D   …             –       –         –
//	takes back –  –   –   D   …             A       B         C
//
// Otherwise the block that was freed last would be handed out next, beside its old neighbours in
// the cache line. If another processor allocated the block, it still uses these neighbours, and
// each write of one processor would take the line from the other (passive false sharing: Berger
// and others, "Hoard", ASPLOS 2000). Now as many blocks as a magazine holds are handed out before
// the freed one. When the class cache that hands out is empty, it takes the magazine over
// (ClassCache.TakeOver), without the depot.
const (
	Rows = sizeclass.Count + subLine // class caches in a cache

	subLine = 3 // classes of blocks that are smaller than a cache line of 64 bytes
)

// PutRow returns the number of the class cache that takes the blocks of class c back.
func PutRow(c sizeclass.Class) sizeclass.Class {
	if c < subLine {
		return sizeclass.Count + c
	}
	return c
}

// takeOverPart is the part of its room that a magazine must have filled to be taken over. With
// fewer blocks, a program would take them over at nearly every allocation.
const takeOverPart = 4

// TakeOver loads the blocks that p, the class cache that takes blocks of this class back, has
// most of: its previous magazine if that has blocks, otherwise the loaded one if enough of it is
// filled. If all is set, a single block is enough. The class cache must be Empty.
func (r *ClassCache) TakeOver(p *ClassCache, all bool) {
	if m := p.previous; m != 0 && magazineAt(m).n > 0 {
		p.previous = r.loaded()
		r.load(m)
		return
	}
	filled := p.top - p.bottom
	if filled == 0 || p.Torn() || !all && filled < (p.limit-p.bottom)/takeOverPart {
		return
	}
	r.top, p.top = p.top, r.top
	r.bottom, p.bottom = p.bottom, r.bottom
	r.limit, p.limit = p.limit, r.limit
}
