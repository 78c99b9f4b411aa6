package suite

import (
	"sync"
	"sync/atomic"
	"time"
)

// A Team plays one workload over one peer with several goroutines.
type Team struct {
	open       func() Worker
	scale      float64
	hands      []*hand
	live, peak atomic.Int64 // bytes asked for and not freed: now, and at most
	corruption atomic.Pointer[Corruption]
	began      time.Time
}

// A Setup says over what and how a workload is played.
type Setup struct {
	Open       func() Worker // a worker for a goroutine; those of one peer share its blocks
	Region     func() Region // a region for a goroutine; nil if the peer has none but Malloc and Release
	Goroutines int
	Scale      float64 // multiplies the number of rounds
	Ready      func()  // called once before the first worker or region is opened, when all other memory is there; may be nil
}

// A Result is what one play of a workload took.
type Result struct {
	Operations int
	Elapsed    time.Duration
	PeakLive   int64 // bytes asked for and not freed, at most; some 64 KiB a goroutine may be missing
}

// Play runs the workload. The error is a *Corruption, and then the result means nothing.
func (w *Workload) Play(s Setup) (Result, error) {
	t := &Team{open: s.Open, scale: s.Scale}
	for i := range s.Goroutines {
		t.hands = append(t.hands, &hand{team: t, index: i, random: newRandom(i), tag: byte(i * 31)})
	}
	run, equip := w.prepare(t), w.equipment(s)
	if s.Ready != nil {
		s.Ready()
	}
	for _, h := range t.hands {
		equip(h)
	}
	t.start()
	run()
	result := Result{Elapsed: time.Since(t.began)}
	for _, h := range t.hands {
		h.settle()
		result.Operations += h.ops
		w.dismiss(h)
	}
	result.PeakLive = t.peak.Load()
	if found := t.corruption.Load(); found != nil {
		return result, found
	}
	return result, nil
}

// equipment makes room for notes, and gives what opens a hand's worker or region.
func (w *Workload) equipment(s Setup) (equip func(h *hand)) {
	switch {
	case !w.InRegions:
		return func(h *hand) { h.worker = s.Open() }
	case s.Region != nil:
		return func(h *hand) { h.region = s.Region() }
	}
	notes := make([][]block, s.Goroutines)
	for i := range notes {
		notes[i] = make([]block, w.Most)
		clear(notes[i])
	}
	return func(h *hand) { h.region = &blocks{worker: s.Open(), live: notes[h.index][:0]} }
}

func (w *Workload) dismiss(h *hand) {
	if w.InRegions {
		h.region.Close()
		return
	}
	h.worker.Close()
}

// start sets the clock and the operations to zero: what was before is not measured.
func (t *Team) start() {
	for _, h := range t.hands {
		h.ops = 0
	}
	t.began = time.Now()
}

// each runs f for all hands, each in a goroutine of its own, and waits for them.
func (t *Team) each(f func(h *hand)) {
	var done sync.WaitGroup
	for _, h := range t.hands {
		done.Go(func() { f(h) })
	}
	done.Wait()
}

// rounds scales a number, which stays at least 1.
func (t *Team) rounds(n int) int { return scaled(n, t.scale) }

// part scales a goroutine's part of a number, which stays at least 1.
func (t *Team) part(n int) int { return partOf(n, len(t.hands), t.scale) }

func partOf(n, goroutines int, scale float64) int { return scaled(n/goroutines, scale) }

func scaled(n int, scale float64) int { return max(int(float64(n)*scale), 1) }

func (t *Team) addLive(n int) {
	live := t.live.Add(int64(n))
	for peak := t.peak.Load(); live > peak && !t.peak.CompareAndSwap(peak, live); peak = t.peak.Load() {
	}
}

// corrupted notes the first corruption. The play goes on, as others wait for this goroutine.
func (t *Team) corrupted(c *Corruption) { t.corruption.CompareAndSwap(nil, c) }
