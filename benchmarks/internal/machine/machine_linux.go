// SPDX-License-Identifier: Apache-2.0

package machine

import (
	"os"
	"strings"
)

// cpuModel returns the first "model name" of /proc/cpuinfo. Some architectures have none.
func cpuModel() string { return findModel(read("/proc/cpuinfo")) }

func kernelRelease() string { return strings.TrimSpace(read("/proc/sys/kernel/osrelease")) }

func hugePages() string { return bracketed(read("/sys/kernel/mm/transparent_hugepage/enabled")) }

func findModel(cpuinfo string) string {
	for line := range strings.Lines(cpuinfo) {
		name, value, ok := strings.Cut(line, ":")
		if ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// bracketed returns the chosen word in a list such as "always [madvise] never".
func bracketed(list string) string {
	_, rest, _ := strings.Cut(list, "[")
	word, _, ok := strings.Cut(rest, "]")
	if !ok {
		return ""
	}
	return word
}

// read returns an empty text if the file is missing. The description then lacks that part.
func read(file string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	return string(text)
}
