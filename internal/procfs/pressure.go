// SPDX-License-Identifier: Apache-2.0

package procfs

import (
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
)

// A Pressure tells how much time tasks stood still for want of memory (PSI): the
// percentage of the last ten seconds in which some of them did, and in which all did.
type Pressure struct{ Some, Full float64 }

// ReadPressure reads the pressure on the group's memory if version 2 tells it, else
// that on the whole machine's. c may be nil.
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
