// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"errors"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// An attempt is one try to get memory from the allocator, made with the core's lock held.
// The allocator's OnLimit and Logger are functions of the program, which may call Stats.
// So they are not called during the attempt. The attempt records what to report to them.
type attempt struct {
	trim    bool  // the allocator gives unused memory back to the kernel before it fails
	size    int   // bytes requested from the allocator; 0: none
	err     error // why the allocator refused; nil: it did not
	advised bool  // huge pages were requested from the kernel,
	advice  error // and this was its answer
}

// try runs f, which may obtain a chunk, with the core's lock held. If the allocator has
// no memory, try calls OnLimit without the lock, and runs f again. It returns the last
// attempt, which the caller passes to report when the memory is ready for use.
func (c *core) try(f func() error) (attempt, error) {
	t, err := c.locked(attempt{}, f)
	rounds := 0
	for errors.Is(t.err, alloc.ErrLimit) && c.host.AtLimit(t.size, rounds) {
		rounds++
		t, err = c.locked(attempt{trim: true}, f)
	}
	if isLack(t.err) && rounds == 0 {
		t, err = c.locked(attempt{trim: true}, f)
	}
	return t, err
}

// isLack reports whether err is a lack of memory.
func isLack(err error) bool {
	return errors.Is(err, alloc.ErrLimit) || errors.Is(err, alloc.ErrOutOfMemory)
}

// report reports an attempt to the allocator's logger, which may allocate from this
// arena. The caller holds no lock.
func (c *core) report(t attempt) {
	if t.advised {
		c.host.AdvisedHuge(t.advice)
	}
	if t.size > 0 {
		c.host.Obtained(t.size, t.err)
	}
}

// locked runs f, with the core's lock held, as attempt t. It returns what f recorded in t.
func (c *core) locked(t attempt, f func() error) (attempt, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.attempt = t
	err := f()
	return c.attempt, err
}

// obtain gets a chunk of at least n bytes from the allocator. The caller holds mu.
func (c *core) obtain(n, align uintptr) (chunk, error) {
	room := c.room()
	n, align = c.options.shape(n, align, room)
	if n > room {
		return chunk{}, alloc.ErrLimit
	}
	addr, zeroed, err := c.request(n, align)
	if err != nil {
		return chunk{}, err
	}
	k := chunk{base: addr, size: n, dirty: n}
	if zeroed {
		k.dirty = 0
	}
	if err := c.prepare(k); err != nil {
		c.host.Release(k.base)
		return chunk{}, err
	}
	arenaMemory.add(k.base, k.size)
	c.taken += k.size
	return k, nil
}

// request gets a block of n bytes from the allocator. If the last attempt fails for lack
// of memory, request empties the quarantine and tries again. The caller holds mu.
func (c *core) request(n, align uintptr) (addr uintptr, zeroed bool, err error) {
	t := &c.attempt
	addr, zeroed, err = c.host.Obtain(int(n), int(align), t.trim)
	if err != nil && t.trim && c.flush(err) {
		addr, zeroed, err = c.host.Obtain(int(n), int(align), t.trim)
	}
	t.size, t.err = int(n), err
	return addr, zeroed, err
}

// prepare asks the kernel for the properties of a new chunk that the options name. The
// caller holds mu.
func (c *core) prepare(k chunk) error {
	if c.options.HugePages {
		c.attempt.advised = true
		c.attempt.advice = c.host.Space().Advise(k.base, k.size, vm.HugePage)
	}
	if c.options.Locked {
		return c.host.Space().Lock(k.base, k.size, false)
	}
	return nil
}
