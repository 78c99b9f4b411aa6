// SPDX-License-Identifier: Apache-2.0

// Package machine describes the computer on which figures are measured.
package machine

import (
	"fmt"
	"runtime"
)

// Description names what the figures depend on. A field is empty if the system does not tell it.
type Description struct {
	CPU       string `json:"cpu"`
	Cores     int    `json:"cores"`
	Procs     int    `json:"gomaxprocs"`
	System    string `json:"system"` // operating system, architecture and kernel release
	GoVersion string `json:"go"`
	HugePages string `json:"transparent_huge_pages"` // always, madvise or never
}

// Describe reads the description of this machine.
func Describe() Description {
	d := Description{
		CPU:       cpuModel(),
		Cores:     runtime.NumCPU(),
		Procs:     runtime.GOMAXPROCS(0),
		System:    runtime.GOOS + "/" + runtime.GOARCH,
		GoVersion: runtime.Version(),
		HugePages: hugePages(),
	}
	if release := kernelRelease(); release != "" {
		d.System += " " + release
	}
	return d
}

// String is the description in one line.
func (d Description) String() string {
	return fmt.Sprintf("%s, %d cores (GOMAXPROCS %d), %s, %s, transparent huge pages: %s",
		orUnknown(d.CPU), d.Cores, d.Procs, d.System, d.GoVersion, orUnknown(d.HugePages))
}

func orUnknown(s string) string {
	if s == "" {
		return "unknown"
	}
	return s
}
