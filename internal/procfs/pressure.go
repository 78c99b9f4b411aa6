// SPDX-License-Identifier: Apache-2.0

package procfs

import (
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
)

// A Pressure is how long tasks waited for memory in the last ten seconds (PSI), in percent.
// Some is the time in which at least one task waited, and Full the time in which all did.
type Pressure struct{ Some, Full float64 }

// ReadPressure reads the pressure of the group c if it has version 2, and otherwise that
// of the whole machine. c may be nil.
func ReadPressure(root fs.FS, c *Cgroup) (p Pressure, err error) {
	name := "proc/pressure/memory"
	if c != nil && c.Version == 2 {
		own := path.Join(c.dir, "memory.pressure")
		if _, err := fs.Stat(root, own); err == nil {
			name = own
		}
	}
	text, err := fs.ReadFile(root, name)
	if err != nil {
		return p, err
	}
	for line := range strings.Lines(string(text)) {
		f := strings.Fields(line)
		if len(f) < 2 {
			continue
		}
		average, _ := strings.CutPrefix(f[1], "avg10=")
		percent, err := strconv.ParseFloat(average, 64)
		if err != nil {
			return p, fmt.Errorf("procfs: %s: %w", name, err)
		}
		switch f[0] {
		case "some":
			p.Some = percent
		case "full":
			p.Full = percent
		}
	}
	return p, nil
}
