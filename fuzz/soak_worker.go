// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// A worker is one goroutine of a soak. It keeps its blocks in slots and picks a random
// slot for each operation. During a round it belongs to its goroutine, and between rounds
// to the soak.
type worker struct {
	s       *soaking
	m       *model
	n       int
	r       *rand.Rand
	local   *alloc.Local
	slots   []block // known = 0: empty
	bytes   int     // usable bytes of the blocks in slots
	mail    chan block
	friends []*worker
	lastID  int
	owed    *request                       // refused, and to be repeated in the audit
	some    [maxWorkerBurst]unsafe.Pointer // of a burst
	trace   trace
	allocs  [sizeclass.Count]int64

	allocated, freed, resized, inBursts, sent, verified, touched, refused int64
}

// newWorkers makes n workers of the Allocator with a number. They have as many slots as the
// profile says, or down to an eighth, so that their blocks fit into the processor's caches.
func newWorkers(s *soaking, m *model, r *rand.Rand, number, n int) []*worker {
	workers := make([]*worker, n)
	shift := r.IntN(4)
	for i := range workers {
		workers[i] = &worker{
			s: s, m: m, n: number*n + i, r: rand.New(rand.NewPCG(r.Uint64(), r.Uint64())),
			local: m.a.NewLocal(), slots: make([]block, max(s.load.slots>>shift, 8)),
			mail: make(chan block, mailbox), friends: workers, lastID: (number*n + i) << 24,
		}
	}
	return workers
}

// work performs operations until the round ends.
func (w *worker) work() {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer w.report()
	defer func() {
		if v := recover(); v != nil {
			w.s.violation(fmt.Errorf("worker %d: %w", w.n, w.trace.wrap(fmt.Errorf("panic: %v\n%s", v, debug.Stack()))))
		}
	}()
	if w.n%4 == 3 {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
	}
	for !w.s.stop.Load() {
		for range 256 {
			if err := w.step(); err != nil {
				w.s.violation(fmt.Errorf("worker %d: %w", w.n, w.trace.wrap(err)))
				return
			}
		}
		w.report()
		runtime.Gosched() // lets the disturbing goroutine run soon, also on one processor
	}
}

// report adds the worker's counts to the tally.
func (w *worker) report() {
	t := &w.s.tally
	t.ops.Add(w.allocated + w.freed + w.resized)
	t.allocs.Add(w.allocated)
	t.frees.Add(w.freed)
	t.resizes.Add(w.resized)
	t.inBursts.Add(w.inBursts)
	t.sent.Add(w.sent)
	t.verified.Add(w.verified)
	t.bytes.Add(w.touched)
	t.refused.Add(w.refused)
	w.allocated, w.freed, w.resized, w.inBursts, w.sent, w.verified, w.touched, w.refused = 0, 0, 0, 0, 0, 0, 0, 0
}

// handle returns the Allocator or the Local.
func (w *worker) handle() handle {
	if w.r.IntN(4) == 0 {
		return w.m.a
	}
	return w.local
}

// step performs one operation on a slot.
func (w *worker) step() error {
	switch n := w.r.IntN(4 << 10); {
	case n < 256:
		return w.burst()
	case n == 256:
		w.local.Close()
		w.local = w.m.a.NewLocal()
	}
	b := &w.slots[w.r.IntN(len(w.slots))]
	if b.known == 0 {
		return w.fillSlot(b)
	}
	switch n := w.r.IntN(64); {
	case n == 63:
		return w.cutSlice()
	case n < w.s.load.send:
		return w.send(b)
	case n < w.s.load.send+8:
		return w.resize(b)
	default:
		return w.free(b)
	}
}

// fillSlot fills an empty slot with a block that another worker sent, or with a new one.
func (w *worker) fillSlot(b *block) error {
	select {
	case *b = <-w.mail:
		w.bytes += b.usable
		return w.verify(b)
	default:
	}
	if w.bytes > w.s.load.bytes {
		return nil
	}
	q := w.s.load.request(w.r)
	var at unsafe.Pointer
	done, err := vm.Insist(func() (err error) {
		at, err = w.ask(q)
		return err
	}, w.mayFail, unlifted)
	if err != nil {
		return err
	}
	if !done {
		w.owed = &q
		return nil
	}
	w.allocated++
	return w.enter(b, q, at, true)
}

// unlifted leaves the cause of a failure: it may be another worker's, too.
func unlifted() func() { return nil }

// repay repeats an allocation that was refused. Nothing makes it fail now.
func (w *worker) repay() error {
	if w.owed == nil {
		return nil
	}
	q := *w.owed
	w.owed = nil
	at, err := w.ask(q)
	if err != nil {
		return fmt.Errorf("worker %d: an allocation still fails after its cause has gone: %w", w.n, err)
	}
	w.allocated++
	var b block
	if err := w.enter(&b, q, at, true); err != nil {
		return err
	}
	for i := range w.slots {
		if w.slots[i].known == 0 {
			w.slots[i] = b
			return nil
		}
	}
	return w.free(&b)
}

// ask performs an allocation.
func (w *worker) ask(q request) (unsafe.Pointer, error) {
	h := w.handle()
	switch {
	case q.zero:
		w.trace.begin("calloc", 0)
		w.trace.note(q.size)
		return h.Calloc(q.size, 1)
	case q.align > 0:
		w.trace.begin("memalign", 0)
		w.trace.note(q.align, q.size)
		return h.Memalign(q.align, q.size)
	}
	w.trace.begin("malloc", 0)
	w.trace.note(q.size)
	return h.Malloc(q.size)
}

// enter stores a new block in the slot.
func (w *worker) enter(b *block, q request, at unsafe.Pointer, fresh bool) error {
	q.checked = w.m.checked
	now, err := q.block(at)
	if err != nil {
		return err
	}
	w.lastID++
	now.id, now.known, now.dense = w.lastID, now.usable, w.dense()
	if fresh && now.small {
		w.allocs[now.class]++
	}
	now.fill()
	w.bytes += now.usable
	w.touched += int64(min(now.usable, now.dense))
	*b = now
	return nil
}

// dense returns the length up to which the next block is filled completely. Mostly it is short,
// for filling and verifying take longer than the operations between.
func (w *worker) dense() int {
	switch n := w.r.IntN(32); n {
	case 0:
		return denseBytes
	case 1, 2, 3:
		return sparseBytes
	}
	return 4 * markBytes
}

// mayFail checks a refusal: the error must be a lack of memory, and there must be a
// reason for it.
func (w *worker) mayFail(err error) error {
	w.refused++
	switch {
	case errors.Is(err, alloc.ErrOutOfMemory) && w.s.faults.fired.Load()+w.s.tally.faults.Load() > 0,
		errors.Is(err, alloc.ErrLimit) && w.s.tally.limits.Load() > 0:
		return nil
	}
	return err
}

// verify checks the contents of a block.
func (w *worker) verify(b *block) error {
	w.verified++
	w.touched += int64(min(b.usable, b.dense))
	return b.verify()
}

// free frees the block of a slot.
func (w *worker) free(b *block) error {
	w.trace.begin("free", 0)
	w.trace.note(b.id)
	if err := w.verify(b); err != nil {
		return err
	}
	w.handle().Free(b.pointer())
	w.freed++
	w.bytes -= b.usable
	*b = block{}
	return nil
}

// resize resizes the block of a slot.
func (w *worker) resize(b *block) error {
	q := request{size: w.s.load.size(w.r)}
	w.trace.begin("realloc", 0)
	w.trace.note(b.id, q.size)
	if q.size < b.known { // what the block keeps is verified afterwards
		if err := w.verify(b); err != nil {
			return err
		}
	}
	lo, hi := b.seam(q.size)
	var at unsafe.Pointer
	done, err := vm.Insist(func() (err error) {
		at, err = w.handle().Realloc(b.pointer(), q.size)
		return err
	}, func(err error) error {
		return errors.Join(w.mayFail(err), b.seamAt(b.addr, lo, hi))
	}, unlifted)
	if !done || err != nil {
		return err
	}
	w.resized++
	old := *b
	w.bytes -= old.usable
	q.checked = w.m.checked
	now, err := q.block(at)
	if err != nil {
		return err
	}
	if err := old.verifyAt(now.addr, q.size); err != nil {
		return err
	}
	if err := old.seamAt(now.addr, lo, hi); err != nil {
		return err
	}
	return w.enter(b, q, at, now.addr != old.addr)
}

// send sends the block of a slot to another worker, if its mailbox has room.
func (w *worker) send(b *block) error {
	w.trace.begin("send", 0)
	w.trace.note(b.id)
	select {
	case w.friends[w.r.IntN(len(w.friends))].mail <- *b:
		w.sent++
		w.bytes -= b.usable
		*b = block{}
		return nil
	default:
		return w.free(b)
	}
}

// verifyAll checks all blocks, including those in the mailbox, and adds them to sum.
func (w *worker) verifyAll(sum *shadow) error {
	defer w.report()
	if err := w.repay(); err != nil {
		return err
	}
	for c, n := range w.allocs {
		sum.small[c].allocs += n
	}
	for i := range w.slots {
		if b := &w.slots[i]; b.known > 0 {
			if err := w.verify(b); err != nil {
				return err
			}
			sum.count(b, 1)
		}
	}
	for range len(w.mail) {
		b := <-w.mail
		if err := w.verify(&b); err != nil {
			return err
		}
		sum.count(&b, 1)
		w.mail <- b
	}
	return nil
}

// freeAll frees all blocks, or every second one.
func (w *worker) freeAll(all bool) error {
	defer w.report()
	for len(w.mail) > 0 {
		b := <-w.mail
		w.bytes += b.usable
		if err := w.free(&b); err != nil {
			return err
		}
	}
	for i := range w.slots {
		if b := &w.slots[i]; b.known > 0 && (all || i%2 == 0) {
			if err := w.free(b); err != nil {
				return err
			}
		}
	}
	return nil
}
