// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// A doomed Allocator is closed while goroutines use it, as Close allows. They allocate and
// free blocks of all sizes at a limit, singly and in batches, ask for their owner, trim, and look at
// the Allocator in every other way, but do not touch the memory, which Close takes away. Other
// Allocators of the process are bystanders: their owners check that nothing happens to them.
type doomed struct {
	a       *alloc.Allocator
	closing atomic.Bool // Close may have begun
	ops     atomic.Int64
}

// newDoomed opens an Allocator with options from one byte.
func newDoomed(options int, huge alloc.HugePages, h alloc.Hardening, decay int) (*doomed, error) {
	o := alloc.Options{Decay: -1, Large: largeOptions(options), Checked: checkedOf(options), Hardening: h, HugePages: huge, Limit: 24 << 20}
	if options&0xc0 == guarding && vm.Able(vm.Guards) {
		o.GuardRate = 1
	}
	if decay > 0 {
		o.Decay = 1 // in nanoseconds: the purger runs all the time
	}
	a, err := alloc.NewAllocator(o)
	return &doomed{a: a}, err
}

// perish lets goroutines use the Allocator, closes it after a number of operations, and
// checks what is left.
func (d *doomed) perish(users int, after int64, seed uint64) error {
	var all sync.WaitGroup
	failed := make([]error, users)
	for i := range users {
		all.Go(func() { failed[i] = d.use(rand.New(rand.NewPCG(seed, uint64(i)))) })
	}
	for n := d.ops.Load(); n < after; n = d.ops.Load() {
		d.a.Trim()
	}
	d.closing.Store(true)
	err := d.a.Close()
	all.Wait()
	if err = errors.Join(append(failed, err)...); err != nil {
		return fmt.Errorf("an Allocator that was closed while in use: %w", err)
	}
	s := d.a.Stats()
	if s.Footprint.Now != 0 || s.Mapped.Now != 0 || s.Mappings.Now != 0 {
		return fmt.Errorf("an Allocator that was closed while in use still has %d bytes mapped in %d mappings", s.Mapped.Now, s.Mappings.Now)
	}
	return nil
}

// use performs random operations until the Allocator is closed.
func (d *doomed) use(r *rand.Rand) (err error) {
	var blocks [16]unsafe.Pointer
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		switch v := recover().(type) {
		case nil:
		case *alloc.MisuseError: // a block was freed or resized after Close
			if !d.closing.Load() {
				err = v
			}
		default:
			err = fmt.Errorf("panic: %v\n%s", v, debug.Stack())
		}
	}()
	local := d.a.NewLocal()
	defer local.Close()
	for ; err == nil; d.ops.Add(1) {
		var h handle = d.a
		if r.IntN(2) == 0 {
			h = local
		}
		err = d.step(r, h, &blocks[r.IntN(len(blocks))])
	}
	if errors.Is(err, alloc.ErrClosed) && d.closing.Load() {
		return nil
	}
	return err
}

// step performs one operation on a block.
func (d *doomed) step(r *rand.Rand, h handle, p *unsafe.Pointer) (err error) {
	size := 1 + r.IntN(2000)
	if r.IntN(2) == 0 {
		size = sizeclass.LargeMin + r.IntN(1<<20)
	}
	switch {
	case r.IntN(64) == 0:
		d.a.Trim()
	case r.IntN(64) == 0:
		err = d.look(r)
	case r.IntN(64) == 0:
		err = d.batch(r, h, size)
	case r.IntN(64) == 0:
		d.a.SetLimit(8<<20 + r.Int64N(16<<20))
	case *p != nil && r.IntN(64) == 0:
		if !d.a.Owns(*p) && !d.closing.Load() {
			err = errors.New("a live block seems to be nobody's")
		}
	case *p == nil && r.IntN(8) == 0:
		*p, err = h.Calloc(1, size)
	case *p == nil:
		*p, err = h.Malloc(size)
	case r.IntN(8) == 0:
		var q unsafe.Pointer
		if q, err = h.Realloc(*p, size); err == nil {
			*p = q
		}
	default:
		h.Free(*p)
		*p = nil
	}
	if errors.Is(err, alloc.ErrLimit) || errors.Is(err, alloc.ErrOutOfMemory) && !errors.Is(err, alloc.ErrClosed) {
		h.Free(*p)
		*p, err = nil, nil
	}
	return err
}

// batch allocates some blocks and frees them in one call each.
func (d *doomed) batch(r *rand.Rand, h handle, size int) error {
	blocks := make([]unsafe.Pointer, 1+r.IntN(64))
	n, err := h.MallocBatch(size, blocks)
	h.FreeBatch(blocks[:n])
	return err
}

// look reads what an Allocator tells, or changes how it is watched. All of it is allowed beside Close, and
// after it. What a closed Allocator tells is empty, or is refused.
func (d *doomed) look(r *rand.Rand) (err error) {
	switch r.IntN(10) {
	case 0:
		d.a.Inspect().HeapMap(1 + r.IntN(4))
	case 1:
		err = d.a.Inspect().Verify()
	case 2:
		err = d.a.Inspect().WriteLeaks(io.Discard)
	case 3:
		err = d.a.Profile().Write(io.Discard)
	case 4:
		err = d.a.Profile().WriteFragmentation(io.Discard)
	case 5:
		d.a.Profile().SetRate(1 << r.IntN(20))
	case 6:
		_ = d.a.Trace().Start(io.Discard, alloc.TraceOptions{}) // another one may run
	case 7:
		_ = d.a.Trace().Stop() // none may run
	default:
		d.a.Stats()
	}
	return err
}
