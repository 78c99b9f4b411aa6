// SPDX-License-Identifier: Apache-2.0

package abuse

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
)

// A way is one way to pass an address to an Allocator.
type way struct {
	name, op string
	do       func(s *Fixture, p unsafe.Pointer)
}

var ways = []way{
	{"Free", "Free", func(s *Fixture, p unsafe.Pointer) { s.a.Free(p) }},
	{"Local.Free", "Free", func(s *Fixture, p unsafe.Pointer) { s.l.Free(p) }},
	{"Realloc", "Realloc", func(s *Fixture, p unsafe.Pointer) { _, _ = s.a.Realloc(p, 50) }},
	{"Realloc to 0", "Realloc", func(s *Fixture, p unsafe.Pointer) { _, _ = s.a.Realloc(p, 0) }},
}

// Run runs a case whose Report is not a fault in mode m. It returns an error that
// describes how the result differs from the Report.
func (c *Case) Run(m int) error {
	if c.Do != nil {
		return c.makeMistake(m, c.in(m), c.Do)
	}
	for _, w := range ways {
		want := c.in(m)
		if want.Op == "" {
			want.Op = w.op
		}
		if want.Misuse == alloc.DoubleFree && want.Op != "Free" {
			want.Misuse = alloc.UseAfterFree
		}
		err := c.makeMistake(m, want, func(s *Fixture) error {
			w.do(s, c.Bad(s))
			return nil
		})
		if err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
	}
	return nil
}

// RunFault runs a case whose Report in mode m is a fault, which ends the process. It
// calls tell with each address before it is accessed.
func (c *Case) RunFault(m int, tell func(addr uintptr)) error {
	s, err := newFixture(&Modes[m])
	if err != nil {
		return err
	}
	s.quiet = tell
	return c.Do(s)
}

// makeMistake makes one mistake on a new Fixture.
func (c *Case) makeMistake(m int, want Report, do func(*Fixture) error) error {
	s, err := newFixture(&Modes[m])
	if err != nil {
		return err
	}
	value, got := attempt(s, do)
	if value == nil && got == nil && s.a != nil {
		got = s.a.Inspect().Verify()
	}
	if err := want.compare(s, got, value); err != nil {
		return err
	}
	if s.a == nil {
		return nil // the case has closed it
	}
	if want.Kind != Found { // otherwise Verify would report it again
		if err := s.works(); err != nil {
			return fmt.Errorf("afterwards: %w", err)
		}
	}
	n := s.a.Stats()
	if got, want := n.Memory.Total(), n.Mapped.Now+n.Metadata.Mapped; got != want {
		return fmt.Errorf("afterwards: the fields of Memory add up to %d bytes, but %d are mapped", got, want)
	}
	if err := want.compareEnd(s, s.end()); err != nil {
		return fmt.Errorf("closing: %w", err)
	}
	n = s.a.Stats()
	if n.Mapped.Now != 0 || n.Footprint.Now != 0 {
		return fmt.Errorf("after Close: %d bytes are mapped, the footprint is %d", n.Mapped.Now, n.Footprint.Now)
	}
	return nil
}

// attempt returns the value of the panic, or the error, with which do ends. An error that
// Catch returns for a fault counts as a panic.
func attempt(s *Fixture, do func(*Fixture) error) (value any, err error) {
	defer func() {
		if r := recover(); r != nil {
			value = r
		}
	}()
	if fault := alloc.Catch(func() { err = do(s) }); fault != nil {
		return fault, nil
	}
	return nil, err
}

// compare returns an error if the error or the value of the panic differs from the
// Report.
func (r *Report) compare(s *Fixture, err error, value any) error {
	if f, ok := value.(failure); ok {
		return fmt.Errorf("the case failed: %w", f.error)
	}
	switch {
	case r.Kind == Panics:
		got, ok := value.(*alloc.MisuseError)
		if !ok {
			return fmt.Errorf("panic(%v), error %w; want a *MisuseError", value, err)
		}
		return r.compareMisuse(s, got)
	case value != nil:
		return fmt.Errorf("panic: %v", value)
	case r.Kind == Found:
		var e *alloc.MisuseError
		if !errors.As(err, &e) {
			return fmt.Errorf("verified: %w, want a *MisuseError", err)
		}
		s.at = s.block
		return r.compareMisuse(s, e)
	case r.Kind == Refused:
		var e *alloc.Error
		if !errors.As(err, &e) || !errors.Is(err, r.Err) || e.Op != r.Op {
			return fmt.Errorf("got %w, want an *Error of %s that wraps %w", err, r.Op, r.Err)
		}
	case err != nil:
		return err
	}
	return nil
}

// compareEnd returns an error if the result of Close, or its list of leaks, differs from
// the Report. Close may still find bytes that a long overflow has changed.
func (r *Report) compareEnd(s *Fixture, err error) error {
	var e *alloc.MisuseError
	if errors.As(err, &e) && (r.Kind == Panics || r.Kind == Found) {
		err = nil
	} else if err == nil && r.Kind == Found {
		return errors.New("a *MisuseError is missing")
	}
	if r.Kind == Listed {
		for _, w := range r.Words {
			if !strings.Contains(s.leaks.String(), w) {
				return fmt.Errorf("the list of leaks does not say %q:\n%s", w, s.leaks.String())
			}
		}
	}
	return err
}

// compareMisuse compares a *alloc.MisuseError with the Report.
func (r *Report) compareMisuse(s *Fixture, got *alloc.MisuseError) error {
	switch {
	case got.Kind != r.Misuse:
		return fmt.Errorf("%v, want %v: %w", got.Kind, r.Misuse, got)
	case !slices.Contains(strings.Split(r.Op, "|"), got.Op):
		return fmt.Errorf("operation %q, want %q: %w", got.Op, r.Op, got)
	case r.Fault && got.Size != s.sizeOf(r.Size):
		return fmt.Errorf("%d bytes, want %d: %w", got.Size, s.sizeOf(r.Size), got)
	case !r.Fault && (got.Addr != s.at || !r.Other && (got.Block != s.block || got.Size != s.sizeOf(r.Size))):
		return fmt.Errorf("address %#x, block %#x of %d bytes, want %#x, %#x, %d: %w",
			got.Addr, got.Block, got.Size, s.at, s.block, r.Size, got)
	case !slices.ContainsFunc(strings.Split(r.State, "|"), func(w string) bool {
		return w == got.State || w != "" && strings.Contains(got.State, w)
	}):
		return fmt.Errorf("state %q, want %q: %w", got.State, r.State, got)
	}
	for _, w := range r.Words {
		if !strings.Contains(got.Error(), w) {
			return fmt.Errorf("the error does not say %q: %w", w, got)
		}
	}
	return nil
}
