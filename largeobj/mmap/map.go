// SPDX-License-Identifier: Apache-2.0

package mmap

import (
	"errors"
	"math/rand/v2"

	"github.com/ashlar-go/ashlar/internal/vm"
)

// MapOptions are the options of Map. The zero value is the default of each.
type MapOptions struct {
	Options

	// Secret makes memory for keys: it is locked, has guard pages, is in no core dump,
	// does not reach a child of fork, and is wiped by Close. Where the kernel has
	// memfd_secret (Linux 5.14, enabled by default from 6.5), neither the kernel nor
	// other processes can read it by accident. It counts as locked memory: see
	// ErrLockLimit. Default: ordinary memory.
	//
	// Only Linux can keep memory out of core dumps and of children of fork. On other systems
	// Map returns an error that wraps ErrUnsupported.
	Secret bool
}

// Map returns a region of n bytes of private, zeroed memory, n > 0. Its address is a multiple
// of the page size. A page occupies RAM when it is first written.
func Map(n int, o MapOptions) (*Region, error) {
	r := newRegion(Anonymous, o.Name, o.Options)
	if o.Secret {
		r.kind, r.options.GuardPages, r.options.Lock = Secret, true, true
	}
	return r.open("Map", n, 1, func() error { return r.mapPrivate(uintptr(n)) })
}

// mapPrivate makes the mapping of n bytes of private memory, and its header if the pages
// are small. A header in front of explicit huge pages would cost a huge page.
func (r *Region) mapPrivate(n uintptr) error {
	r.seal = rand.Uint64()
	if r.huge == ExplicitPages {
		if r.kind == Anonymous && r.mapExplicit(n) == nil {
			return r.finish()
		}
		r.huge = TransparentPages
	}
	r.page, r.lead = vm.PageSize(), vm.PageSize()
	if r.kind == Secret {
		if err := r.mapSecret(n); err != nil {
			return err
		}
	} else if err := r.mapBody(vm.Kind{Populate: r.populate()}, n); err != nil {
		return err
	}
	r.writeHeader()
	return r.finish()
}

// mapExplicit tries explicit huge pages.
func (r *Region) mapExplicit(n uintptr) error {
	r.page, r.lead = vm.HugePageSize(), 0
	return r.mapBody(vm.Kind{Huge: true, Populate: r.populate()}, n)
}

// mapSecret makes a mapping of secret memory. If the kernel has no secret memory, mapSecret
// hides private memory as well as the kernel can.
func (r *Region) mapSecret(n uintptr) error {
	f, err := space.Secret()
	if err != nil {
		return r.mapHidden(n)
	}
	// The mapping keeps the file open, and nobody else can open it.
	err = space.Truncate(f, int64(r.sizeFor(n)))
	if err == nil {
		err = r.mapBody(vm.Kind{File: f, Shared: true}, n)
	}
	if err := errors.Join(err, space.CloseFile(f)); err != nil {
		return errors.Join(err, r.dismantle())
	}
	r.secret = true
	return r.hide(vm.DontFork)
}

// mapHidden makes a hidden mapping of private memory. finish locks it.
func (r *Region) mapHidden(n uintptr) error {
	if err := r.mapBody(vm.Kind{}, n); err != nil {
		return err
	}
	return r.hide(vm.DontDump, vm.WipeOnFork)
}

// hide gives the advice that secret memory needs. On failure it gives the memory back.
func (r *Region) hide(advice ...vm.Advice) error {
	for _, a := range advice {
		if err := space.Advise(r.frame.body.Base, r.frame.body.Size, a); err != nil {
			return errors.Join(err, r.dismantle())
		}
	}
	return nil
}
