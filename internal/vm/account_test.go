// SPDX-License-Identifier: Apache-2.0

package vm

import "testing"

func TestAccount(t *testing.T) {
	var s Space
	before := Mappings()
	_, a := mapIn(t, &s, 3*mib, PageSize())
	_, b := mapIn(t, &s, mib, PageSize())
	if err := s.Charge(2 * mib); err != nil {
		t.Fatal(err)
	}
	b, err := s.Remap(b, 2*mib)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Purge(a.Base, mib, false); err != nil {
		t.Fatal(err)
	}
	s.Refund(mib)
	if n := Mappings() - before; n != 2 {
		t.Errorf("the process has %d more mappings, want 2", n)
	}
	release(t, &s, a)
	wantGauge(t, "mapped", &s.Mapped, 2*mib, 5*mib)
	wantGauge(t, "footprint", &s.Footprint, mib, 2*mib)
	wantGauge(t, "mappings", &s.Mappings, 1, 2)
	release(t, &s, b)
	wantGauge(t, "mapped at the end", &s.Mapped, 0, 5*mib)
	if n := Mappings(); n != before {
		t.Errorf("the process has %d mappings at the end, %d before", n, before)
	}
	want := [NumOps]uint64{OpMap: 2, OpPurge: 1, OpRelease: 2, OpRemap: 1}
	if Able(HugePages) {
		want[OpAdvise] = 2 // preferSmall
	}
	for op, want := range want {
		if got := s.Calls(Op(op)); got != want {
			t.Errorf("%v was called %d times, want %d", Op(op), got, want)
		}
	}
}

func wantGauge(t *testing.T, name string, g *Gauge, now, peak int64) {
	t.Helper()
	if g.Now() != now || g.Peak() != peak {
		t.Errorf("%s: %d, peak %d; want %d, peak %d", name, g.Now(), g.Peak(), now, peak)
	}
}

func TestMaxMappings(t *testing.T) {
	if n := MaxMappings(); n < 1024 {
		t.Errorf("MaxMappings() = %d, fewer than any kernel allows", n)
	}
}
