// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"sync"
	"sync/atomic"

	"github.com/ashlar-go/ashlar/internal/arenahost"
	onfault "github.com/ashlar-go/ashlar/internal/fault"
	"github.com/ashlar-go/ashlar/internal/heapprof"
	"github.com/ashlar-go/ashlar/internal/interleave"
	"github.com/ashlar-go/ashlar/internal/largeheap"
	"github.com/ashlar-go/ashlar/internal/pageheap"
	"github.com/ashlar-go/ashlar/internal/percpu"
	"github.com/ashlar-go/ashlar/internal/raceannotate"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/smallheap"
	"github.com/ashlar-go/ashlar/internal/vm"
	"github.com/ashlar-go/ashlar/stats/heaptrace"
)

// An Allocator allocates blocks of memory that the garbage collector does not see. The zero
// value is ready for use. All methods are safe for concurrent use, and any goroutine may free
// a block. An Allocator must not be copied after first use.
//
// An unreferenced Allocator leaks its memory, because pointers to its blocks may exist that
// the garbage collector does not see. Close returns the memory.
type Allocator struct {
	// Every Malloc and Free reads these fields. They are written on first use, when
	// a processor appears for which the table has no room, and when the purger wakes or rests.
	freeOwner uintptr     // owner of the blocks that Free's fast path frees: id or noOwner; atomic
	table     uintptr     // address of the table of caches, by slot; atomic, written under mu
	tableLen  uint32      // entries in table; atomic, written under mu
	awake     atomic.Bool // the purger is awake
	_         [64 - 2*wordSize - 8]byte

	routes routes // the caches of the table by the addresses of processors; written under mu

	id       uintptr // identity: Header.Owner of all descriptors; atomic
	backend  backend // plain or checked; written on first use
	options  Options
	start    sync.Once
	gate     gate
	closing  interleave.Mutex // held while Close releases everything; guards reported
	reported bool             // Close has taken the report for Options.Leaks
	mu       interleave.Mutex // guards table, routes, leaving, left, locals, attaching and detaching caches
	leaving  []uintptr        // caches removed from the table, perhaps still in use
	left     percpu.Moment    // when the last cache in leaving was removed
	locals   locals

	space  vm.Space // accounts for all memory except metadata
	pages  pageheap.Heap
	large  largeheap.Heap
	depots [sizeclass.Count]smallheap.Depot
	budget smallheap.Budget
	purger purger

	lowmem lowmem
	warned [warnings]atomic.Bool // the warnings already sent to Options.Logger

	rate      atomic.Int64     // bytes between samples; 0: no sampling
	samplerMu interleave.Mutex // held to write sampler
	sampler   sampler          // samples small blocks
	profile   heapprof.Table   // the samples
	guardPool guardPool        // guarded blocks
	// lostGuards counts the guard pages of spans that the kernel did not make accessible again, and
	// how many of them split a mapping.
	lostGuards struct{ pages, splits atomic.Int64 }

	tracing  interleave.Mutex                   // held to write recorder
	recorder atomic.Pointer[heaptrace.Recorder] // recorder of the trace in progress, or nil

	tags   tags               // counts by purpose
	lost   lostBlocks         // attached blocks whose owners were lost
	forget func()             // unregisters describeSpanGuard from package fault
	arenas arenahost.Register // the arenas in this memory
}

// lastID is the last identity assigned. Identities are never reused, so leftovers of a closed
// allocator match no other.
var lastID atomic.Uintptr

// noOwner is the identity of no allocator.
const noOwner = ^uintptr(0)

// freesFast reports whether the fast path of Free takes blocks back.
func (a *Allocator) freesFast() bool { return atomic.LoadUintptr(&a.freeOwner) != noOwner }

// NewAllocator returns an Allocator with the given options. The error wraps ErrInvalidOption
// and names the first option with an invalid value.
func NewAllocator(o Options) (*Allocator, error) {
	if err := o.check("NewAllocator"); err != nil {
		return nil, err
	}
	a := &Allocator{options: o}
	a.init()
	a.warnNoHugePages()
	return a, nil
}

var defaultAllocator Allocator

// Default returns the Allocator that the whole process shares. Its options are the defaults,
// except those that the environment variable ASHLAR sets.
func Default() *Allocator { return &defaultAllocator }

// init gives the allocator its identity, once.
func (a *Allocator) init() {
	if atomic.LoadUintptr(&a.id) == 0 {
		a.initOnce()
	}
}

func (a *Allocator) initOnce() {
	a.start.Do(func() {
		clearEmptyCache.Do(func() { clearCache(emptyCache()) })
		id := lastID.Add(1)
		allocators.set(id, a)
		a.space.SetLimit(a.options.Limit)
		a.space.Unannotated = a.options.AddressesAsNumbers
		a.pages.Init(&a.space)
		a.large.Init(&a.space, id, a.options.Large)
		a.budget.Space = &a.space
		a.useHugePages()
		if a.options.Hardening.ZeroOnFree {
			a.large.WipeMoved()
		}
		a.backend = newBackend(a)
		a.guardPool.rate.Store(int64(a.options.GuardRate))
		a.setRate(a.options.profileRate())
		if a.options.Hardening.SpanGuards {
			a.forget = onfault.Register(a.describeSpanGuard)
		}
		atomic.StoreUintptr(&a.freeOwner, a.backend.owner(id))
		atomic.StoreUintptr(&a.id, id)
	})
}

// SetLimit changes Options.Limit to n bytes; 0 removes the limit. If more memory than n is in
// use, it stays, and allocations fail until enough is freed. The error wraps ErrInvalidOption
// if n is negative, or ErrClosed.
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

// addSpans adds new spans to the depot of class c and fills the empty magazine m from them.
func (a *Allocator) addSpans(c sizeclass.Class, m uintptr) error {
	var added smallheap.Spans
	for smallheap.NeedsSpan(c, m) {
		s, err := a.newSpan(c)
		if err != nil && !smallheap.HasBlocks(m) {
			return err
		}
		if err != nil {
			break
		}
		added.Fill(s, m)
	}
	err := a.depots[c].AddSpans(added, m)
	if err != nil {
		a.releaseSpans(c, added)
	}
	return err
}

// newSpan returns a span of class c with pages of its own.
func (a *Allocator) newSpan(c sizeclass.Class) (uintptr, error) {
	pages := a.spanPages(c)
	base, clean, err := a.pages.Alloc(pages)
	if err != nil {
		return 0, err
	}
	if a.options.HugePages != HugePagesOff {
		a.wake() // the purger finds the chunks that became dense
	}
	raceannotate.Reshape()
	s, err := smallheap.NewSpan(a.id, c, base, clean)
	if err != nil {
		a.pages.Free(base, pages)
		return 0, err
	}
	if err = a.guardSpan(s, c); err != nil {
		smallheap.FreeSpan(c, s)
		a.pages.Free(base, pages) // none of the pages is guarded
		return 0, err
	}
	return s, nil
}

// releaseSpans gives the pages of empty spans to the page heap.
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
