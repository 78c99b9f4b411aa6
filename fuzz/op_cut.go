// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
)

func (elements[T]) appendCut(a *alloc.Allocator, s view, k int) (view, error) {
	all := sliceOf[T](s)
	return viewOf(alloc.Append(a, all[:k:k], all[k:]...))
}

// appendCut appends the rest of the slice b to its first k elements, whose capacity is
// cut. The result must be a new block, and b must be unchanged.
func (p *runner) appendCut(b *block, k int) error {
	t := b.slice
	b.fill()
	want := bytes.Clone(b.bytes(b.known))
	r := fits(t, max(b.length, k+k/2))
	v, done, err := p.insistOn(b, r, func() (view, error) {
		v, err := t.appendCut(p.a, b.view(), k)
		if cut := (view{b.pointer(), k, k}); err != nil && v == cut {
			v = b.view()
		}
		return v, err
	})
	if !done || err != nil {
		return err
	}
	now, err := p.judge(r, v.at)
	if err != nil {
		return err
	}
	if err := now.reshape(t, v, b.length); err != nil {
		return err
	}
	for name, got := range map[string][]byte{
		"what was joined": now.bytes(now.known),
		"what was cut":    unsafe.Slice((*byte)(b.pointer()), b.known),
	} {
		if at := differ(want, got); at < len(want) {
			return fmt.Errorf("%v, cut at element %d: byte %d of %s is wrong", b, k, at, name)
		}
	}
	return p.enter(now, true)
}
