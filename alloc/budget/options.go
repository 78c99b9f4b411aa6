// SPDX-License-Identifier: Apache-2.0

package budget

import (
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"time"

	"github.com/ashlar-go/ashlar/internal/procfs"
)

// Options choose what a Balancer does. The zero value is the default of each.
type Options struct {
	// Limit is the budget in bytes: Go heap, off-heap memory and reserve together.
	// 0: the memory limit of the process' control group, of version 2 or 1, which is
	// read again every few seconds.
	Limit int64

	// Floor is what is left to the Go heap at least, in bytes. 0: an eighth of the
	// limit.
	Floor int64

	// Reserve is for memory that is counted by nobody, in bytes. 0: a sixteenth of the
	// limit.
	Reserve int64

	// Interval is how often the Balancer looks. 0: 100 ms.
	Interval time.Duration

	// Logger, if set, is told once when the budget is exhausted.
	Logger *slog.Logger

	root fs.FS // of the kernel's files; nil: the system's
}

// The errors that Start wraps.
var (
	// ErrNoLimit means that Options.Limit is 0 and no control group limits the process.
	ErrNoLimit = errors.New("budget: no limit: set Options.Limit, or run under a memory limit of a control group (version 1 or 2)")
	// ErrTooSmall means that floor and reserve leave nothing of the limit.
	ErrTooSmall = errors.New("budget: floor and reserve are as much as the limit")
)

// division is a limit and its fixed parts, in bytes.
type division struct{ limit, floor, reserve int64 }

// divide fills in the defaults for a limit.
func (o *Options) divide(limit int64) (division, error) {
	d := division{limit, o.Floor, o.Reserve}
	if d.floor <= 0 {
		d.floor = limit / 8
	}
	if d.reserve <= 0 {
		d.reserve = limit / 16
	}
	if d.limit-d.floor-d.reserve <= 0 {
		return d, fmt.Errorf("%w: limit %d, floor %d, reserve %d bytes", ErrTooSmall, d.limit, d.floor, d.reserve)
	}
	return d, nil
}

// limit returns Options.Limit, or the control group's.
func (o *Options) limit(group *procfs.Cgroup) (int64, error) {
	if o.Limit > 0 {
		return o.Limit, nil
	}
	if group == nil {
		return 0, ErrNoLimit
	}
	limit, err := group.Limit()
	if err == nil && limit == 0 {
		err = ErrNoLimit
	}
	return limit, err
}
