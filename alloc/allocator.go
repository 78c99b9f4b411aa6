// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"sync"
	"sync/atomic"

	"github.com/ashlar-go/ashlar/internal/arenahost"
	onfault "github.com/ashlar-go/ashlar/internal/fault"
	"github.com/ashlar-go/ashlar/internal/heapprof"
	"github.com/ashlar-go/ashlar/internal/largeheap"
	"github.com/ashlar-go/ashlar/internal/pageheap"
	"github.com/ashlar-go/ashlar/internal/raceannotate"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/smallheap"
	"github.com/ashlar-go/ashlar/internal/vm"
	"github.com/ashlar-go/ashlar/stats/heaptrace"
)

// An Allocator hands out blocks of memory that the garbage collector does not
// see. The zero value is ready for use. All methods are safe for concurrent use,
// and a block may be freed by any goroutine. It must not be copied after first use.
//
// An Allocator that is no longer referenced keeps its memory, for there may be
// pointers into it that nobody can see; Close returns it.
type Allocator struct {
	// Read by every Malloc and Free; written when the first memory is asked for,
	// when a processor is seen that the table has no room for, and when the purger
	// wakes or rests.
	freeOwner uintptr     // whose blocks the fast path of Free takes back: id, or noOwner; atomic
	table     uintptr     // of caches, by slot; atomic, written under mu
	tableLen  uint32      // entries; atomic, written under mu
	awake     atomic.Bool // the purger is on duty
	_         [64 - 2*wordSize - 8]byte

	id       uintptr // identity: Header.Owner of all descriptors; atomic
	backend  backend // plain or checked; written when the first memory is asked for
	options  Options
	start    sync.Once
	gate     gate
	closing  sync.Mutex // held while Close takes everything apart; guards what follows
	reported bool       // Options.Leaks had its report
	mu       sync.Mutex // table, locals, attaching and detaching caches
	locals   locals

	space  vm.Space // the account of all memory but metadata
	pages  pageheap.Heap
	large  largeheap.Heap
	depots [sizeclass.Count]smallheap.Depot
	purger purger

	lowmem lowmem
	warned [warnings]atomic.Bool // what Options.Logger was told

	rate      atomic.Int64                         // bytes between samples; 0: none
	samplerMu sync.Mutex                           // sampler, when it is written
	sampler   sampler                              // of small blocks
	profile   heapprof.Table                       // the samples
	guards    guards                               // guarded blocks
	stuck     struct{ pages, splits atomic.Int64 } // guards of spans that the kernel did not lift; those that split a mapping

	tracing  sync.Mutex                         // recorder, when it is written
	recorder atomic.Pointer[heaptrace.Recorder] // of the trace that is being recorded, or nil

	forget func()             // takes the describer of span guards out
	arenas arenahost.Register // the arenas in this memory
}

// lastID is the identity given out last. Identities are never reused, so that the
// remains of a closed allocator match no other.
var lastID atomic.Uintptr

// noOwner is the identity of no allocator.
const noOwner = ^uintptr(0)

// freesFast reports whether the fast path of Free takes blocks back.
func (a *Allocator) freesFast() bool { return atomic.LoadUintptr(&a.freeOwner) != noOwner }

// NewAllocator returns an Allocator with the given options.
func NewAllocator(o Options) (*Allocator, error) {
	if err := o.check("NewAllocator"); err != nil {
		return nil, err
	}
	a := &Allocator{options: o}
	a.init()
	return a, nil
}

var defaultAllocator Allocator

// Default returns the process' shared Allocator. Its options are those that the environment
// variable ASHLAR sets, and otherwise the defaults.
func Default() *Allocator { return &defaultAllocator }

// init gives the allocator its identity, once.
func (a *Allocator) init() {
	if atomic.LoadUintptr(&a.id) != 0 {
		return
	}
	a.start.Do(func() {
		clearEmptyCache.Do(func() { clearCache(emptyCache()) })
		id := lastID.Add(1)
		allocators.set(id, a)
		a.space.SetLimit(a.options.Limit)
		a.space.Unwatched = a.options.AddressesAsNumbers
		a.pages.Init(&a.space)
		a.large.Init(&a.space, id, a.options.Large)
		a.backend = newBackend(a)
		a.guards.rate.Store(int64(a.options.GuardRate))
		a.setRate(a.options.profileRate())
		if a.options.Hardening.SpanGuards {
			a.forget = onfault.Register(a.describeSpanGuard)
		}
		atomic.StoreUintptr(&a.freeOwner, a.backend.owner(id))
		atomic.StoreUintptr(&a.id, id)
	})
}

// SetLimit changes Options.Limit; 0 removes it. What is above a new limit stays,
// but further allocations fail until enough was freed. A negative n is an error, and so
// is a closed Allocator, by ErrClosed.
func (a *Allocator) SetLimit(n int64) error {
	if err := (&Options{Limit: n}).check("SetLimit"); err != nil {
		return err
	}
	a.init()
	a.space.SetLimit(n)
	if a.gate.closed.Load() {
		return &Error{Op: "SetLimit", Size: int(n), Err: ErrClosed}
	}
	return nil
}

// addSpan gets pages for a span of class c and fills the empty magazine m from it.
func (a *Allocator) addSpan(c sizeclass.Class, m uintptr) error {
	pages := a.spanPages(c)
	base, clean, err := a.pages.Alloc(pages)
	if err != nil {
		return err
	}
	raceannotate.Reshape()
	s, err := smallheap.NewSpan(a.id, c, base, clean)
	if err != nil {
		a.pages.Free(base, pages)
		return err
	}
	if err = a.guardSpan(s, c); err != nil {
		smallheap.FreeSpan(c, s)
		a.pages.Free(base, pages) // of which none is guarded
		return err
	}
	if err = a.depots[c].AddSpan(s, m); err != nil {
		split := smallheap.SpanAt(s).Split
		smallheap.FreeSpan(c, s)
		a.openSpan(base, pages, split)
	}
	return err
}

// releaseSpans gives the pages of wholly idle spans back to the page heap.
func (a *Allocator) releaseSpans(c sizeclass.Class, empty smallheap.Spans) {
	for s := empty.First(); s != 0; {
		base, split, next := smallheap.SpanAt(s).Base, smallheap.SpanAt(s).Split, smallheap.Next(s)
		smallheap.FreeSpan(c, s)
		a.openSpan(base, a.spanPages(c), split)
		s = next
	}
	if empty.First() != 0 {
		a.wake()
	}
}
