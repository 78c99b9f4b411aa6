package alloc

import (
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/percpu"
	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/sizeclass"
)

// Realloc changes the size of block p to size bytes and returns where it is now.
// The contents are kept up to the smaller of both sizes; what is added is
// unspecified. Large objects grow and shrink without copying.
//
// Realloc(nil, size) is Malloc(size). Realloc(p, 0) frees p and returns nil. If
// an error is returned, p is as it was; the errors are those of Malloc. A p that
// Free would not take panics with a *MisuseError.
func (a *Allocator) Realloc(p unsafe.Pointer, size int) (unsafe.Pointer, error) {
	return a.realloc((*processors)(a), p, size)
}

func (a *Allocator) realloc(h holder, p unsafe.Pointer, size int) (unsafe.Pointer, error) {
	const op = "Realloc"
	addr := raw.Addr(p)
	switch {
	case size < 0:
		return nil, &Error{Op: op, Size: size, Err: ErrInvalidSize}
	case p == nil:
		addr, _, err := a.slowMalloc(h, op, size, false)
		return raw.Pointer(addr), err
	case size == 0:
		a.slowFree(h, op, addr)
		return nil, nil
	}
	st, _, c := a.liveBlock(addr)
	if st == nil {
		return a.reallocLarge(h, addr, size)
	}
	if size < sizeclass.LargeMin {
		if fit := sizeclass.FitOf(size); fit.Class() == c {
			a.recode(c, st, fit.Code())
			return p, nil
		}
	}
	return a.move(h, addr, uintptr(c.Size()), size)
}

// reallocLarge resizes a large object.
func (a *Allocator) reallocLarge(h holder, addr uintptr, size int) (unsafe.Pointer, error) {
	const op = "Realloc"
	if !a.isLarge(addr) {
		panic(a.misuse(op, addr))
	}
	usable, err := a.large.Usable(addr)
	if err != nil {
		panic(explainLarge(op, addr, err))
	}
	if size < sizeclass.LargeMin {
		return a.move(h, addr, usable, size)
	}
	now := addr
	err = a.retry(size, func() error {
		now, err = a.large.Resize(addr, uintptr(size))
		return err
	})
	if err != nil {
		return nil, &Error{Op: op, Size: size, Err: err}
	}
	return raw.Pointer(now), nil
}

// move copies the block at addr, which has usable bytes, into a new one of size
// bytes and frees it.
func (a *Allocator) move(h holder, addr, usable uintptr, size int) (unsafe.Pointer, error) {
	to, _, err := a.slowMalloc(h, "Realloc", size, false)
	if err != nil {
		return nil, err
	}
	n := min(usable, uintptr(size))
	copy(raw.Bytes(to, n), raw.Bytes(addr, n))
	a.slowFree(h, "Realloc", addr)
	return raw.Pointer(to), nil
}

// recode notes that another part of a live block is asked for.
func (a *Allocator) recode(c sizeclass.Class, st *state, code uint8) {
	change := uint64(code) - uint64(*st-live)
	*st = live | code
	id := percpu.Pin()
	if a.hasCache(id) {
		if cache := a.cacheOf(id); cache != none() {
			rackOf(cache, c).codes += change
			percpu.Unpin(id)
			return
		}
	}
	percpu.Unpin(id)
	d := &a.depots[c]
	d.mu.Lock()
	d.codes += change
	d.mu.Unlock()
}
