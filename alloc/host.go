package alloc

import (
	"github.com/ashlar-go/ashlar/internal/heapprof"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/tenancy"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// host is an Allocator as its arenas see it.
type host Allocator

func init() {
	tenancy.HostOf = func(allocator any) tenancy.Host { return (*host)(allocator.(*Allocator)) }
}

// Obtain implements tenancy.Host.
func (t *host) Obtain(size, align int) (addr uintptr, zeroed bool, err error) {
	a := (*Allocator)(t)
	addr, zeroed, err = a.request((*processors)(t), opArena, size, align, false)
	if err == nil {
		a.recordAligned(addr, align, size)
	}
	return addr, zeroed, err
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

// Release implements tenancy.Host.
func (t *host) Release(addr uintptr) { (*Allocator)(t).Free(raw.Pointer(addr)) }

// AdviseHuge implements tenancy.Host.
func (t *host) AdviseHuge(addr, size uintptr) {
	(*Allocator)(t).warnSmallPages(t.space.Advise(addr, size, vm.HugePage))
}

// Space implements tenancy.Host.
func (t *host) Space() *vm.Space { return &t.space }

// Register implements tenancy.Host.
func (t *host) Register() *tenancy.Register { return &t.tenants }
