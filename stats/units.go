// SPDX-License-Identifier: Apache-2.0

package stats

import (
	"fmt"
	"strconv"
)

// Bytes formats a number of bytes in the largest binary unit that it fills, with three
// significant digits: "17 B", "1.50 KiB", "-12.3 MiB", "345 GiB".
func Bytes(n int64) string {
	const units = "KMGTPE"
	abs := float64(n)
	if n < 0 {
		abs = -abs
	}
	if abs < 1024 {
		return strconv.FormatInt(n, 10) + " B"
	}
	unit := 0
	for abs /= 1024; abs >= 1023.5 && unit < len(units)-1; abs /= 1024 {
		unit++
	}
	digits := 2
	switch {
	case abs >= 99.95:
		digits = 0
	case abs >= 9.995:
		digits = 1
	}
	if n < 0 {
		abs = -abs
	}
	return fmt.Sprintf("%.*f %ciB", digits, abs, units[unit])
}
