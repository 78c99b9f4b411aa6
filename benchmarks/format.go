package main

import (
	"fmt"
	"math"
	"strconv"
)

// formatBytes writes a number of bytes in the largest binary unit that divides it.
func formatBytes(n int) string {
	switch {
	case n >= 1<<20 && n%(1<<20) == 0:
		return fmt.Sprintf("%d MiB", n>>20)
	case n >= 1<<10 && n%(1<<10) == 0:
		return fmt.Sprintf("%d KiB", n>>10)
	}
	return fmt.Sprintf("%d B", n)
}

// significant writes three significant digits, and all digits before the decimal point.
func significant(x float64) string {
	digits := 0
	if magnitude := math.Abs(x); magnitude > 0 {
		digits = min(max(2-int(math.Floor(math.Log10(magnitude))), 0), 3)
	}
	return strconv.FormatFloat(x, 'f', digits, 64)
}

// cell writes the median of a result with its spread: half the distance of the quartiles as a share of
// the median, or else the smallest and the largest sample.
func (r *result) cell(extremes bool) string {
	s := r.summary()
	text := significant(s.Median)
	switch {
	case s.N < 2:
		return text
	case extremes:
		return fmt.Sprintf("%s (%s–%s)", text, significant(s.Min), significant(s.Max))
	case s.Median == 0:
		return text
	}
	return fmt.Sprintf("%s ±%.0f%%", text, 100*s.Spread())
}
