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
	"github.com/ashlar-go/ashlar/internal/vm"
	"github.com/ashlar-go/ashlar/stats"
)

// Memory is off-heap memory that a Balancer counts and limits: *alloc.Allocator.
type Memory interface {
	stats.Source
	Trim() int64                // gives unused memory back to the kernel
	SetLimit(bytes int64) error // limits the footprint; 0: no limit. alloc.ErrClosed: the Allocator is closed
}

// A Balancer divides one limit between the Go heap and off-heap memory. Its methods are safe
// for concurrent use.
type Balancer struct {
	options Options
	root    fs.FS
	group   *procfs.Cgroup // the process's control group; nil if there is none
	heap    goHeap
	before  int64 // the Go memory limit before Start

	stop chan struct{}
	done sync.WaitGroup
	once sync.Once

	mu      sync.Mutex // guards the fields below; held while purging and collecting
	parts   division
	members []member
	state   State
	needed  int64 // the part of state.GoHeap that is not known to be garbage
	blocks  int64 // memory for blocks that the Go memory limit counts: 0 if blocks are outside the Go heap
	peak    int64 // the highest state.OffHeap, if blocks is not 0: their memory never leaves RAM
	stopped bool
	looks   int
	warned  bool

	purging, collecting chore
}

// A member is memory that was added.
type member struct {
	memory    Memory
	own       int64 // its limit when it was added; 0: none
	footprint int64 // bytes at the last look
	retained  int64 // the free part of footprint, which purging can give back
}

// State has the results of a Balancer's last look. Sizes are in bytes.
type State struct {
	Limit    int64 // the budget
	OffHeap  int64 // footprints of all members, and metadata
	GoHeap   int64 // the memory that the Go memory limit counts, without memory for blocks
	GoLimit  int64 // the last value that the Balancer passed to debug.SetMemoryLimit
	Purges   int   // how often the Balancer gave retained memory back
	Collects int   // how often the Balancer collected the Go heap
}

// Start starts a Balancer for the given memory and the memory that is added later. The
// error wraps ErrNoLimit or ErrTooSmall, or says that the system's limit could not be read.
func Start(o Options, memory ...Memory) (*Balancer, error) {
	return start(o, &runtimeHeap{}, memory...)
}

func start(o Options, heap goHeap, memory ...Memory) (*Balancer, error) {
	if o.root == nil {
		o.root = procfs.System()
	}
	if o.system == nil {
		o.system = vm.MemoryLimit
	}
	b := &Balancer{options: o, root: o.root, heap: heap, stop: make(chan struct{})}
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
	b.before = heap.setLimit(-1) // only reads the limit
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

// NewAllocator returns an Allocator that is counted and limited until it is closed. When it
// reaches its limit, the Balancer makes room in the budget at once. The Balancer never sets
// a limit above Options.Limit. If there is no room in the budget, or below Options.Limit, the
// Allocator calls Options.OnLimit, which can free memory to make room.
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

// Add begins to count and limit memory that NewAllocator did not make. The Balancer never
// sets a limit above the limit that the memory has at this call. An allocation can fail with
// alloc.ErrLimit though the budget has room, because the Balancer raises this limit only when
// it looks, and not when the limit is reached. The Balancer removes closed Allocators.
func (b *Balancer) Add(memory Memory) {
	s := memory.Stats()
	b.mu.Lock()
	if !b.stopped {
		b.members = append(b.members, member{memory: memory, own: s.Limit})
	}
	b.mu.Unlock()
	b.look(nil, 0)
}

// Remove stops counting memory, and restores the limit that it had before Add. It does
// nothing for memory that was not added.
func (b *Balancer) Remove(memory Memory) {
	b.mu.Lock()
	i := slices.IndexFunc(b.members, func(m member) bool { return m.memory == memory })
	if i >= 0 {
		_ = memory.SetLimit(b.members[i].own) // fails only if it is closed
		b.members = slices.Delete(b.members, i, i+1)
	}
	b.mu.Unlock()
	b.look(nil, 0)
}

// State returns the results of the last look.
func (b *Balancer) State() State {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.state
}

// Stop ends balancing, and restores the limits that the Go heap and all members had before.
// Further calls do nothing.
func (b *Balancer) Stop() {
	b.once.Do(func() {
		close(b.stop)
		b.done.Wait()
		b.mu.Lock()
		defer b.mu.Unlock()
		b.stopped = true
		for _, m := range b.members {
			_ = m.memory.SetLimit(m.own) // fails only if it is closed
		}
		b.heap.setLimit(b.before)
		b.state.GoLimit = b.before
	})
}
