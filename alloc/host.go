// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"github.com/ashlar-go/ashlar/internal/arenahost"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// host is an Allocator in the role of an arena host: it gives memory to arenas.
type host Allocator

func init() {
	arenahost.HostOf = func(allocator any) arenahost.Host { return (*host)(allocator.(*Allocator)) }
}

// Obtain implements arenahost.Host.
func (t *host) Obtain(size, align int, trim bool) (addr uintptr, zeroed bool, err error) {
	a := (*Allocator)(t)
	try := func() (err error) {
		addr, zeroed, err = a.request((*processors)(t), opArena, size, align, false)
		if err == nil && a.recorder.Load() != nil {
			a.recordNew(addr, opArena.event(size, align))
		}
		return err
	}
	if trim {
		err = a.inside(func() error { return a.makeRoom(size, try(), try) })
	} else {
		err = a.inside(try)
	}
	return addr, zeroed, err
}

// AtLimit implements arenahost.Host.
func (t *host) AtLimit(size, rounds int) bool { return (*Allocator)(t).nextRound(size, rounds) }

// Obtained implements arenahost.Host.
func (t *host) Obtained(size int, err error) {
	a := (*Allocator)(t)
	a.warnRefused(size, err)
	if size >= sizeclass.LargeMin {
		a.warnMany()
	}
}

// Malloc returns blocks at multiples of minAlign bytes and large objects at multiples of
// largeAlign bytes.
const (
	minAlign   = 16
	largeAlign = 64
)

// Release implements arenahost.Host. Close takes back the memory that arenas have not released
// before Close.
func (t *host) Release(addr uintptr) {
	a := (*Allocator)(t)
	if a.gate.enter() {
		defer a.gate.leave()
		a.free((*processors)(t), opFree, addr)
	}
}

// AdvisedHuge implements arenahost.Host.
func (t *host) AdvisedHuge(err error) { (*Allocator)(t).warnSmallPages(err) }

// Unguarded implements arenahost.Host.
func (t *host) Unguarded(err error) { (*Allocator)(t).warnUnguarded(err) }

// Space implements arenahost.Host.
func (t *host) Space() *vm.Space { return &t.space }

// Register implements arenahost.Host.
func (t *host) Register() *arenahost.Register { return &t.arenas }
