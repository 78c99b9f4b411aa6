// SPDX-License-Identifier: Apache-2.0

package grid

import (
	"testing"

	"github.com/ashlar-go/ashlar/benchmarks/internal/stat"
)

func TestSignificant(t *testing.T) {
	for value, want := range map[float64]string{
		0: "0", 0.0123: "0.012", 0.692: "0.692", 1: "1.00", 7.808: "7.81", 12.34: "12.3", 195.4: "195", 10743.2: "10743", -2.5: "-2.50",
	} {
		if got := Significant(value); got != want {
			t.Errorf("Significant(%v) = %q, want %q", value, got, want)
		}
	}
}

func TestBytes(t *testing.T) {
	for n, want := range map[int]string{16: "16 B", 1 << 10: "1 KiB", 1500: "1500 B", 128 << 10: "128 KiB", 1 << 20: "1 MiB", 256 << 20: "256 MiB"} {
		if got := Bytes(n); got != want {
			t.Errorf("Bytes(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestMedian(t *testing.T) {
	s := stat.Summarize([]float64{90, 95, 100, 105, 110})
	if got := Median(s, false); got != "100 ±5%" {
		t.Errorf("median %q", got)
	}
	if got := Median(s, true); got != "100 (90.0–110)" {
		t.Errorf("median with extremes %q", got)
	}
	if got := Median(stat.Summarize([]float64{1.5}), true); got != "1.50" {
		t.Errorf("median of one sample %q", got)
	}
	if got := Median(stat.Summarize([]float64{0, 0, 1}), false); got != "0" {
		t.Errorf("median of nothing %q", got)
	}
}
