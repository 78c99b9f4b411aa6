// SPDX-License-Identifier: Apache-2.0

//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package usage

import (
	"bytes"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// readProcess asks the kernel. The mappings are 0 if the system does not list them.
func readProcess() process {
	var r unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &r); err != nil {
		panic(err)
	}
	return process{
		user:     time.Duration(r.Utime.Nano()).Seconds(),
		system:   time.Duration(r.Stime.Nano()).Seconds(),
		minor:    int64(r.Minflt),
		major:    int64(r.Majflt),
		mappings: Mappings(),
	}
}

// Mappings returns how many mappings the process has, or 0 if the system does not list them.
func Mappings() int64 {
	text, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		return 0
	}
	return int64(bytes.Count(text, []byte{'\n'}))
}
