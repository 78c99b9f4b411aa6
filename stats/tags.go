// SPDX-License-Identifier: Apache-2.0

package stats

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// A Tag contains the numbers of the blocks that were allocated by one alloc.Tag. The
// blocks are those of the allocator, so other numbers of the snapshot count them, too.
type Tag struct {
	Name   string
	Blocks int64 // live
	Bytes  int64 // requested, in live blocks; above 1 KiB rounded up by at most 127 bytes
}

// Label returns the name as valid UTF-8.
func (t *Tag) Label() string { return strings.ToValidUTF8(t.Name, "?") }

// LostBlocks counts the blocks that were attached to Go objects at one call site
// (alloc.Attach) and whose objects the program lost without freeing the blocks. The garbage
// collector found the objects, and the blocks were freed.
type LostBlocks struct {
	Made   string // the call site: function and file:line
	Blocks int64
	Bytes  int64 // requested
}

// subTags returns the change of each tag in now.
func subTags(now, before []Tag) []Tag {
	d := slices.Clone(now)
	for i := range d {
		for _, b := range before {
			if b.Name == d[i].Name {
				d[i].Blocks -= b.Blocks
				d[i].Bytes -= b.Bytes
			}
		}
	}
	return d
}

// subLost is subTags for lost blocks.
func subLost(now, before []LostBlocks) []LostBlocks {
	d := slices.Clone(now)
	for i := range d {
		for _, b := range before {
			if b.Made == d[i].Made {
				d[i].Blocks -= b.Blocks
				d[i].Bytes -= b.Bytes
			}
		}
	}
	return d
}

// writeTags writes one row for each tag, the one with the most bytes first, and one line
// for each call site with lost blocks.
func (s *Snapshot) writeTags(b *bytes.Buffer) {
	if len(s.Tags) > 0 {
		fmt.Fprintf(b, "\n%-24s%12s%12s\n", "tag", "blocks", "bytes")
		largest := slices.Clone(s.Tags)
		slices.SortStableFunc(largest, func(t, u Tag) int { return cmp.Compare(u.Bytes, t.Bytes) })
		for _, t := range largest {
			fmt.Fprintf(b, "%-24s%12d%12s\n", t.Name, t.Blocks, Bytes(t.Bytes))
		}
	}
	for _, l := range s.Lost {
		fmt.Fprintf(b, "%d blocks of %s were freed because the program lost their owners; they were attached at %s\n", l.Blocks, Bytes(l.Bytes), l.Made)
	}
}
