// SPDX-License-Identifier: Apache-2.0

package budget

import (
	"errors"
	"io/fs"
	"slices"
	"sync"
	"time"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/internal/procfs"
	"github.com/ashlar-go/ashlar/stats"
)

// Memory is off-heap memory that a Balancer counts and limits: *alloc.Allocator.
type Memory interface {
	stats.Source
	Trim() int64                // gives back what is unused
	SetLimit(bytes int64) error // of the footprint; 0: none. alloc.ErrClosed: the memory is gone
}

// A Balancer moves the limits of the Go heap and of off-heap memory against each
// other. Its methods are safe for concurrent use.
type Balancer struct {
	options Options
	root    fs.FS
	group   *procfs.Cgroup // nil: none
	heap    goHeap
	before  int64 // the Go memory limit before Start

	stop chan struct{}
	done sync.WaitGroup
	once sync.Once

	mu      sync.Mutex // guards what follows; held while purging and collecting
	parts   division
	members []member
	state   State
	needed  int64 // of state.GoHeap, what is no garbage as far as is known
	stopped bool
	looks   int
	warned  bool

	purging, collecting chore
}

// A member is memory that was added.
type member struct {
	memory    Memory
	own       int64 // its limit when it was added; 0: none
	footprint int64 // at the last look
	retained  int64 // of it, free: what purging could give back
}

// State is what a Balancer last saw and decided, in bytes.
type State struct {
	Limit    int64
	OffHeap  int64 // footprints of allocators, and metadata
	GoHeap   int64 // what the Go memory limit counts
	GoLimit  int64 // what debug.SetMemoryLimit was last set to
	Purges   int   // how often retained memory was given back early
	Collects int   // how often the Go heap was collected on purpose
}

// Start begins to balance, for the given memory and what is added later. It fails
// with ErrNoLimit or ErrTooSmall.
func Start(o Options, memory ...Memory) (*Balancer, error) {
	return start(o, runtimeHeap{}, memory...)
}

func start(o Options, heap goHeap, memory ...Memory) (*Balancer, error) {
	b := &Balancer{options: o, root: o.root, heap: heap, stop: make(chan struct{})}
	if b.root == nil {
		b.root = procfs.System()
	}
	group, err := procfs.FindCgroup(b.root)
	if err == nil {
		b.group = group
	} else if !errors.Is(err, fs.ErrNotExist) && o.Limit == 0 {
		return nil, err
	}
	limit, err := o.limit(b.group)
	if err != nil {
		return nil, err
	}
	if b.parts, err = o.divide(limit); err != nil {
		return nil, err
	}
	b.before = heap.setLimit(-1) // only asks
	b.state = State{Limit: limit, GoLimit: b.before}
	for _, m := range memory {
		b.Add(m)
	}
	b.look(nil, 0)
	if o.Interval <= 0 {
		b.options.Interval = 100 * time.Millisecond
	}
	b.done.Go(b.run)
	return b, nil
}

// run looks until Stop.
func (b *Balancer) run() {
	tick := time.NewTicker(b.options.Interval)
	defer tick.Stop()
	for {
		select {
		case <-b.stop:
			return
		case <-tick.C:
			b.look(nil, 0)
		}
	}
}

// NewAllocator returns an Allocator that is counted and limited until it is closed. When
// it reaches its limit, the Balancer makes room in the budget at once. Options.Limit stays
// the highest limit that it gets. Options.OnLimit is called only if there is no room left
// in the budget or below that limit; what it frees may make some.
func (b *Balancer) NewAllocator(o alloc.Options) (*alloc.Allocator, error) {
	var a *alloc.Allocator
	onLimit := o.OnLimit
	o.OnLimit = func(size int) (madeRoom bool) {
		if b.look(a, int64(size)) {
			return true
		}
		return onLimit != nil && onLimit(size) && b.look(a, int64(size))
	}
	a, err := alloc.NewAllocator(o)
	if err != nil {
		return nil, err
	}
	b.Add(a)
	return a, nil
}

// Add counts memory that was made elsewhere, from now on, and limits it. A limit that it
// has already stays the highest that it gets. Its limit is moved when the Balancer looks,
// and not when it is reached: a burst fails with alloc.ErrLimit that would have had room.
// Closed Allocators are removed.
func (b *Balancer) Add(memory Memory) {
	var s stats.Snapshot
	memory.Stats(&s)
	b.mu.Lock()
	if !b.stopped {
		b.members = append(b.members, member{memory: memory, own: s.Limit})
	}
	b.mu.Unlock()
	b.look(nil, 0)
}

// Remove no longer counts memory, and gives it the limit that it had before. It does
// nothing for memory that was not added.
func (b *Balancer) Remove(memory Memory) {
	b.mu.Lock()
	i := slices.IndexFunc(b.members, func(m member) bool { return m.memory == memory })
	if i >= 0 {
		_ = memory.SetLimit(b.members[i].own) // which it had before
		b.members = slices.Delete(b.members, i, i+1)
	}
	b.mu.Unlock()
	b.look(nil, 0)
}

// State returns what the Balancer last saw and decided.
func (b *Balancer) State() State {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.state
}

// Stop ends balancing, and gives the Go heap and all memory the limits that they had
// before. Further calls do nothing.
func (b *Balancer) Stop() {
	b.once.Do(func() {
		close(b.stop)
		b.done.Wait()
		b.mu.Lock()
		defer b.mu.Unlock()
		b.stopped = true
		for _, m := range b.members {
			_ = m.memory.SetLimit(m.own) // which it had before
		}
		b.heap.setLimit(b.before)
		b.state.GoLimit = b.before
	})
}
