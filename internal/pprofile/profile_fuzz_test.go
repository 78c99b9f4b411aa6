// SPDX-License-Identifier: Apache-2.0

package pprofile

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"runtime"
	"strings"
	"testing"

	"github.com/google/pprof/profile"
)

// A siteStream reads sites from bytes. Beyond their end all bytes are 0.
type siteStream struct{ b []byte }

func (s *siteStream) byte() int {
	if len(s.b) == 0 {
		return 0
	}
	n := s.b[0]
	s.b = s.b[1:]
	return int(n)
}

// value returns a number of objects or bytes as an estimate has it: it need not be whole,
// and is at most about 2^40.
func (s *siteStream) value() float64 {
	var b [8]byte
	s.b = s.b[copy(b[:5], s.b):]
	return float64(binary.LittleEndian.Uint64(b[:])) / 3
}

// name returns one of a few names, some of which are invalid.
func (s *siteStream) name(kind string) string {
	switch n := s.byte() % 8; n {
	case 0:
		return ""
	case 1:
		return "\x00\xFF ·\n" + kind
	case 2:
		return strings.Repeat(kind, 300)
	default:
		return fmt.Sprint(kind, n)
	}
}

func (s *siteStream) site() Site {
	site := Site{Kind: s.name("kind"), Class: s.byte() * s.byte()}
	for range s.byte() % 5 {
		site.Frames = append(site.Frames, runtime.Frame{Function: s.name("function"), File: s.name("file"), Line: s.byte() - 1})
	}
	site.AllocObjects, site.AllocBytes = s.value(), s.value()
	site.InuseObjects, site.InuseBytes = s.value(), s.value()
	return site
}

// values returns the values of the site in a profile's sample.
func (s *Site) values() [4]int64 {
	var rounded [4]int64
	for i, v := range [4]float64{s.AllocObjects, s.AllocBytes, s.InuseObjects, s.InuseBytes} {
		rounded[i] = int64(math.Round(v))
	}
	return rounded
}

// frames returns the frames of the site in a form that can be compared.
func (s *Site) frames() string {
	if len(s.Frames) == 0 {
		return fmt.Sprintf("%q", []string{DroppedSite, "", "0"})
	}
	var all []string
	for _, f := range s.Frames {
		all = append(all, f.Function, f.File, fmt.Sprint(f.Line))
	}
	return fmt.Sprintf("%q", all)
}

func framesOf(sample *profile.Sample) string {
	var all []string
	for _, l := range sample.Location {
		all = append(all, l.Line[0].Function.Name, l.Line[0].Function.Filename, fmt.Sprint(l.Line[0].Line))
	}
	return fmt.Sprintf("%q", all)
}

// FuzzProfile: for any sites the profile is valid, and reading its file gives the values of
// each stack.
func FuzzProfile(f *testing.F) {
	f.Add(1, []byte{})
	f.Add(512<<10, []byte{3, 4, 5, 2, 3, 4, 10, 5, 6, 20, 1, 0, 0, 0, 0, 64, 0, 0, 0, 0, 1, 0, 0, 0, 0, 64})
	f.Add(math.MaxInt, bytes.Repeat([]byte{1, 2, 255, 254, 7, 3, 0, 1, 4, 4}, 40))
	f.Add(-1, bytes.Repeat([]byte{0xFF}, 200))
	f.Fuzz(func(t *testing.T, rate int, input []byte) {
		want := map[string][4]int64{}
		var sites []Site
		for stream := (&siteStream{input}); len(stream.b) > 0; {
			s := stream.site()
			sites = append(sites, s)
			addValues(want, s.frames(), s.values())
		}
		p := Heap("", sites, rate)
		if err := p.CheckValid(); err != nil {
			t.Fatal(err)
		}
		var file bytes.Buffer
		if err := p.Write(&file); err != nil {
			t.Fatal(err)
		}
		back, err := profile.Parse(&file)
		if err != nil {
			t.Fatal(err)
		}
		got := map[string][4]int64{}
		for _, sample := range back.Sample {
			addValues(got, framesOf(sample), [4]int64(sample.Value))
		}
		for frames, values := range want {
			if got[frames] != values {
				t.Errorf("%s: %v, want %v", frames, got[frames], values)
			}
		}
		if back.Period != int64(rate) || len(got) > len(want) {
			t.Errorf("%d stacks of %d, period %d, want %d", len(got), len(want), back.Period, rate)
		}
	})
}

// addValues adds to the values of a stack.
func addValues(sums map[string][4]int64, frames string, values [4]int64) {
	sum := sums[frames]
	for i, v := range values {
		sum[i] += v
	}
	sums[frames] = sum
}
