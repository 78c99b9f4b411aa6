// SPDX-License-Identifier: Apache-2.0

package arena

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// A handler is a slog.Handler that calls a function for each record.
type handler func(r slog.Record)

func (h handler) Enabled(context.Context, slog.Level) bool { return true }
func (h handler) Handle(_ context.Context, r slog.Record) error {
	h(r)
	return nil
}
func (h handler) WithAttrs([]slog.Attr) slog.Handler { return h }
func (h handler) WithGroup(string) slog.Handler      { return h }

// TestCallbacks: while an arena grows, the allocator's OnLimit and Logger may read the
// numbers of the arena and of the allocator, and may allocate from the arena. If they are
// called with the arena's lock held, the test hangs.
func TestCallbacks(t *testing.T) {
	const limit = 4 << 20
	for name, c := range map[string]struct {
		options Options
		size    int
		fails   []vm.Op // kernel calls that fail
		want    error
		called  int // how often OnLimit and Logger are called
	}{
		"huge pages": {Options{HugePages: true}, 1 << 10, []vm.Op{vm.OpAdvise}, nil, 1},
		"limit":      {Options{}, limit + 1, nil, alloc.ErrLimit, 2},
		"memory":     {Options{}, 3 << 20, []vm.Op{vm.OpMap}, alloc.ErrOutOfMemory, 1},
	} {
		for _, concurrent := range []bool{false, true} {
			t.Run(name+map[bool]string{true: ", concurrent"}[concurrent], func(t *testing.T) {
				var a *Arena
				var h *alloc.Allocator
				calls := 0
				use := func() {
					calls++
					if a.Stats().ID == 0 || len(numbers(h).Arenas) != 1 {
						t.Error("the numbers lack the arena")
					}
					if *New[int](a) != 0 {
						t.Error("memory is not zero")
					}
				}
				h, err := alloc.NewAllocator(alloc.Options{Decay: -1, Limit: limit, OnLimit: func(int) bool { use(); return false },
					Logger: slog.New(handler(func(slog.Record) { use() }))})
				if err != nil {
					t.Fatal(err)
				}
				defer h.Close()
				c.options.Allocator, c.options.Concurrent = h, concurrent
				a = open(t, c.options)
				if c.want != nil {
					New[int](a) // OnLimit and Logger allocate from this chunk
				}
				vm.Inject(func(op vm.Op) error {
					if slices.Contains(c.fails, op) {
						return vm.ErrOutOfMemory
					}
					return nil
				})
				defer vm.Inject(nil)
				if _, err := a.Alloc(c.size, 8); !errors.Is(err, c.want) {
					t.Errorf("%v, want %v", err, c.want)
				}
				if calls != c.called {
					t.Errorf("%d calls, want %d", calls, c.called)
				}
				checkArena(t, a)
			})
		}
	}
}

// TestOnLimitMakesRoom: an arena grows at the allocator's limit if OnLimit frees memory.
func TestOnLimitMakesRoom(t *testing.T) {
	var h *alloc.Allocator
	var a *Arena
	var other *Arena
	h, err := alloc.NewAllocator(alloc.Options{Decay: -1, Limit: 4 << 20, OnLimit: func(int) bool {
		if other.Stats().Used == 0 {
			return false
		}
		other.Reset()
		return a.Stats().Reserved == 0
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer h.Close()
	other, a = open(t, Options{Allocator: h}), open(t, Options{Allocator: h})
	MakeSlice[byte](other, 3<<20, 3<<20)
	if _, err := a.Alloc(2<<20, 8); err != nil {
		t.Error(err)
	}
}
