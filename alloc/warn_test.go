// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// TestLogger makes each event occur twice. The logger gets one line, with advice.
func TestLogger(t *testing.T) {
	defer func(was func() bool) { noHugePages = was }(noHugePages)
	for name, c := range map[string]struct {
		happen func(t *testing.T, a *Allocator)
		want   []string // words of the only line; none: no line
	}{
		"nothing": {func(t *testing.T, a *Allocator) { a.Free(alloc(t, a, 1<<20)) }, nil},
		"limit": {func(t *testing.T, a *Allocator) {
			a.SetLimit(1 << 20)
			if _, err := a.Malloc(2 << 20); !errors.Is(err, ErrLimit) {
				t.Errorf("%v, want ErrLimit", err)
			}
		}, []string{"level=WARN", "limit is reached", "size=2097152", "limit=1048576", "SetLimit"}},
		"memory": {func(t *testing.T, a *Allocator) {
			refuse(t, a, vm.OpMap, fmt.Errorf("%w: made up", vm.ErrOutOfMemory))
		}, []string{"kernel refused memory", "size=3145728", "vm.max_map_count", "made up"}},
		"locked memory": {func(t *testing.T, a *Allocator) {
			refuse(t, a, vm.OpMap, fmt.Errorf("%w: made up", vm.ErrLockLimit))
		}, []string{"locked memory is reached", "ulimit -l"}},
		"mappings": {func(t *testing.T, a *Allocator) {
			maxMappings = func() int64 { return 2 }
			defer func() { maxMappings = vm.MaxMappings }()
			a.Free(alloc(t, a, 1<<20))
		}, []string{"mappings", "sysctl -w vm.max_map_count", "max_map_count=2"}},
		"huge pages": {func(t *testing.T, a *Allocator) {
			noHugePages = func() bool { return false }
			adviseHuge(t, a, errors.New("made up"))
		}, []string{"refuses huge pages", "made up", "transparent_hugepage"}},
		"huge pages, never": {func(t *testing.T, a *Allocator) {
			noHugePages = func() bool { return true }
			adviseHuge(t, a, nil)
		}, []string{"refuses huge pages"}},
		"huge pages, granted": {func(t *testing.T, a *Allocator) {
			vm.Require(t, vm.HugePages)
			noHugePages = func() bool { return false }
			adviseHuge(t, a, nil)
		}, nil},
		"kept": {func(t *testing.T, a *Allocator) {
			p := alloc(t, a, 5000)
			a.Free(p)
			a.detach()
			vm.Inject(func(op vm.Op) error {
				if op == vm.OpPurge {
					return errors.New("made up")
				}
				return nil
			})
			defer vm.Inject(nil)
			for range 5 {
				tick(a)
			}
		}, []string{"does not take memory back", "made up", "sysctl"}},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			o := still
			o.Logger = slog.New(slog.NewTextHandler(&out, nil))
			a := open(t, o)
			for range 2 {
				c.happen(t, a)
			}
			lines := strings.Count(out.String(), "\n")
			if want := min(len(c.want), 1); lines != want {
				t.Fatalf("%d lines, want %d:\n%s", lines, want, &out)
			}
			for _, want := range c.want {
				if !strings.Contains(out.String(), want) {
					t.Errorf("no %q in %s", want, &out)
				}
			}
		})
	}
}

// refuse makes the kernel calls of one kind fail while 3 MiB are allocated.
func refuse(t *testing.T, a *Allocator, kind vm.Op, err error) {
	t.Helper()
	vm.Inject(func(op vm.Op) error {
		if op == kind {
			return err
		}
		return nil
	})
	defer vm.Inject(nil)
	if _, got := a.Malloc(3 << 20); !errors.Is(got, err) {
		t.Errorf("%v, want %v", got, err)
	}
}

// adviseHuge asks for huge pages as arenas do, and injects the kernel's answer.
func adviseHuge(t *testing.T, a *Allocator, err error) {
	t.Helper()
	p := alloc(t, a, 1<<20)
	defer a.Free(p)
	vm.Inject(func(op vm.Op) error {
		if op == vm.OpAdvise {
			return err
		}
		return nil
	})
	defer vm.Inject(nil)
	h := (*host)(a)
	h.AdvisedHuge(h.Space().Advise(raw.AlignUp(raw.Addr(p), vm.PageSize()), vm.PageSize(), vm.HugePage))
}

// TestLoggerAllocates: a handler may use the allocator that calls it.
func TestLoggerAllocates(t *testing.T) {
	o := still
	h := &allocating{Handler: slog.NewTextHandler(&bytes.Buffer{}, nil)}
	o.Logger = slog.New(h)
	a := open(t, o)
	h.a = a
	a.SetLimit(1 << 20)
	if _, err := a.Malloc(2 << 20); !errors.Is(err, ErrLimit) {
		t.Errorf("%v, want ErrLimit", err)
	}
	if h.got != 1 {
		t.Errorf("%d allocations in the handler", h.got)
	}
}

type allocating struct {
	slog.Handler
	a   *Allocator
	got int
}

func (h *allocating) Handle(ctx context.Context, r slog.Record) error {
	for _, size := range []int{100, 2 << 20} { // the second fails and would be logged
		if p, err := h.a.Malloc(size); err == nil {
			h.got++
			h.a.Free(p)
		}
	}
	return h.Handler.Handle(ctx, r)
}

// TestHugePagesForbidden: where the system allows no huge pages, small ones are used, and the logger
// gets a warning when the Allocator is made.
func TestHugePagesForbidden(t *testing.T) {
	vm.Require(t, vm.HugePages)
	defer func(was func() bool) { noHugePages = was }(noHugePages)
	noHugePages = func() bool { return true }
	var out bytes.Buffer
	a := open(t, Options{Decay: -1, HugePages: HugePagesAll, Logger: slog.New(slog.NewTextHandler(&out, nil))})
	a.Free(alloc(t, a, 64))
	if !strings.Contains(out.String(), "refuses huge pages") || a.Stats().HugePages.Chunks != 0 {
		t.Errorf("%+v, logged %q", a.Stats().HugePages, &out)
	}
}
