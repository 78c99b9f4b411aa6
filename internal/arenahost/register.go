// SPDX-License-Identifier: Apache-2.0

package arenahost

import (
	"cmp"
	"slices"

	"github.com/ashlar-go/ashlar/internal/interleave"
	"github.com/ashlar-go/ashlar/stats"
)

// An Arena takes chunks of memory from an allocator and divides them further.
type Arena interface {
	// Stats returns the arena's numbers. Any goroutine may call it.
	Stats() stats.Arena

	// HostClosed records that the allocator is closed and the arena's memory is gone.
	HostClosed()
}

// A Register is an allocator's list of its arenas. The zero value is an empty list. It
// is safe for concurrent use.
type Register struct {
	mu      interleave.Mutex
	entries []*Entry // entries[i].at = i
	dropped []stats.DroppedArenas
	onClose []func()
}

// An Entry is an arena's position in a Register. It is a field of the arena.
type Entry struct {
	arena Arena
	at    int // index in Register.entries; protected by Register.mu
}

// maxPlaces is the number of call sites for which dropped arenas are counted apart.
const maxPlaces = 32

// elsewhere stands for all call sites after the first maxPlaces.
const elsewhere = "(other places)"

// Add adds the arena a to the list. e is the arena's own entry.
func (r *Register) Add(e *Entry, a Arena) {
	r.mu.Lock()
	e.arena, e.at = a, len(r.entries)
	r.entries = append(r.entries, e)
	r.mu.Unlock()
}

// Remove removes an entry from the list.
func (r *Register) Remove(e *Entry) {
	r.mu.Lock()
	last := len(r.entries) - 1
	r.entries[e.at] = r.entries[last]
	r.entries[e.at].at = e.at
	r.entries[last] = nil
	r.entries = r.entries[:last]
	r.mu.Unlock()
}

// Drop removes the entry of an arena that the program lost without freeing it. It
// counts the arena and its reserved bytes under made, the call site that made the arena.
func (r *Register) Drop(e *Entry, made string, reserved int64) {
	r.Remove(e)
	r.mu.Lock()
	defer r.mu.Unlock()
	i := r.place(made)
	if i < 0 && len(r.dropped) >= maxPlaces {
		made = elsewhere
		i = r.place(made)
	}
	if i < 0 {
		i = len(r.dropped)
		r.dropped = append(r.dropped, stats.DroppedArenas{Made: made})
	}
	r.dropped[i].Arenas++
	r.dropped[i].Bytes += reserved
}

// OnClose makes Close call f.
func (r *Register) OnClose(f func()) {
	r.mu.Lock()
	r.onClose = append(r.onClose, f)
	r.mu.Unlock()
}

// Close calls HostClosed of every arena, then the functions of OnClose.
func (r *Register) Close() {
	for _, a := range r.arenas() {
		a.HostClosed()
	}
	r.mu.Lock()
	calls := r.onClose
	r.onClose = nil
	r.mu.Unlock()
	for _, f := range calls {
		f()
	}
}

// arenas returns all arenas.
func (r *Register) arenas() []Arena {
	r.mu.Lock()
	defer r.mu.Unlock()
	arenas := make([]Arena, len(r.entries))
	for i, e := range r.entries {
		arenas[i] = e.arena
	}
	return arenas
}

// place returns the index of the call site made in dropped, -1 if it is not there.
func (r *Register) place(made string) int {
	return slices.IndexFunc(r.dropped, func(d stats.DroppedArenas) bool { return d.Made == made })
}

// Stats returns the numbers of all live arenas, the oldest first, and the counts of
// dropped arenas by call site.
func (r *Register) Stats() ([]stats.Arena, []stats.DroppedArenas) {
	var arenas []stats.Arena
	for _, a := range r.arenas() {
		arenas = append(arenas, a.Stats())
	}
	slices.SortFunc(arenas, func(a, b stats.Arena) int { return cmp.Compare(a.ID, b.ID) })
	r.mu.Lock()
	defer r.mu.Unlock()
	return arenas, slices.Clone(r.dropped)
}
