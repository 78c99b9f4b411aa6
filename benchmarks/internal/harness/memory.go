// SPDX-License-Identifier: Apache-2.0

package harness

import (
	"runtime"
	"runtime/debug"

	"github.com/ashlar-go/ashlar/benchmarks/internal/result"
	"github.com/ashlar-go/ashlar/benchmarks/internal/rss"
)

// Baseline reads the resident set, in bytes, and the Go heap, after both were brought down as far as they go.
func Baseline() (int64, runtime.MemStats, error) {
	debug.FreeOSMemory()
	var heap runtime.MemStats
	runtime.ReadMemStats(&heap)
	resident, err := rss.Current()
	return resident, heap, err
}

// ResidentBase reads the resident set, in bytes, when everything except the blocks is there, and starts a new
// peak. It returns 0 on systems that cannot tell the resident set.
func ResidentBase() (int64, error) {
	if !rss.Supported {
		return 0, nil
	}
	debug.FreeOSMemory()
	if err := rss.ResetPeak(); err != nil {
		return 0, err
	}
	return rss.Current()
}

// PeakAbove is the peak of the resident set above a base, in bytes; 0 on systems that cannot tell it.
func PeakAbove(base int64) (int64, error) {
	if !rss.Supported {
		return 0, nil
	}
	peak, err := rss.Peak()
	return max(peak-base, 0), err
}

// ReadMemory reads the resident set and its peak into the metrics, above a base in bytes.
func ReadMemory(m *result.Metrics, base int64) error {
	resident, err := rss.Current()
	if err != nil {
		return err
	}
	peak, err := rss.Peak()
	m.Resident, m.Peak = max(0, resident-base), max(0, peak-base)
	return err
}
