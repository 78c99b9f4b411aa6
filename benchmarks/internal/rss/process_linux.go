// SPDX-License-Identifier: Apache-2.0

package rss

import "fmt"

// Of returns the resident set of another process, and its peak so far, in bytes. The values come from
// counters, which may lag by some hundred pages: walking the page tables, as Current does, would disturb
// the process.
func Of(pid int) (current, peak int64, err error) {
	file := fmt.Sprintf("/proc/%d/status", pid)
	if current, err = kibibytes(file, "VmRSS:"); err != nil {
		return 0, 0, err
	}
	peak, err = kibibytes(file, "VmHWM:")
	return current, peak, err
}
