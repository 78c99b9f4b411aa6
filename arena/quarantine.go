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

// A quarantine holds the inaccessible chunks of an allocator's checked arenas until it is
// full.
//
//	bytes = Σ held.size ≤ limit, except chunks that the kernel did not make accessible
type quarantine struct {
	host arenahost.Host

	mu    sync.Mutex // guards the fields below; locked while a core's lock is held
	limit int64
	bytes int64
	held  []held // the oldest first
}

// A held chunk is in quarantine. Its fields describe when and where its use ended.
type held struct {
	chunk
	split bool // see vm.Space.Guard
	open  bool // accessible and filled with junk, because the kernel refused
	core  *core
	round int64  // number of earlier Resets of the arena
	end   string // "freed", "reset" or "dropped"
	ended callSite
}

// quarantines has the quarantine of each allocator that has one.
var quarantines struct {
	mu    sync.Mutex
	of    map[arenahost.Host]*quarantine
	start sync.Once
}

// quarantineOf returns the quarantine of an allocator, and raises its limit to limit bytes.
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

// forget empties the quarantine, because the allocator took all memory back.
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

// junk fills memory in quarantine that the kernel did not make inaccessible.
const junk = 0xdb

// quarantine makes all memory of a checked arena inaccessible. If the kernel refuses for
// some of it, refused is the kernel's error. The caller holds c.mu.
func (c *core) quarantine(end string) (refused error) {
	c.use(0)
	if end != "dropped" {
		c.ended = callSiteOf(2)
	}
	if len(c.chunks)+len(c.own) == 0 { // the allocator may be closed, and must not get a quarantine then
		return nil
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
		q.add(held{k, split, err != nil, c, c.resets, end, c.ended})
	})
	c.chunks, c.own = c.chunks[:0], c.own[:0]
	return refused
}

// reportRefused reports to the allocator that the kernel refused to make memory
// inaccessible, if refused is not nil. The caller holds no lock.
func (c *core) reportRefused(refused error) {
	if refused != nil {
		c.host.Unguarded(refused)
	}
}

func fill(b []byte, with byte) {
	for i := range b {
		b[i] = with
	}
}

// add adds a chunk, and releases the oldest chunks while the quarantine has too many bytes.
func (q *quarantine) add(h held) {
	q.mu.Lock()
	defer q.mu.Unlock()
	h.core.inQuarantine.Add(int64(h.size))
	q.held = append(q.held, h)
	q.bytes += int64(h.size)
	q.shrink(q.limit)
}

// flush releases all chunks, and reports whether it released any.
func (q *quarantine) flush() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	before := q.bytes
	q.shrink(0)
	return q.bytes < before
}

// shrink releases the oldest chunks until at most n bytes are left. A chunk stays if the
// kernel does not make it accessible again. The caller holds mu.
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

// describe returns an error that describes an address in quarantine, and nil for any other
// address.
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
			return h.describe(addr)
		}
	}
	return nil
}

// describe returns the error for a use of the chunk at addr.
func (h *held) describe(addr uintptr) error {
	c := h.core
	made := ""
	if c.options.Name != "" {
		made = ", made" + c.made.at() + ","
	}
	return &alloc.MisuseError{Kind: alloc.UseAfterFree, Op: "access", Addr: addr, Block: h.base, Size: int(h.size), State: h.end,
		Detail: fmt.Sprintf("memory of arena %s%s was used after the arena was %s%s (round %d, byte %d of a chunk)",
			c, made, h.end, h.ended.at(), h.round+1, addr-h.base)}
}

// flush empties the quarantine if err is a lack of memory, which this may mend. It reports
// whether it released anything. The caller holds c.mu.
func (c *core) flush(err error) bool {
	if !c.options.Checked || !isLack(err) {
		return false
	}
	return quarantineOf(c.host, c.options.Quarantine).flush()
}
