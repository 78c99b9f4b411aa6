// SPDX-License-Identifier: Apache-2.0

package stats

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Arena contains the numbers of one arena, in bytes unless stated otherwise. An arena's
// memory consists of live blocks of its allocator, so the allocator counts it, too.
//
//	Used + Free + Waste = Reserved
type Arena struct {
	ID         int64 // identity; a later arena has a higher number
	Name       string
	Made       string // the call site that made the arena: function and file:line
	Concurrent bool

	Reserved    int64 // taken from the allocator
	Used        int64 // allocated since the last Reset
	Free        int64 // not yet allocated
	Waste       int64 // lost to alignment and at the ends of chunks
	Quarantined int64 // inaccessible, from before earlier Resets; not part of Reserved
	HighWater   int64 // the highest value of Used so far
	Chunks      int64 // number of the allocator's blocks that the arena consists of
	Resets      int64
}

// DroppedArenas counts the arenas from one call site that the program lost without
// freeing them. The garbage collector found them, and their memory was released.
type DroppedArenas struct {
	Made   string // the call site: function and file:line
	Arenas int64
	Bytes  int64 // their Reserved
}

// Label returns the arena's name, or the call site that made it if it has no name.
func (a *Arena) Label() string { return strings.ToValidUTF8(cmp.Or(a.Name, a.Made), "?") }

// An ArenaGroup combines all arenas with the same Label. The numbers are sums, and the
// other fields are those of the first arena.
type ArenaGroup struct {
	Arena
	Count int64 // number of arenas
}

// ArenaGroups returns the arenas grouped by Label, the group with the most reserved bytes
// first.
func (s *Snapshot) ArenaGroups() (groups []ArenaGroup) {
	index := map[string]int{}
	for i := range s.Arenas {
		label := s.Arenas[i].Label()
		at, found := index[label]
		if !found {
			at = len(groups)
			index[label] = at
			groups = append(groups, ArenaGroup{Arena: Arena{Name: s.Arenas[i].Name, Made: s.Arenas[i].Made, ID: s.Arenas[i].ID, Concurrent: s.Arenas[i].Concurrent}})
		}
		groups[at].Count++
		groups[at].add(&s.Arenas[i])
	}
	slices.SortStableFunc(groups, func(g, h ArenaGroup) int { return cmp.Compare(h.Reserved, g.Reserved) })
	return groups
}

// add adds the numbers of b to those of a.
func (a *Arena) add(b *Arena) {
	for i, n := range b.numbers() {
		*a.numbers()[i] += *n
	}
	a.HighWater += b.HighWater
}

// numbers returns the numbers that Sub subtracts.
func (a *Arena) numbers() []*int64 {
	return []*int64{&a.Reserved, &a.Used, &a.Free, &a.Waste, &a.Quarantined, &a.Chunks, &a.Resets}
}

// subArenas returns the change of each arena in now. For an arena that is not in before,
// the change is its numbers. An arena that is only in before is left out.
func subArenas(now, before []Arena) []Arena {
	was := map[int64]*Arena{}
	for i := range before {
		was[before[i].ID] = &before[i]
	}
	d := slices.Clone(now)
	for i := range d {
		if b := was[d[i].ID]; b != nil {
			subtract(d[i].numbers(), b.numbers())
		}
	}
	return d
}

// subDropped is subArenas for dropped arenas. A call site never leaves the list.
func subDropped(now, before []DroppedArenas) []DroppedArenas {
	d := slices.Clone(now)
	for i := range d {
		for _, b := range before {
			if b.Made == d[i].Made {
				d[i].Arenas -= b.Arenas
				d[i].Bytes -= b.Bytes
			}
		}
	}
	return d
}

// maxArenas is the number of arenas that the text lists one by one.
const maxArenas = 20

// writeArenas writes one row for each of the largest arenas, and one row for all others.
func (s *Snapshot) writeArenas(b *bytes.Buffer) {
	if len(s.Arenas) > 0 {
		fmt.Fprintf(b, "\n%-24s%12s%12s%12s%12s%12s%8s%10s  %s\n",
			"arena", "used", "free", "waste", "reserved", "high water", "chunks", "resets", "made")
		largest := slices.Clone(s.Arenas)
		slices.SortStableFunc(largest, func(a, b Arena) int { return cmp.Compare(b.Reserved, a.Reserved) })
		shown := min(len(largest), maxArenas)
		for i := range largest[:shown] {
			largest[i].writeRow(b)
		}
		if rest := largest[shown:]; len(rest) > 0 {
			sum := Arena{Name: fmt.Sprintf("(%d more)", len(rest))}
			for i := range rest {
				sum.add(&rest[i])
			}
			sum.writeRow(b)
		}
	}
	for _, d := range s.Dropped {
		fmt.Fprintf(b, "%d arenas with %s were dropped without Free; they were made at %s\n", d.Arenas, Bytes(d.Bytes), d.Made)
	}
}

func (a *Arena) writeRow(b *bytes.Buffer) {
	name := a.Name
	if name == "" {
		name = fmt.Sprintf("#%d", a.ID)
	}
	if a.Concurrent {
		name += " (concurrent)"
	}
	fmt.Fprintf(b, "%-24s%12s%12s%12s%12s%12s%8d%10d  %s\n", name, Bytes(a.Used), Bytes(a.Free), Bytes(a.Waste),
		Bytes(a.Reserved), Bytes(a.HighWater), a.Chunks, a.Resets, a.Made)
	if a.Quarantined != 0 {
		fmt.Fprintf(b, "%-24s%12s in quarantine\n", "", Bytes(a.Quarantined))
	}
}
