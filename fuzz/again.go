// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// insist makes a call for the request r. kept is a block that a failure must not change, or
// nil.
func (p *runner) insist(r request, kept *block, call func() error) (done bool, wrong error) {
	before := heldBytes{}
	return vm.Insist(call, func(err error) error {
		if err := p.refusal(r, err); err != nil {
			return err
		}
		if kept != nil {
			if n := alloc.UsableSize(kept.pointer()); n != kept.usable {
				return fmt.Errorf("%v has %d usable bytes after it could not be resized", kept, n)
			}
			if err := kept.verify(); err != nil {
				return err
			}
		}
		return p.notMore(&before)
	}, func() func() { return p.lift(r) })
}

// heldBytes are the bytes that the Allocator holds after a failure.
type heldBytes struct {
	known        bool
	used, mapped int64
}

// notMore compares the statistics with the model's after a failure. A second failure must not
// take more memory than the first one. What is free is not compared: at the limit, each failure gives
// some of it back before it needs some. Neither is what is live, which reconcile counts: a batch that fails
// twice may have got some blocks in between, from the cache of another processor. Free large objects count as
// large ones.
func (p *runner) notMore(before *heldBytes) error {
	if !p.alone {
		return nil
	}
	p.fired = p.faults.fired.Load()
	if err := p.reconcile(); err != nil {
		return fmt.Errorf("after a failure: %w", err)
	}
	s := p.a.Stats()
	m := &s.Memory
	other := m.Requested + m.Slack + m.Cached + m.Depot + m.Idle + m.PagesDirty + m.LargeDirty + m.LargeRequested + m.LargeSlack
	clean := m.PagesClean + m.LargeClean + m.IdleClean
	now := heldBytes{true, s.Footprint.Now - other, s.Mapped.Now - other - clean}
	if before.known && (now.used > before.used || now.mapped > before.mapped) {
		return fmt.Errorf("a second failure took memory: %+v, was %+v", now, *before)
	}
	*before = now
	return nil
}

// lift removes what may make the request fail: the limit, and failures of kernel calls. Every
// second operation leaves them, so that many operations in a row fail.
func (p *runner) lift(r request) (restore func()) {
	if !p.alone || !r.valid() || r.hopeless() || p.trace.steps%2 == 0 {
		return nil
	}
	limit := int64(0)
	if p.limited {
		limit = p.a.Stats().Limit
		p.a.SetLimit(0)
	}
	resume := p.faults.suspend()
	return func() {
		resume()
		if limit > 0 {
			p.setLimit(limit)
		}
	}
}

// take makes an allocation. It returns the block, not yet part of the shadow, or nil if the
// allocation was allowed to fail and did.
func (p *runner) take(r request, get func() (unsafe.Pointer, error)) (*block, error) {
	var at unsafe.Pointer
	done, err := p.insist(r, nil, func() (err error) {
		at, err = get()
		return neither(at, err)
	})
	if !done || err != nil {
		return nil, err
	}
	return p.judge(r, at)
}

// neither returns err, or another error if a failed call returned a pointer.
func neither(at unsafe.Pointer, err error) error {
	if err != nil && at != nil {
		return errors.New("returned both a pointer and an error: " + err.Error())
	}
	return err
}
