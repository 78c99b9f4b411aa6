// SPDX-License-Identifier: Apache-2.0

package grid

import (
	"fmt"
	"math"
	"strconv"

	"github.com/ashlar-go/ashlar/benchmarks/internal/stat"
)

// Bytes writes a number of bytes in the largest binary unit that divides it.
func Bytes(n int) string {
	switch {
	case n >= 1<<20 && n%(1<<20) == 0:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 1<<10 && n%(1<<10) == 0:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d B", n)
}

// Memory writes a number of bytes with three digits.
func Memory(n float64) string {
	for _, unit := range []string{"B", "KiB", "MiB"} {
		if n < 1<<10 {
			return Significant(n) + " " + unit
		}
		n /= 1 << 10
	}
	return Significant(n) + " GiB"
}

// Significant writes three significant digits, and all digits before the decimal point.
func Significant(x float64) string {
	digits := 0
	if magnitude := math.Abs(x); magnitude > 0 {
		digits = min(max(2-int(math.Floor(math.Log10(magnitude))), 0), 3)
	}
	return strconv.FormatFloat(x, 'f', digits, 64)
}

// Median writes a median with its spread: half the distance between the quartiles as a share of the
// median. With extremes it writes the smallest and the largest sample instead.
func Median(s stat.Summary, extremes bool) string {
	text := Significant(s.Median)
	switch {
	case s.N < 2:
		return text
	case extremes:
		return fmt.Sprintf("%s (%s–%s)", text, Significant(s.Min), Significant(s.Max))
	case s.Median == 0:
		return text
	}
	return fmt.Sprintf("%s ±%.0f%%", text, 100*s.Spread())
}
