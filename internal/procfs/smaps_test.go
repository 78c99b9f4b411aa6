// SPDX-License-Identifier: Apache-2.0

package procfs

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
)

const smaps = `10000-30000 r-xp 00000000 fe:00 247741                     /usr/bin/with a space
Size:                128 kB
Rss:                  12 kB
Pss:                   6 kB
Referenced:            8 kB
VmFlags: rd mr mw me 
7f000000-7f400000 rw-p 00000000 00:00 0                          [anon:ashlar chunk]
Size:               4096 kB
KernelPageSize:        4 kB
Rss:                2100 kB
Pss:                2100 kB
Pss_Dirty:          2100 kB
Referenced:         1000 kB
Anonymous:          2100 kB
LazyFree:             16 kB
AnonHugePages:      2048 kB
Swap:                 20 kB
SwapPss:              20 kB
Locked:                4 kB
7f400000-7f401000 rw-p 00000000 00:00 0 
Rss:                   4 kB
`

func TestSmaps(t *testing.T) {
	type area struct {
		Area
		name string
	}
	var got []area
	err := Smaps(tree(map[string]string{"proc/self/smaps": smaps}), func(a *Area) {
		copied := area{*a, string(a.Name)}
		copied.Name = nil
		got = append(got, copied)
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []area{
		{Area{Start: 0x10000, End: 0x30000, RSS: 12 << 10, PSS: 6 << 10, Referenced: 8 << 10}, "/usr/bin/with a space"},
		{Area{Start: 0x7f000000, End: 0x7f400000, RSS: 2100 << 10, PSS: 2100 << 10, Referenced: 1000 << 10,
			AnonHuge: 2048 << 10, LazyFree: 16 << 10, Swap: 20 << 10, Locked: 4 << 10}, "[anon:ashlar chunk]"},
		{Area{Start: 0x7f400000, End: 0x7f401000, RSS: 4 << 10}, ""},
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
}

// TestSystem: the package understands the files of this machine's kernel.
func TestSystem(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("no /proc")
	}
	status, err := ReadStatus(System())
	if err != nil || status.RSS < 1<<20 || status.PeakRSS < status.RSS {
		t.Fatalf("ReadStatus = %+v, %v", status, err)
	}
	var rss int64
	var areas int
	if err := Smaps(System(), func(a *Area) { rss += a.RSS; areas++ }); err != nil {
		t.Fatal(err)
	}
	if rss < status.RSS/2 || rss > 2*status.RSS {
		t.Errorf("the mappings have %d resident bytes, but the process has %d", rss, status.RSS)
	}
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(string(maps), "\n"); areas < lines-8 || areas > lines+8 { // the runtime may map memory meanwhile
		t.Errorf("%d areas, but maps has %d lines", areas, lines)
	}
}

// TestSmapsMemory: Smaps needs the same memory for any number of mappings.
func TestSmapsMemory(t *testing.T) {
	run := func(n int) float64 {
		files := tree(map[string]string{"proc/self/smaps": strings.Repeat(smaps, n)})
		return testing.AllocsPerRun(3, func() {
			if err := Smaps(files, func(*Area) {}); err != nil {
				t.Fatal(err)
			}
		})
	}
	if few, many := run(1), run(1000); many > few+4 {
		t.Errorf("%.0f allocations for 3 mappings, %.0f for 3000", few, many)
	}
}

func TestStatus(t *testing.T) {
	got, err := ReadStatus(tree(map[string]string{
		"proc/self/status": "Name:\tx\nVmPeak:\t 9 kB\nVmLck:\t       3 kB\nVmHWM:\t    8 kB\nVmRSS:\t    7 kB\nVmSwap:\t 1 kB\n",
	}))
	if want := (Status{RSS: 7 << 10, PeakRSS: 8 << 10, Swap: 1 << 10, Locked: 3 << 10}); got != want || err != nil {
		t.Errorf("%+v, %v; want %+v", got, err, want)
	}
	if _, err := ReadStatus(tree(nil)); err == nil {
		t.Error("no error without the file")
	}
}
