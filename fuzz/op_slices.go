// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
)

// A sliceType performs the generic operations for one element type. The types contain
// only bytes, so that slices can be compared as bytes.
type sliceType interface {
	elemBytes() int
	make(a *alloc.Allocator, n, c int) (view, error)
	append(a *alloc.Allocator, s view, values []byte) (view, error)
	appendOwn(a *alloc.Allocator, s view, lo, hi int) (view, error)
	appendCut(a *alloc.Allocator, s view, k int) (view, error)
	resize(a *alloc.Allocator, s view, n int) (view, error)
}

// A view is a slice without its type.
type view struct {
	at       unsafe.Pointer
	len, cap int
}

// elements is the sliceType of []T.
type elements[T any] struct{}

var sliceTypes = [...]sliceType{elements[byte]{}, elements[[3]byte]{}, elements[[8]byte]{}, elements[[100]byte]{}}

func viewOf[T any](s []T, err error) (view, error) {
	return view{unsafe.Pointer(unsafe.SliceData(s)), len(s), cap(s)}, err
}

func sliceOf[T any](v view) []T { return unsafe.Slice((*T)(v.at), v.cap)[:v.len] }

func (elements[T]) elemBytes() int { return int(unsafe.Sizeof(*new(T))) }

func (elements[T]) make(a *alloc.Allocator, n, c int) (view, error) {
	return viewOf(alloc.MakeSlice[T](a, n, c))
}

func (e elements[T]) append(a *alloc.Allocator, s view, values []byte) (view, error) {
	more := make([]T, len(values)/e.elemBytes())
	copy(unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(more))), len(values)), values)
	return viewOf(alloc.Append(a, sliceOf[T](s), more...))
}

func (elements[T]) appendOwn(a *alloc.Allocator, s view, lo, hi int) (view, error) {
	own := sliceOf[T](s)
	return viewOf(alloc.Append(a, own, own[lo:hi]...))
}

func (elements[T]) resize(a *alloc.Allocator, s view, n int) (view, error) {
	return viewOf(alloc.Resize(a, sliceOf[T](s), n))
}

func (b *block) view() view { return view{b.pointer(), b.length, b.capacity} }

// fits returns the request that a slice of c elements makes.
func fits(t sliceType, c int) request { return request{size: alloc.GoodSize(c * t.elemBytes())} }

func (p *runner) makeSlice(int) error {
	t := sliceTypes[p.in.below(len(sliceTypes))]
	c := max(p.size(), 0) / t.elemBytes()
	if c > 1<<20 {
		c = 10
	}
	n := c * p.in.below(5) / 4
	p.trace.note(n, c)
	var v view
	b, err := p.take(fits(t, c), func() (_ unsafe.Pointer, err error) {
		v, err = t.make(p.a, min(n, c), c)
		return v.at, err
	})
	if b == nil || err != nil {
		return err
	}
	if err := b.reshape(t, v, min(n, c)); err != nil {
		return err
	}
	if at := nonZero(b.bytes(b.known)); at >= 0 {
		return fmt.Errorf("MakeSlice: byte %d is not zero", at)
	}
	return p.enter(b, true)
}

// reshape makes b a slice of n elements; v is the result of the operation.
func (b *block) reshape(t sliceType, v view, n int) error {
	if v.len != n || v.cap < n || v.cap*t.elemBytes() > b.usable {
		return fmt.Errorf("%v: a slice of length %d has length %d, capacity %d", b, n, v.len, v.cap)
	}
	b.slice, b.length, b.capacity = t, n, v.cap
	b.known = n * t.elemBytes()
	return nil
}

// pickSlice returns a slice that the stream selects, nil if it finds none.
func (p *runner) pickSlice() *block {
	b := p.pick()
	for i := range 8 {
		if b == nil || b.slice != nil {
			return b
		}
		b = p.live[(b.index+1+i)%len(p.live)]
	}
	return nil
}

// appendSlice appends new values, or elements of the slice itself, or appends to a part
// of the slice.
func (p *runner) appendSlice(h int) error {
	b := p.pickSlice()
	if b == nil {
		return p.makeSlice(h)
	}
	if err := b.verify(); err != nil {
		return err
	}
	size, n := b.slice.elemBytes(), p.in.next()
	if p.bytes+b.usable+n*size > maxBytes || len(p.live) >= maxBlocks {
		return nil
	}
	if own := min(n, b.length); n%2 == 1 && own > 0 {
		lo := b.length - own
		tail := b.bytes(b.known)[lo*size:]
		fill(tail, b.id, lo*size)
		want := bytes.Clone(tail)
		return p.appended(b, want, own, func() (view, error) { return b.slice.appendOwn(p.a, b.view(), lo, b.length) })
	}
	if n%8 == 6 && b.length > 1 {
		return p.appendCut(b, 1+n*(b.length-1)/256)
	}
	want := make([]byte, n*size)
	fill(want, p.lastID+1, b.known)
	return p.appended(b, want, n, func() (view, error) { return b.slice.append(p.a, b.view(), want) })
}

// appended performs an append of n elements, whose bytes must equal want.
func (p *runner) appended(b *block, want []byte, n int, do func() (view, error)) error {
	t, length := b.slice, b.length+n
	r := fits(t, max(length, b.length+b.length/2))
	v, done, err := p.insistOn(b, r, do)
	if !done || err != nil {
		return err
	}
	if length <= b.capacity {
		r.size = b.requested // the slice stays unchanged
	}
	if err := p.relocate(b, v, r, length); err != nil {
		return err
	}
	got := p.live[len(p.live)-1]
	if i := differ(want, got.bytes(length * t.elemBytes())[b.known:]); i < len(want) {
		return fmt.Errorf("%v: appended byte %d is wrong", got, i)
	}
	got.fill()
	return nil
}

// resizeSlice makes b longer or shorter.
func (p *runner) resizeSlice(b *block) error {
	t := b.slice
	n := max(p.size(), 0) / t.elemBytes()
	if n > 1<<20 {
		n = 10
	}
	if err := b.verify(); err != nil {
		return err
	}
	lo, hi := b.seam(n * t.elemBytes())
	v, done, err := p.insistOn(b, fits(t, n), func() (view, error) { return t.resize(p.a, b.view(), n) })
	if !done || err != nil {
		return err
	}
	if err := p.relocate(b, v, fits(t, n), n); err != nil {
		return err
	}
	got := p.live[len(p.live)-1]
	if err := b.seamAt(got.addr, lo, hi); err != nil {
		return err
	}
	if n > b.length {
		if at := nonZero(got.bytes(got.known)[b.known:]); at >= 0 {
			return fmt.Errorf("%v: byte %d that Resize added is not zero", got, at)
		}
	}
	got.fill()
	return nil
}

func (p *runner) resizeOne(h int) error {
	if b := p.pickSlice(); b != nil {
		return p.resizeSlice(b)
	}
	return p.makeSlice(h)
}

// insistOn makes a call on the slice b. If the call fails, it must return b, which must be
// unchanged.
func (p *runner) insistOn(b *block, r request, do func() (view, error)) (v view, done bool, err error) {
	b.busy = true
	defer func() { b.busy = false }()
	done, err = p.insist(r, b, func() (err error) {
		if v, err = do(); err != nil && v != b.view() {
			err = fmt.Errorf("%v: a failed call returned another slice, %+v: %v", b, v, err)
		}
		return err
	})
	return v, done, err
}

// relocate replaces the slice b by v, which has n elements and begins with the contents
// of b. The new block is the last live one, and it is not filled yet.
func (p *runner) relocate(b *block, v view, r request, n int) error {
	now, err := p.judge(r, v.at)
	if err != nil {
		return err
	}
	if err := now.reshape(b.slice, v, n); err != nil {
		return err
	}
	if err := b.verifyAt(now.addr, now.known); err != nil {
		return err
	}
	p.remove(b)
	now.id = p.newID()
	return p.add(now, now.addr != b.addr)
}
