// SPDX-License-Identifier: Apache-2.0

package budget

import (
	"errors"
	"io/fs"
	"sync"
	"time"

	"github.com/ashlar-go/ashlar/internal/procfs"
	"github.com/ashlar-go/ashlar/stats"
)

// Memory is off-heap memory that a Balancer counts and limits: *alloc.Allocator.
type Memory interface {
	stats.Source
	Trim() int64                // gives back what is unused
	SetLimit(bytes int64) error // of the footprint; 0: none
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
	b.look(0)
	if o.Interval <= 0 {
		b.options.Interval = 100 * time.Millisecond
	}
	b.done.Go(b.run)
	return b, nil
}

// run looks until Stop.
func (b *Balancer) run() {
	beat := time.NewTicker(b.options.Interval)
	defer beat.Stop()
	for {
		select {
		case <-b.stop:
			return
		case <-beat.C:
			b.look(0)
		}
	}
}

// Add counts memory from now on, and limits it. A limit that it has already stays the
// highest that it gets.
func (b *Balancer) Add(memory Memory) {
	var s stats.Snapshot
	memory.Stats(&s)
	b.mu.Lock()
	if !b.stopped {
		b.members = append(b.members, member{memory: memory, own: s.Limit})
	}
	b.mu.Unlock()
	b.look(0)
}

// OnLimit is to be alloc.Options.OnLimit of what is added: an allocator that reaches
// its limit calls it, and it makes room for size bytes if there is any. It reports whether
// it did.
func (b *Balancer) OnLimit(size int) (madeRoom bool) { return b.look(int64(size)) }

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
