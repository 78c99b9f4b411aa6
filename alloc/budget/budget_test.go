// SPDX-License-Identifier: Apache-2.0

package budget

import (
	"bytes"
	"errors"
	"io/fs"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/internal/vm"
	"github.com/ashlar-go/ashlar/stats"
)

const MiB = 1 << 20

// fakeHeap is a Go heap whose contents a test sets.
type fakeHeap struct {
	mu             sync.Mutex
	bytes, garbage int64 // held bytes, and the part that collecting frees
	limit          int64
	blocks         int64 // what the limit counts for allocators
}

func (h *fakeHeap) use() goUse {
	h.mu.Lock()
	defer h.mu.Unlock()
	return goUse{h.bytes, h.bytes - h.garbage, h.blocks}
}

func (h *fakeHeap) setLimit(n int64) int64 {
	h.mu.Lock()
	defer h.mu.Unlock()
	was := h.limit
	if n >= 0 {
		h.limit = n
	}
	return was
}

func (h *fakeHeap) collect() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.bytes -= h.garbage
	h.garbage = 0
}

// fakeMemory is off-heap memory whose live and retained bytes a test sets.
type fakeMemory struct {
	mu              sync.Mutex
	bytes, retained int64
	limit           int64
	closed          bool
	trim            func() // called by Trim, if it is set
}

func (m *fakeMemory) Stats() stats.Snapshot {
	m.mu.Lock()
	defer m.mu.Unlock()
	return stats.Snapshot{Footprint: stats.Gauge{Now: m.bytes}, Limit: m.limit,
		Memory: stats.Memory{LargeDirty: m.retained}, Metadata: stats.Metadata{Footprint: MiB}}
}

func (m *fakeMemory) Trim() int64 {
	if m.trim != nil {
		m.trim()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	n := m.retained
	m.bytes -= n
	m.retained = 0
	return n
}

func (m *fakeMemory) SetLimit(n int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.limit = n
	if m.closed {
		return alloc.ErrClosed
	}
	return nil
}

// grow takes n bytes as an allocator does: at its limit it calls the Balancer to make room.
func (m *fakeMemory) grow(b *Balancer, n int64) bool {
	fits := func() bool { return m.bytes+n <= m.limit }
	if !fits() {
		b.look(m, n)
	}
	if !fits() {
		return false
	}
	m.bytes += n
	return true
}

const noLimit = 1<<63 - 1

func files(limit, some string) fs.FS {
	return fstest.MapFS{
		"proc/self/cgroup":             {Data: []byte("0::/\n")},
		"proc/self/mountinfo":          {Data: []byte("30 23 0:26 / /sys/fs/cgroup rw - cgroup2 cgroup2 rw\n")},
		"sys/fs/cgroup/memory.max":     {Data: []byte(limit + "\n")},
		"sys/fs/cgroup/memory.current": {Data: []byte("1\n")},
		"proc/pressure/memory":         {Data: []byte("some avg10=" + some + " avg60=0.00 avg300=0.00 total=1\n")},
	}
}

// quiet starts a Balancer that looks only when the test calls it.
func quiet(t *testing.T, o Options, h goHeap, memory ...Memory) *Balancer {
	t.Helper()
	o.Interval = time.Hour
	if o.root == nil {
		o.root = fstest.MapFS{}
	}
	b, err := start(o, h, memory...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.Stop)
	return b
}

// TestDivision: the sum of the parts never exceeds the limit, on whichever side memory grows.
func TestDivision(t *testing.T) {
	const limit = 1024 * MiB
	h, m := &fakeHeap{limit: noLimit, bytes: 100 * MiB}, &fakeMemory{}
	b := quiet(t, Options{Limit: limit, Floor: 128 * MiB, Reserve: 64 * MiB}, h, m)
	check := func(when string) {
		t.Helper()
		if sum := m.limit + MiB + h.limit + 64*MiB; sum > limit+limit/256 && h.limit > 128*MiB {
			t.Errorf("%s: off-heap may have %d MiB and the Go heap %d MiB", when, m.limit/MiB, h.limit/MiB)
		}
		if m.limit > limit-(128+64)*MiB {
			t.Errorf("%s: off-heap may have %d MiB, which leaves no floor", when, m.limit/MiB)
		}
	}
	check("at first")
	first := h.limit
	for m.grow(b, 3*MiB) {
		check("off-heap grew")
	}
	if got := m.bytes / MiB; got < 1024-64-128-20 || got > 1024-64-128 {
		t.Errorf("off-heap grew to %d MiB", got)
	}
	if h.limit >= first || h.limit < 128*MiB || h.limit > 132*MiB {
		t.Errorf("the Go heap may have %d MiB, want its floor", h.limit/MiB)
	}
	m.bytes = 10 * MiB
	b.look(nil, 0)
	check("off-heap shrank")
	if h.limit < 400*MiB {
		t.Errorf("the Go heap may have %d MiB after off-heap memory shrank", h.limit/MiB)
	}
	h.bytes = 700 * MiB
	b.look(nil, 0)
	check("the Go heap grew")
	if h.limit < 700*MiB {
		t.Errorf("the Go heap holds 700 MiB and may have %d", h.limit/MiB)
	}
	b.Stop()
	if h.limit != noLimit || m.limit != 0 {
		t.Errorf("after Stop the limits are %d and %d", h.limit, m.limit)
	}
	b.Stop()
	b.look(nil, 0)
	if b.Add(&fakeMemory{}); h.limit != noLimit {
		t.Error("it balances after Stop")
	}
}

// TestOrder: the Balancer first purges retained memory, then collects the Go heap, and then
// the allocation fails.
func TestOrder(t *testing.T) {
	h, m := &fakeHeap{limit: noLimit, bytes: 400 * MiB, garbage: 200 * MiB}, &fakeMemory{bytes: 500 * MiB, retained: 100 * MiB}
	var out bytes.Buffer
	b := quiet(t, Options{Limit: 1024 * MiB, Floor: 100 * MiB, Reserve: 24 * MiB, Logger: slog.New(slog.NewTextHandler(&out, nil))}, h, m)
	for _, c := range []struct {
		name             string
		n                int64
		fits             bool
		purges, collects int
	}{
		{"there is room", 20 * MiB, true, 0, 0},
		{"by purging", 130 * MiB, true, 1, 0},
		{"by collecting", 150 * MiB, true, 1, 1},
		{"not at all", 300 * MiB, false, 1, 2},
		{"not at all, again", 300 * MiB, false, 1, 3},
	} {
		b.purging, b.collecting = chore{}, chore{}
		fits := m.grow(b, c.n)
		if s := b.State(); fits != c.fits || s.Purges != c.purges || s.Collects != c.collects {
			t.Errorf("%s: fits %v, %+v", c.name, fits, s)
		}
	}
	if n := strings.Count(out.String(), "budget is exhausted"); n != 1 {
		t.Errorf("logged %d times: %s", n, &out)
	}
}

// TestPressure: the Balancer purges when the kernel reports pressure.
func TestPressure(t *testing.T) {
	for some, purges := range map[string]int{"0.00": 0, "9.99": 0, "25.00": 1} {
		h, m := &fakeHeap{limit: noLimit}, &fakeMemory{bytes: 100 * MiB, retained: 50 * MiB}
		b := quiet(t, Options{Limit: 1024 * MiB, root: files("max", some)}, h, m)
		if got := b.State().Purges; got != purges {
			t.Errorf("pressure %s: %d purges, want %d", some, got, purges)
		}
	}
}

// TestCgroup: without Options.Limit the budget is the control group's limit, also after that
// has changed.
func TestCgroup(t *testing.T) {
	tree := files("536870912", "0.00").(fstest.MapFS)
	h := &fakeHeap{limit: noLimit}
	b := quiet(t, Options{root: tree}, h, &fakeMemory{})
	if got := b.State().Limit; got != 512*MiB {
		t.Errorf("limit %d", got)
	}
	first := h.limit
	tree["sys/fs/cgroup/memory.max"] = &fstest.MapFile{Data: []byte("1073741824\n")}
	for range reread {
		b.look(nil, 0)
	}
	if got := b.State().Limit; got != 1024*MiB || h.limit <= first {
		t.Errorf("raised: limit %d, the Go heap's %d", got, h.limit)
	}
	tree["sys/fs/cgroup/memory.max"] = &fstest.MapFile{Data: []byte("nonsense\n")}
	for range reread {
		b.look(nil, 0)
	}
	if got := b.State().Limit; got != 1024*MiB {
		t.Errorf("nonsense: limit %d", got)
	}
}

// Answers of a system that is asked for its limit.
var (
	errBroken = errors.New("broken")
	unlimited = func() (int64, error) { return 0, nil }
	unknown   = func() (int64, error) { return 0, errors.ErrUnsupported }
	failing   = func() (int64, error) { return 0, errBroken }
)

// TestSystemLimit: without a limit in Options, a control group's limit counts first, then the
// limit that the system reports. The Balancer adopts it when it changes.
func TestSystemLimit(t *testing.T) {
	limit := int64(2048 * MiB)
	system := func() (int64, error) { return limit, nil }
	for name, c := range map[string]struct {
		o    Options
		want int64
	}{
		"options":                       {Options{Limit: 256 * MiB, system: system}, 256 * MiB},
		"control group":                 {Options{root: files("536870912", "0.00"), system: system}, 512 * MiB},
		"control group without a limit": {Options{root: files("max", "0.00"), system: system}, 2048 * MiB},
		"no control group":              {Options{system: system}, 2048 * MiB},
	} {
		if b := quiet(t, c.o, &fakeHeap{limit: noLimit}); b.State().Limit != c.want {
			t.Errorf("%s: limit %d, want %d", name, b.State().Limit, c.want)
		}
	}
	b := quiet(t, Options{system: system}, &fakeHeap{limit: noLimit})
	limit = 1024 * MiB
	for range reread {
		b.look(nil, 0)
	}
	if got := b.State().Limit; got != limit {
		t.Errorf("after the change: limit %d", got)
	}
}

// TestLimitOfThisPlatform: where the system reports a limit, a Balancer needs none. Elsewhere the
// error says on which platform it does not.
func TestLimitOfThisPlatform(t *testing.T) {
	b, err := start(Options{root: fstest.MapFS{}}, &fakeHeap{limit: noLimit})
	if err == nil {
		b.Stop()
	}
	switch limit, want := vm.MemoryLimit(); {
	case limit > 0:
		if err != nil || b.State().Limit != limit {
			t.Errorf("Start: %v, though the system's limit is %d bytes", err, limit)
		}
	case !errors.Is(err, ErrNoLimit) || errors.Is(err, errors.ErrUnsupported) != (want != nil):
		t.Errorf("Start: %v; the system's limit: %v", err, want)
	case want != nil && !strings.Contains(err.Error(), vm.Platform()):
		t.Errorf("Start: %v does not name %s", err, vm.Platform())
	}
}

func TestStartFails(t *testing.T) {
	for name, c := range map[string]struct {
		o    Options
		want error
	}{
		"no control group":  {Options{root: fstest.MapFS{}, system: unlimited}, ErrNoLimit},
		"no limit":          {Options{root: files("max", "0.00"), system: unlimited}, ErrNoLimit},
		"no way to know":    {Options{root: fstest.MapFS{}, system: unknown}, ErrNoLimit},
		"and it says so":    {Options{root: fstest.MapFS{}, system: unknown}, errors.ErrUnsupported},
		"an error":          {Options{root: fstest.MapFS{}, system: failing}, errBroken},
		"floor and reserve": {Options{Limit: 100, Floor: 60, Reserve: 40, root: fstest.MapFS{}}, ErrTooSmall},
	} {
		h := &fakeHeap{limit: 5}
		if _, err := start(c.o, h); !errors.Is(err, c.want) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
		if h.limit != 5 {
			t.Errorf("%s: the Go memory limit was moved", name)
		}
	}
}

// TestOwnLimits: the Balancer never sets a limit above the one that was set before.
func TestOwnLimits(t *testing.T) {
	h, m := &fakeHeap{limit: 200 * MiB}, &fakeMemory{limit: 50 * MiB}
	b := quiet(t, Options{Limit: 1024 * MiB}, h, m)
	if m.limit != 50*MiB || h.limit != 200*MiB {
		t.Errorf("limits %d and %d", m.limit, h.limit)
	}
	b.Stop()
	if m.limit != 50*MiB || h.limit != 200*MiB {
		t.Errorf("after Stop %d and %d", m.limit, h.limit)
	}
}
