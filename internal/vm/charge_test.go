// SPDX-License-Identifier: Apache-2.0

package vm

import (
	"errors"
	"math"
	"sync"
	"testing"
)

func TestCharge(t *testing.T) {
	const huge = math.MaxInt &^ 4095
	for _, c := range []struct {
		name    string
		limit   int64
		charged uintptr
		n       uintptr
		ok      bool
	}{
		{"no limit", 0, 1 << 20, 1 << 20, true},
		{"below the limit", 100, 50, 49, true},
		{"to the limit", 100, 50, 50, true},
		{"beyond the limit", 100, 50, 51, false},
		{"nothing, at the limit", 100, 100, 0, true},
		{"more than the limit alone", 100, 0, 101, false},
		{"a sum that overflows", 1 << 20, 1 << 20, huge, false},
		{"more than an int", 1 << 20, 0, ^uintptr(0), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			var s Space
			s.SetLimit(c.limit)
			if err := s.Charge(c.charged); err != nil {
				t.Fatal(err)
			}
			want := int64(c.charged)
			if c.ok {
				want += int64(c.n)
			}
			err := s.Charge(c.n)
			if c.ok != (err == nil) || !c.ok && !errors.Is(err, ErrLimit) {
				t.Errorf("Charge: %v", err)
			}
			wantGauge(t, "footprint", &s.Footprint, want, want)
		})
	}
}

// TestAcquire: acquired bytes count for the limit. If they are dropped, they never count for the peak.
func TestAcquire(t *testing.T) {
	var s Space
	must(t, s.Charge(100))
	must(t, s.Acquire(1<<30))
	wantGauge(t, "footprint", &s.Footprint, 100+1<<30, 100)
	must(t, s.Charge(10))
	wantGauge(t, "footprint beside it", &s.Footprint, 110+1<<30, 110)
	s.Drop(1 << 30)
	wantGauge(t, "footprint afterwards", &s.Footprint, 110, 110)
	must(t, s.Acquire(50))
	s.Confirm(50)
	wantGauge(t, "footprint, confirmed", &s.Footprint, 160, 160)
	s.SetLimit(200)
	must(t, s.Acquire(40))
	if err := s.Charge(1); !errors.Is(err, ErrLimit) {
		t.Errorf("acquired bytes do not count for the limit: %v", err)
	}
	if err := s.Acquire(1); !errors.Is(err, ErrLimit) {
		t.Errorf("Acquire beyond the limit: %v", err)
	}
	s.Drop(40)
	must(t, s.Charge(40))
	wantGauge(t, "footprint at the limit", &s.Footprint, 200, 200)
}

func TestLimitBelowFootprint(t *testing.T) {
	var s Space
	if err := s.Charge(100); err != nil {
		t.Fatal(err)
	}
	s.SetLimit(50)
	if err := s.Charge(1); !errors.Is(err, ErrLimit) {
		t.Errorf("Charge above a new limit: %v", err)
	}
	s.Refund(60)
	if err := s.Charge(10); err != nil {
		t.Errorf("Charge below it again: %v", err)
	}
	if s.Limit() != 50 || s.Footprint.Now() != 50 {
		t.Errorf("footprint %d of %d, want 50 of 50", s.Footprint.Now(), s.Limit())
	}
}

func TestChargeConcurrently(t *testing.T) {
	const limit, workers, rounds, n = 100, 4, 100_000, 60 // one at a time fits
	var s Space
	s.SetLimit(limit)
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for range rounds {
				if s.Charge(n) == nil {
					if now := s.Footprint.Now(); now > limit {
						t.Errorf("the footprint is %d of %d", now, limit)
					}
					s.Refund(n)
				}
			}
		})
	}
	wg.Wait()
	if peak := s.Footprint.Peak(); peak > limit || peak%n != 0 {
		t.Errorf("the footprint reached %d of %d", peak, limit)
	}
	if now := s.Footprint.Now(); now != 0 {
		t.Errorf("%d bytes stayed charged", now)
	}
}
