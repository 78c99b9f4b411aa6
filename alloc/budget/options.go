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
	// Limit is the budget in bytes for the Go heap, off-heap memory and the reserve.
	// 0 means the limit that the system sets. On Linux that is the memory limit of the
	// process's control group (version 1 or 2). On macOS, BSD, illumos and Solaris it is the
	// memory of the machine, or the process's limit of address space if that is smaller. On
	// Windows it is the memory of the machine, or the limit of the process's job object if that is
	// smaller. The Balancer reads the limit again at every 50th look, which is every 5 s by default.
	Limit int64

	// Floor is the smallest limit of the Go heap, in bytes. 0 means an eighth of the
	// budget.
	Floor int64

	// Reserve is kept for memory that nobody counts, in bytes. 0 means a sixteenth of the
	// budget.
	Reserve int64

	// Interval is the time between two looks. 0 means 100 ms.
	Interval time.Duration

	// Logger gets one warning when the budget is exhausted for the first time. nil means
	// no warning.
	Logger *slog.Logger

	root   fs.FS                 // root of the kernel's files; nil: the system's
	system func() (int64, error) // the limit that has no file in root; nil: the system's
}

// The errors that Start wraps.
var (
	// ErrNoLimit means that Options.Limit is 0 and that the system sets no limit. If the
	// package cannot read a limit on this platform, the error is also errors.ErrUnsupported.
	ErrNoLimit = errors.New("budget: no limit: set Options.Limit, or run under a limit of the system, such as a control group's (version 1 or 2)")
	// ErrTooSmall means that floor and reserve use up the limit.
	ErrTooSmall = errors.New("budget: floor and reserve use up the limit: raise Limit, or lower Floor and Reserve")
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

// limit returns Options.Limit, or the system's limit if that is 0: the control group's, and
// where no control group sets one, that of the process.
func (o *Options) limit(group *procfs.Cgroup) (int64, error) {
	if o.Limit > 0 {
		return o.Limit, nil
	}
	if group != nil {
		if limit, err := group.Limit(); err != nil || limit > 0 {
			return limit, err
		}
	}
	limit, err := o.system()
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		return 0, fmt.Errorf("%w (%w)", ErrNoLimit, err)
	case err != nil:
		return 0, fmt.Errorf("budget: %w", err)
	case limit <= 0:
		return 0, ErrNoLimit
	}
	return limit, nil
}
