// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"github.com/ashlar-go/ashlar/internal/arenahost"
	"github.com/ashlar-go/ashlar/internal/heapprof"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// host is an Allocator as its arenas see it.
type host Allocator

func init() {
	arenahost.HostOf = func(allocator any) arenahost.Host { return (*host)(allocator.(*Allocator)) }
}

// Obtain implements arenahost.Host.
func (t *host) Obtain(size, align int) (addr uintptr, zeroed bool, err error) {
	a := (*Allocator)(t)
	return a.allocate((*processors)(t), opArena, size, align, false, alignedEvent(align, size))
}

// opArena is the operation for which arenas obtain memory.
const opArena = "Arena"

// kindFor returns what a heap profile calls a block that op allocates: other, unless
// it is an arena's chunk.
func kindFor(op string, other heapprof.Kind) heapprof.Kind {
	if op == opArena {
		return heapprof.Arena
	}
	return other
}

// What Malloc aligns blocks and large objects to, in bytes.
const (
	minAlign   = 16
	largeAlign = 64
)

// Release implements arenahost.Host. Close takes back what is not released before it.
func (t *host) Release(addr uintptr) {
	a := (*Allocator)(t)
	if s := a.gate.enter(); s != nil {
		defer s.leave()
		a.free((*processors)(t), "Free", addr)
	}
}

// AdviseHuge implements arenahost.Host.
func (t *host) AdviseHuge(addr, size uintptr) {
	(*Allocator)(t).warnSmallPages(t.space.Advise(addr, size, vm.HugePage))
}

// Unguarded implements arenahost.Host.
func (t *host) Unguarded(err error) { (*Allocator)(t).warnUnguarded(err) }

// Space implements arenahost.Host.
func (t *host) Space() *vm.Space { return &t.space }

// Register implements arenahost.Host.
func (t *host) Register() *arenahost.Register { return &t.arenas }
