// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"errors"
	"fmt"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/ashlar-go/ashlar/internal/vm"
)

func init() { children["mapcount"] = exhaustMappings }

// A hog takes as many mappings as the kernel allows: in one large mapping it changes the
// protection of every second page.
type hog struct {
	pages []byte
	page  int
	odd   int // number of changed pages
}

// eat changes pages until the kernel refuses.
func (h *hog) eat() error {
	for {
		err := unix.Mprotect(h.at(h.odd), unix.PROT_READ)
		if errors.Is(err, unix.ENOMEM) {
			return nil
		}
		if h.odd++; err != nil || (2*h.odd+2)*h.page > len(h.pages) {
			return fmt.Errorf("after %d pages: %w", h.odd, err)
		}
	}
}

// spare releases n mappings, two at a time.
func (h *hog) spare(n int) error {
	for ; n > 0; n -= 2 {
		h.odd--
		if err := unix.Mprotect(h.at(h.odd), unix.PROT_NONE); err != nil {
			return err
		}
	}
	return nil
}

// at returns the i-th page to change.
func (h *hog) at(i int) []byte { return h.pages[(2*i+1)*h.page:][:h.page] }

// exhaustMappings runs the scenario in a process that has no mapping or few mappings left,
// so that the kernel itself refuses. (It may allow a mapping that it can merge with a
// neighbour.) Then there is room again.
func exhaustMappings() error {
	roomForGo()
	page := int(vm.PageSize())
	pages, err := unix.Mmap(-1, 0, int(vm.MaxMappings()+10)*page, unix.PROT_NONE,
		unix.MAP_PRIVATE|unix.MAP_ANON|unix.MAP_NORESERVE)
	if err != nil {
		return err
	}
	h := &hog{pages: pages, page: page}
	for _, o := range faultOptions {
		warm, err := NewAllocator(o.o)
		if err != nil {
			return err
		}
		// From here on Go's runtime has the mappings that it needs for this.
		if err := (&scenario{a: warm, l: warm.NewLocal()}).vanish(); err != nil {
			return err
		}
		a, err := NewAllocator(o.o)
		if err != nil {
			return err
		}
		s := &scenario{a: a, l: a.NewLocal()}
		for _, spare := range []int{0, 2, 4, 8, 16, 40} {
			if err := h.eat(); err != nil {
				return err
			}
			if err := h.spare(spare); err != nil {
				return err
			}
			err := s.run()
			// The check needs more of the Go heap than may be available.
			if err := errors.Join(err, h.spare(100), a.checkInvariants()); err != nil {
				return fmt.Errorf("%s, %d mappings to spare: %w", o.name, spare, err)
			}
		}
		if err := h.spare(2 * h.odd); err != nil {
			return err
		}
		if err := s.vanish(); err != nil {
			return fmt.Errorf("%s: %w", o.name, err)
		}
	}
	return unix.Munmap(pages)
}

// vanish frees everything. Afterwards no memory may remain.
func (s *scenario) vanish() error {
	before := s.failed
	if err := s.run(); err != nil || s.failed != before {
		return fmt.Errorf("%d operations fail afterwards: %w", s.failed-before, err)
	}
	for len(s.blocks) > 0 {
		if err := s.free(0); err != nil {
			return err
		}
	}
	s.l.Close()
	s.a.Trim()
	if n := s.a.space.Footprint.Now(); n != 0 {
		return fmt.Errorf("the footprint is %d bytes when all is freed", n)
	}
	return s.a.Close()
}

// TestMapCountReached: when vm.max_map_count is reached, allocations return an error and
// nothing else goes wrong.
func TestMapCountReached(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector needs mappings as it goes")
	}
	if vm.MaxMappings() > 1<<18 {
		t.Skipf("the kernel allows %d mappings", vm.MaxMappings())
	}
	runChild(t, "mapcount")
}
