// SPDX-License-Identifier: Apache-2.0

package stats

import (
	"bytes"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestBytes(t *testing.T) {
	for _, c := range []struct {
		n    int64
		want string
	}{
		{0, "0 B"}, {1, "1 B"}, {1023, "1023 B"}, {-5, "-5 B"},
		{1024, "1.00 KiB"}, {1536, "1.50 KiB"}, {10239, "10.0 KiB"}, {102348, "99.9 KiB"}, {102400, "100 KiB"},
		{1 << 20, "1.00 MiB"}, {1<<20 - 1, "1.00 MiB"}, {-(3 << 20), "-3.00 MiB"},
		{345 << 30, "345 GiB"}, {1 << 62, "4.00 EiB"},
	} {
		if got := Bytes(c.n); got != c.want {
			t.Errorf("Bytes(%d) = %q, want %q", c.n, got, c.want)
		}
	}
}

var example = Snapshot{
	Time: time.Date(2030, 1, 2, 3, 4, 5, 0, time.UTC),
	Memory: Memory{
		Requested: 60 << 10, Slack: 4 << 10, Idle: 64 << 10, LargeRequested: 1 << 20, LargeSlack: 4 << 10,
		PagesClean: 62 << 20, Metadata: 20 << 10, MetadataClean: 15 << 20,
	},
	Mapped:    Gauge{66 << 20, 80 << 20},
	Footprint: Gauge{2 << 20, 3 << 20},
	Mappings:  Gauge{2, 5},
	Limit:     1 << 30,
	Classes:   []Class{{Size: 16}, {Size: 32, Spans: 1, Blocks: 2048, Live: 2000, Idle: 48, Allocs: 5000, Frees: 3000}},
	Large:     Large{Live: 1, Bytes: 1<<20 + 4<<10, Retained: 3},
	Arenas: []Arena{
		{ID: 4, Name: "request", Made: "main.serve main.go:7", Reserved: 64 << 10, Used: 60 << 10, Free: 3 << 10, Waste: 1 << 10,
			HighWater: 62 << 10, Chunks: 2, Resets: 9},
		{ID: 5, Concurrent: true, Reserved: 1 << 20, Quarantined: 8 << 20},
	},
	Dropped: []DroppedArenas{{Made: "main.load main.go:70", Arenas: 3, Bytes: 192 << 10}},
	Profile: Profile{Rate: 512 << 10, Samples: 40, Stacks: 7, Dropped: 2},
	Kernel:  Kernel{Mmap: 7, Munmap: 5, Madvise: 3, Mremap: 1, Metadata: 2},

	HugePages: HugePages{Chunks: 6 << 20, Collapsed: 2 << 20},
}

// TestString looks for the lines that an engineer on call needs.
func TestString(t *testing.T) {
	text := example.String()
	for _, want := range []string{
		`(?m)^ashlar: memory at 2030-01-02T03:04:05Z$`,
		`(?m)^address space +66\.0 MiB +80\.0 MiB$`,
		`(?m)^footprint +2\.00 MiB +3\.00 MiB$`,
		`(?m)^mappings +2 +5$`,
		`(?m)^limit +1\.00 GiB$`,
		`(?m)^small requested +60\.0 KiB +\d+\.\d%  requested, in live blocks`,
		`(?m)^heap profile: 40 live samples, 7 stacks, one sample in 512 KiB; 2 dropped because the table was full$`,
		`(?m)^= total +78\.1 MiB `,
		`(?m)^ +32 +2000 +62\.5 KiB +0 +0 +48 +1 +98% +5000 +3000$`,
		`(?m)^ +large +1 +1\.00 MiB .* 3 extents retained$`,
		`(?m)^request +60\.0 KiB +3\.00 KiB +1\.00 KiB +64\.0 KiB +62\.0 KiB +2 +9  main\.serve main\.go:7$`,
		`(?m)^#5 \(concurrent\) +0 B .* 1\.00 MiB .*\n +8\.00 MiB in quarantine\nrequest`,
		`(?m)^3 arenas with 192 KiB were dropped without Free; they were made at main\.load main\.go:70$`,
		`(?m)^kernel calls: 7 mmap, 5 munmap, 3 madvise, 1 mremap; 2 for metadata$`,
		`(?m)^huge pages: 6\.00 MiB in chunks that may use them, 2\.00 MiB copied to them$`,
	} {
		if !regexp.MustCompile(want).MatchString(text) {
			t.Errorf("no line matches %q in\n%s", want, text)
		}
	}
	for _, empty := range []string{"cached", "\n      16 "} {
		if strings.Contains(text, "\n"+empty) {
			t.Errorf("a line about a number that is 0: %q in\n%s", empty, text)
		}
	}
}

func TestStringOfChange(t *testing.T) {
	later := example
	later.Time = later.Time.Add(1500 * time.Millisecond)
	later.Memory.Requested += 100
	later.Memory.Idle -= 30 << 10
	text := later.Sub(&example).String()
	for _, want := range []string{
		`ashlar: change over 1\.5s to 2030-01-02T03:04:06Z`,
		`(?m)^small requested +100 B`,
		`(?m)^idle in spans +-30\.0 KiB`,
	} {
		if !regexp.MustCompile(want).MatchString(text) {
			t.Errorf("no line matches %q in\n%s", want, text)
		}
	}
}

func TestWriteTo(t *testing.T) {
	var b bytes.Buffer
	n, err := example.WriteTo(&b)
	if err != nil || b.String() != example.String() || n != int64(b.Len()) {
		t.Errorf("WriteTo wrote %d bytes, says %d, %v", b.Len(), n, err)
	}
}

// TestStringOfManyArenas: the text lists the largest arenas and sums up the others.
func TestStringOfManyArenas(t *testing.T) {
	s := Snapshot{Arenas: make([]Arena, maxArenas+5)}
	for i := range s.Arenas {
		s.Arenas[i] = Arena{ID: int64(i), Reserved: int64(i) << 10, Chunks: 1}
	}
	text := s.String()
	if want := `(?m)^\(5 more\) .* 10\.0 KiB +0 B +5 +0 `; !regexp.MustCompile(want).MatchString(text) {
		t.Errorf("no line matches %q in\n%s", want, text)
	}
	if strings.Contains(text, "#4 ") || !strings.Contains(text, "#5 ") {
		t.Errorf("not the largest arenas:\n%s", text)
	}
}
