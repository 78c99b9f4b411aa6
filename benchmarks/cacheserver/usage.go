package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"runtime/metrics"
	"strconv"
	"strings"
)

// A usage is what the server process has taken so far.
type usage struct {
	gcSeconds  float64 // of the processors, by the collector
	cpuSeconds float64 // by the whole process
	gcCycles   uint64
	resident   int64 // bytes
	peak       int64 // bytes
}

func takeUsage() usage {
	samples := []metrics.Sample{{Name: "/cpu/classes/gc/total:cpu-seconds"}, {Name: "/gc/cycles/total:gc-cycles"}}
	metrics.Read(samples)
	u := usage{gcSeconds: samples[0].Value.Float64(), gcCycles: samples[1].Value.Uint64(), cpuSeconds: processSeconds()}
	u.resident, u.peak = kernelBytes("VmRSS:"), kernelBytes("VmHWM:")
	return u
}

// kernelBytes returns a line of what the kernel says of the process, 0 if it says nothing.
func kernelBytes(line string) int64 {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(text), line)
	rest, _, _ = strings.Cut(rest, " kB")
	n, _ := strconv.ParseInt(strings.TrimSpace(rest), 10, 64)
	return n << 10
}

// text is the reply to INFO.
func (u usage) text(keys int) []byte {
	return fmt.Appendf(nil, "# ashlar\r\nkeys:%d\r\ngc_seconds:%g\r\ncpu_seconds:%g\r\ngc_cycles:%d\r\nresident:%d\r\npeak:%d\r\n",
		keys, u.gcSeconds, u.cpuSeconds, u.gcCycles, u.resident, u.peak)
}

// parseUsage reads what text wrote.
func parseUsage(text []byte) (u usage, err error) {
	found := 0
	for lines := bufio.NewScanner(bytes.NewReader(text)); lines.Scan(); {
		name, value, _ := strings.Cut(lines.Text(), ":")
		fields := map[string]any{"gc_seconds": &u.gcSeconds, "cpu_seconds": &u.cpuSeconds, "gc_cycles": &u.gcCycles,
			"resident": &u.resident, "peak": &u.peak}
		if field := fields[name]; field != nil {
			if _, err := fmt.Sscan(value, field); err != nil {
				return u, fmt.Errorf("INFO says %q: %w", lines.Text(), err)
			}
			found++
		}
	}
	if found != 5 {
		return u, fmt.Errorf("INFO says %q", text)
	}
	return u, nil
}
