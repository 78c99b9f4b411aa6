// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
)

const (
	maxBlocks = 3000     // live blocks of a runner
	maxBytes  = 24 << 20 // bytes in them
	maxBurst  = 3 << 20  // bytes in the blocks of one burst
	auditStep = 64       // operations between two audits
)

// A handle is an Allocator or one of its Locals.
type handle interface {
	Malloc(size int) (unsafe.Pointer, error)
	Calloc(n, size int) (unsafe.Pointer, error)
	Memalign(align, size int) (unsafe.Pointer, error)
	Realloc(p unsafe.Pointer, size int) (unsafe.Pointer, error)
	Free(p unsafe.Pointer)
	MallocBatch(size int, blocks []unsafe.Pointer) (n int, err error)
	CallocBatch(size int, blocks []unsafe.Pointer) (n int, err error)
	FreeBatch(blocks []unsafe.Pointer)
}

// A runner performs the operations of one stream on a model and compares the results with
// its shadow. It is used by one goroutine.
type runner struct {
	*model
	shadow
	in     stream
	ops    []operation
	alone  bool // no other runner uses the model, so its statistics equal the shadow's
	locals [localCount]*alloc.Local
	trace  trace
	fired  int64 // faults.fired at the start of the operation; 0 unless alone

	mail    chan *block // blocks sent to this runner
	friends []*runner   // the runners to which it sends blocks
}

// An operation is selected by weight of 64 byte values.
type operation struct {
	name   string
	weight int
	do     func(p *runner, h int) error
}

// table returns one entry for each byte value, by the weights.
func table(ops []operation) []operation {
	var t []operation
	for _, o := range ops {
		for range o.weight {
			t = append(t, o)
		}
	}
	return t
}

func newRunner(m *model, in stream, ops []operation) *runner {
	p := &runner{model: m, in: in, ops: table(ops)}
	for i := range p.locals {
		p.locals[i] = m.a.NewLocal()
	}
	return p
}

// handle returns the Allocator for 0, otherwise a Local.
func (p *runner) handle(h int) handle {
	if h == 0 {
		return p.a
	}
	return p.locals[h-1]
}

// run performs all operations. It turns panics, including faults, into errors.
func (p *runner) run() (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v\n%s", v, debug.Stack())
		}
		if err != nil {
			err = p.trace.wrap(err)
		}
	}()
	for p.in.more() {
		if err := p.step(); err != nil {
			return err
		}
	}
	p.trace.begin("audit", 0)
	return p.audit()
}

// step performs the next operation.
func (p *runner) step() error {
	b := p.in.next()
	o, h := p.ops[b%64%len(p.ops)], b/64
	p.trace.begin(o.name, h)
	if p.alone {
		p.fired = p.faults.fired.Load()
	}
	if err := o.do(p, h); err != nil {
		return err
	}
	if p.trace.steps%auditStep == 0 {
		return p.audit()
	}
	return nil
}

// audit checks the contents of all blocks and the Allocator's statistics.
func (p *runner) audit() error {
	if err := p.verify(); err != nil {
		return err
	}
	return p.reconcile()
}

// size reads a size from the stream; if the runner has enough memory, it returns a small
// one.
func (p *runner) size() int {
	n := p.in.size()
	if n > 0 && n < 1<<30 && p.bytes+n > maxBytes {
		n %= 512
	}
	p.trace.note(n)
	return n
}

// pick returns a live block that the stream selects, nil if there is none.
func (p *runner) pick() *block {
	if len(p.live) == 0 {
		return nil
	}
	b := p.live[p.in.below(min(len(p.live), 256))]
	p.trace.note(b.id)
	return b
}

// freeAll frees all remaining blocks, through all handles.
func (p *runner) freeAll(order uint64) error {
	r := rand.New(rand.NewPCG(order, 1))
	for len(p.live) > 0 {
		b := p.live[r.IntN(len(p.live))]
		if err := p.free(r.IntN(1+localCount), b); err != nil {
			return err
		}
	}
	return nil
}

func (p *runner) closeLocals() {
	for _, l := range p.locals {
		l.Close()
	}
}
