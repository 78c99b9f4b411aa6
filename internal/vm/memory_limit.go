// SPDX-License-Identifier: Apache-2.0

package vm

// MemoryLimit returns the bytes of memory that the system lets the process have, 0 if there
// is no limit. On Linux it returns 0: there only control groups limit RAM, and
// internal/procfs reads them.
func MemoryLimit() (int64, error) {
	if err := Need(MemoryLimits); err != nil {
		return 0, err
	}
	return sysMemoryLimit()
}
