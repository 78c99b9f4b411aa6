// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"fmt"
	"sync"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/internal/arenahost"
	"github.com/ashlar-go/ashlar/internal/fault"
	"github.com/ashlar-go/ashlar/internal/raw"
)

// A quarantine holds the inaccessible chunks of an allocator's checked arenas, until
// it is full.
//
//	bytes = Σ held.size ≤ limit, but for what the kernel refused
type quarantine struct {
	host arenahost.Host

	mu    sync.Mutex // guards what follows; taken with a core's lock held
	limit int64
	bytes int64
	held  []held // the oldest first
}

// held is a chunk in quarantine, and its story.
type held struct {
	chunk
	split bool // see vm.Space.Guard
	open  bool // accessible, and filled with junk: the kernel refused to guard it
	core  *core
	round int64  // of the arena: how often it had been reset
	how   string // "freed", "reset" or "dropped"
	ended place
}

// quarantines has those that hold something, or did, by allocator.
var quarantines struct {
	mu    sync.Mutex
	of    map[arenahost.Host]*quarantine
	start sync.Once
}

// quarantineOf returns the quarantine of an allocator, which holds limit bytes at
// least.
func quarantineOf(host arenahost.Host, limit int64) *quarantine {
	s := &quarantines
	s.start.Do(func() { fault.Register(describe) })
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.of[host]
	if q == nil {
		q = &quarantine{host: host}
		if s.of == nil {
			s.of = map[arenahost.Host]*quarantine{}
		}
		s.of[host] = q
		host.Register().OnClose(q.forget)
	}
	q.mu.Lock()
	q.limit = max(q.limit, limit)
	q.mu.Unlock()
	return q
}

// forget drops everything, since the allocator took it back.
func (q *quarantine) forget() {
	quarantines.mu.Lock()
	delete(quarantines.of, q.host)
	quarantines.mu.Unlock()
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, h := range q.held {
		q.host.Space().ForgetGuard(h.split)
		h.core.inQuarantine.Add(-int64(h.size))
	}
	q.held, q.bytes = nil, 0
}

// junk fills memory in quarantine that the kernel refused to make inaccessible.
const junk = 0xdb

// quarantine makes all of a checked arena's memory inaccessible, and returns why the
// kernel refused that for some of it. The caller holds c.mu.
func (c *core) quarantine(how string) (refused error) {
	c.use()
	if how != "dropped" {
		c.ended = here(2)
	}
	q := quarantineOf(c.host, c.options.Quarantine)
	c.each(func(k chunk) {
		c.unlock(k)
		split, err := c.host.Space().Guard(k.base, k.size)
		if err != nil {
			refused = err
			fill(raw.Bytes(k.base, k.size), junk)
		}
		c.forget(k)
		q.add(held{k, split, err != nil, c, c.resets, how, c.ended})
	})
	c.chunks, c.own = c.chunks[:0], c.own[:0]
	return refused
}

// tell tells the allocator why memory could not be guarded, if so. The caller holds no
// lock.
func (c *core) tell(refused error) {
	if refused != nil {
		c.host.Unguarded(refused)
	}
}

func fill(b []byte, with byte) {
	for i := range b {
		b[i] = with
	}
}

// add takes a chunk in, and lets the oldest go as long as that is too much.
func (q *quarantine) add(h held) {
	q.mu.Lock()
	defer q.mu.Unlock()
	h.core.inQuarantine.Add(int64(h.size))
	q.held = append(q.held, h)
	q.bytes += int64(h.size)
	q.shrink(q.limit)
}

// flush lets everything go, and reports whether there was something.
func (q *quarantine) flush() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	before := q.bytes
	q.shrink(0)
	return q.bytes < before
}

// shrink lets the oldest chunks go, down to n bytes. What the kernel does not make
// accessible again stays. The caller holds mu.
func (q *quarantine) shrink(n int64) {
	for i := 0; q.bytes > n && i < len(q.held); {
		h := q.held[i]
		if !h.open && q.host.Space().Unguard(h.base, h.size, h.split) != nil {
			i++
			continue
		}
		q.held = append(q.held[:i], q.held[i+1:]...)
		q.bytes -= int64(h.size)
		h.core.inQuarantine.Add(-int64(h.size))
		q.host.Release(h.base)
	}
}

// describe tells what was at an address that is in quarantine.
func describe(addr uintptr) error {
	quarantines.mu.Lock()
	all := make([]*quarantine, 0, len(quarantines.of))
	for _, q := range quarantines.of {
		all = append(all, q)
	}
	quarantines.mu.Unlock()
	for _, q := range all {
		if err := q.describe(addr); err != nil {
			return err
		}
	}
	return nil
}

func (q *quarantine) describe(addr uintptr) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i := range q.held {
		if h := &q.held[i]; addr-h.base < h.size {
			return h.story(addr)
		}
	}
	return nil
}

// story returns what a use of the chunk at addr is answered with.
func (h *held) story(addr uintptr) error {
	c := h.core
	made := ""
	if c.options.Name != "" {
		made = ", made" + c.made.at() + ","
	}
	return &alloc.MisuseError{Kind: alloc.UseAfterFree, Op: "access", Addr: addr, Block: h.base, Size: int(h.size), State: h.how,
		Detail: fmt.Sprintf("memory of arena %s%s was used after the arena was %s%s (round %d, byte %d of a chunk)",
			c, made, h.how, h.ended.at(), h.round+1, addr-h.base)}
}

// flush empties the quarantine if that may remedy err, a lack of memory, and reports
// whether there was something to let go. The caller holds c.mu.
func (c *core) flush(err error) bool {
	if !c.options.Checked || !isLack(err) {
		return false
	}
	return quarantineOf(c.host, c.options.Quarantine).flush()
}
