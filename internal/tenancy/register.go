// SPDX-License-Identifier: Apache-2.0

package tenancy

import (
	"cmp"
	"slices"
	"sync"

	"github.com/ashlar-go/ashlar/stats"
)

// A Tenant is an arena, or what else takes memory from an allocator in chunks to
// divide it further.
type Tenant interface {
	// Stats returns the tenant's numbers. It may be called by any goroutine.
	Stats() stats.Arena

	// HostClosed tells that the allocator was closed: its memory is gone.
	HostClosed()
}

// A Register is an allocator's list of tenants. The zero value is empty. It is safe
// for concurrent use.
type Register struct {
	mu      sync.Mutex
	entries []*Entry // entries[i].at = i
	dropped []stats.DroppedArenas
	onClose []func()
}

// An Entry is a tenant's place in a Register. It is part of the tenant.
type Entry struct {
	tenant Tenant
	at     int // index in Register.entries; guarded by its mutex
}

// mostPlaces is how many places with dropped arenas are told apart.
const mostPlaces = 32

// elsewhere stands for the places beyond mostPlaces.
const elsewhere = "(other places)"

// Add enters a tenant, by the entry e.
func (r *Register) Add(e *Entry, t Tenant) {
	r.mu.Lock()
	e.tenant, e.at = t, len(r.entries)
	r.entries = append(r.entries, e)
	r.mu.Unlock()
}

// Remove takes an entry out.
func (r *Register) Remove(e *Entry) {
	r.mu.Lock()
	last := len(r.entries) - 1
	r.entries[e.at] = r.entries[last]
	r.entries[e.at].at = e.at
	r.entries[last] = nil
	r.entries = r.entries[:last]
	r.mu.Unlock()
}

// Drop takes out an entry whose tenant, with so many reserved bytes, was dropped
// by the program without being freed, and notes where the tenant was made.
func (r *Register) Drop(e *Entry, made string, reserved int64) {
	r.Remove(e)
	r.mu.Lock()
	defer r.mu.Unlock()
	i := r.place(made)
	if i < 0 && len(r.dropped) >= mostPlaces {
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

// OnClose has f called when the allocator is closed.
func (r *Register) OnClose(f func()) {
	r.mu.Lock()
	r.onClose = append(r.onClose, f)
	r.mu.Unlock()
}

// Close tells everybody that the allocator is being closed.
func (r *Register) Close() {
	r.mu.Lock()
	calls := r.onClose
	r.onClose = nil
	r.mu.Unlock()
	for _, f := range calls {
		f()
	}
	for _, t := range r.tenants() {
		t.HostClosed()
	}
}

// tenants returns all tenants.
func (r *Register) tenants() []Tenant {
	r.mu.Lock()
	defer r.mu.Unlock()
	tenants := make([]Tenant, len(r.entries))
	for i, e := range r.entries {
		tenants[i] = e.tenant
	}
	return tenants
}

func (r *Register) place(made string) int {
	return slices.IndexFunc(r.dropped, func(d stats.DroppedArenas) bool { return d.Made == made })
}

// Stats returns the numbers of all tenants, in the order of their making, and of
// the dropped ones.
func (r *Register) Stats() ([]stats.Arena, []stats.DroppedArenas) {
	var arenas []stats.Arena
	for _, t := range r.tenants() {
		arenas = append(arenas, t.Stats())
	}
	slices.SortFunc(arenas, func(a, b stats.Arena) int { return cmp.Compare(a.ID, b.ID) })
	r.mu.Lock()
	defer r.mu.Unlock()
	return arenas, slices.Clone(r.dropped)
}
