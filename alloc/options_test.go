// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"errors"
	"math"
	"strings"
	"testing"
)

// TestInvalidOptions: the error names the option, its value, and what is allowed.
func TestInvalidOptions(t *testing.T) {
	for _, c := range []struct {
		name  string
		o     Options
		words []string
	}{
		{"Limit", Options{Limit: -5}, []string{"-5", "0 for no limit", "bytes"}},
		{"GuardRate", Options{GuardRate: -1}, []string{"-1", "0 for no guarded blocks"}},
		{"HugePages", Options{HugePages: 3}, []string{"3", "HugePagesOff, HugePagesDense or HugePagesAll"}},
		{"Large.Policy", Options{Large: LargeOptions{Policy: 3}}, []string{"3", "RetainLarge, UnmapLarge or KeepLarge"}},
		{"Large.MaxMappings", Options{Large: LargeOptions{MaxMappings: math.MinInt64}}, []string{"-9223372036854775808", "mappings"}},
		{"Name", Options{Name: "a\nb"}, []string{`"a\nb"`, "control characters"}},
		{"Name", Options{Name: "\xff"}, []string{"UTF-8"}},
		{"Name", Options{Name: strings.Repeat("x", 101)}, []string{"100 bytes"}},
	} {
		a, err := NewAllocator(c.o)
		if a != nil || !errors.Is(err, ErrInvalidOption) || !strings.HasPrefix(err.Error(), "alloc: NewAllocator: ") {
			t.Errorf("%s: %v, %v", c.name, a, err)
			continue
		}
		for _, w := range append(c.words, c.name+" is ", ", want ") {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("the error %q does not say %q", err, w)
			}
		}
	}
}

// TestDefaultOptions: 0 is the default of every option, also in setters.
func TestDefaultOptions(t *testing.T) {
	var fresh Allocator
	defer fresh.Close()
	a := open(t, Options{Limit: 1 << 30, ProfileRate: 1, GuardRate: guardRate(1)})
	a.Profile().SetRate(0)
	if err := errors.Join(a.SetLimit(0), a.Inspect().SetGuardRate(0)); err != nil {
		t.Fatal(err)
	}
	if got, want := a.Profile().Rate(), fresh.Profile().Rate(); got != want || want != DefaultProfileRate {
		t.Errorf("the rate of the profile is %d, by default %d", got, want)
	}
	if got, want := a.Inspect().GuardRate(), fresh.Inspect().GuardRate(); got != want {
		t.Errorf("the rate of guarded blocks is %d, by default %d", got, want)
	}
	if got := a.space.Limit(); got != 0 {
		t.Errorf("the limit is %d", got)
	}
}

// TestSetRateRestores: SetRate with a value that Rate returned changes nothing, even if
// sampling is off.
func TestSetRateRestores(t *testing.T) {
	a := open(t, still) // sampling is off
	for _, rate := range []int{-1, 1, 4096} {
		a.Profile().SetRate(rate)
		before := a.Profile().Rate()
		a.Profile().SetRate(1)
		a.Profile().SetRate(before)
		if got := a.Profile().Rate(); got != rate {
			t.Errorf("the rate is %d, want %d", got, rate)
		}
	}
	if err := a.Inspect().SetGuardRate(-1); !errors.Is(err, ErrInvalidOption) || !strings.Contains(err.Error(), "GuardRate is -1") {
		t.Errorf("SetGuardRate(-1): %v", err)
	}
	if err := a.SetLimit(-1); !errors.Is(err, ErrInvalidOption) || !strings.Contains(err.Error(), "SetLimit") {
		t.Errorf("SetLimit(-1): %v", err)
	}
}
