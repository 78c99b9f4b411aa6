// SPDX-License-Identifier: Apache-2.0

package procfs

import (
	"bytes"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
)

// System returns the root of the system's files.
func System() fs.FS { return os.DirFS("/") }

// Status contains the process' memory from /proc/self/status, in bytes.
type Status struct {
	RSS, PeakRSS int64 // VmRSS, VmHWM
	Swap         int64 // VmSwap
	Locked       int64 // VmLck
}

// ReadStatus reads /proc/self/status.
func ReadStatus(root fs.FS) (s Status, err error) {
	text, err := fs.ReadFile(root, "proc/self/status")
	if err != nil {
		return s, err
	}
	for line := range bytes.Lines(text) {
		name, value, _ := bytes.Cut(line, []byte(":"))
		switch string(name) {
		case "VmRSS":
			s.RSS = kilobytes(value)
		case "VmHWM":
			s.PeakRSS = kilobytes(value)
		case "VmSwap":
			s.Swap = kilobytes(value)
		case "VmLck":
			s.Locked = kilobytes(value)
		}
	}
	return s, nil
}

// kilobytes parses a field like " 123 kB\n" and returns it in bytes.
func kilobytes(field []byte) int64 {
	var n int64
	for _, c := range bytes.TrimLeft(field, " \t") {
		if c < '0' || c > '9' {
			break
		}
		n = n*10 + int64(c-'0')
	}
	return n << 10
}

// readNumber reads a file that contains one number.
func readNumber(root fs.FS, name string) (int64, error) {
	text, err := fs.ReadFile(root, name)
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("procfs: %s: %w", name, err)
	}
	return n, nil
}
