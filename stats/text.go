// SPDX-License-Identifier: Apache-2.0

package stats

import (
	"bytes"
	"fmt"
	"io"
	"time"
)

// WriteTo writes the snapshot as text for people: where the memory is, the classes with
// the most memory, the arenas, the kernel calls, and advice.
func (s *Snapshot) WriteTo(w io.Writer) (int64, error) {
	n, err := w.Write([]byte(s.String()))
	return int64(n), err
}

// String returns what WriteTo writes.
func (s *Snapshot) String() string {
	var b bytes.Buffer
	s.writeHead(&b)
	s.writeMemory(&b)
	s.writeClasses(&b)
	s.writeArenas(&b)
	s.writeTags(&b)
	s.writeRest(&b)
	return b.String()
}

func (s *Snapshot) writeHead(b *bytes.Buffer) {
	of := ""
	if s.Name != "" {
		of = fmt.Sprintf(" of %q", s.Name)
	}
	if s.Elapsed != 0 {
		fmt.Fprintf(b, "ashlar: change%s over %v to %s\n\n", of, s.Elapsed.Round(time.Millisecond), s.Time.Format(time.RFC3339))
	} else {
		fmt.Fprintf(b, "ashlar: memory%s at %s\n\n", of, s.Time.Format(time.RFC3339))
	}
	fmt.Fprintf(b, "%-18s%12s%12s\n", "", "now", "peak")
	for _, row := range []struct {
		name string
		g    Gauge
	}{{"address space", s.Mapped}, {"footprint", s.Footprint}} {
		fmt.Fprintf(b, "%-18s%12s%12s\n", row.name, Bytes(row.g.Now), Bytes(row.g.Peak))
	}
	fmt.Fprintf(b, "%-18s%12d%12d\n", "mappings", s.Mappings.Now, s.Mappings.Peak)
	if s.Limit > 0 {
		fmt.Fprintf(b, "%-18s%12s\n", "limit", Bytes(s.Limit))
	}
}

// writeMemory writes the lines of Memory and their sums.
func (s *Snapshot) writeMemory(b *bytes.Buffer) {
	total := max(s.Memory.Total(), 1)
	fmt.Fprintf(b, "\n%-18s%12s%8s  %s\n", "memory", "bytes", "share", "")
	for i := range memoryLines {
		l := &memoryLines[i]
		n := *l.of(&s.Memory)
		if n == 0 {
			continue
		}
		fmt.Fprintf(b, "%-18s%12s%7.1f%%  %s\n", l.name, Bytes(n), 100*float64(n)/float64(total), l.about)
	}
	fmt.Fprintf(b, "%-18s%12s%8s  address space, with metadata\n", "= total", Bytes(s.Memory.Total()), "")
	fmt.Fprintf(b, "%-18s%12s%8s  the part that may occupy RAM, with metadata\n", "  of it dirty", Bytes(s.Memory.Dirty()), "")
}

// writeClasses writes a row for each class that is or was in use.
func (s *Snapshot) writeClasses(b *bytes.Buffer) {
	fmt.Fprintf(b, "\n%8s%12s%12s%10s%10s%10s%8s%8s%14s%14s\n",
		"class", "live", "live bytes", "cached", "in depot", "idle", "spans", "used", "allocs", "frees")
	for i := range s.Classes {
		c := &s.Classes[i]
		if !c.used() {
			continue
		}
		used := "-"
		if c.Blocks > 0 {
			used = fmt.Sprintf("%.0f%%", 100*float64(c.Live)/float64(c.Blocks))
		}
		fmt.Fprintf(b, "%8d%12d%12s%10d%10d%10d%8d%8s%14d%14d\n", c.Size, c.Live, Bytes(c.Live*int64(c.Size)),
			c.Cached, c.InDepot, c.Idle, c.Spans, used, c.Allocs, c.Frees)
	}
	l := &s.Large
	fmt.Fprintf(b, "%8s%12d%12s    %d carved from shared mappings, %d extents retained\n",
		"large", l.Live, Bytes(l.Bytes), l.Carved, l.Retained)
}

// writeProfile writes the number of samples that the heap profile's estimates are based
// on.
func (s *Snapshot) writeProfile(b *bytes.Buffer) {
	p := &s.Profile
	if *p == (Profile{}) {
		return
	}
	fmt.Fprintf(b, "heap profile: %d live samples, %d stacks, one sample in %s", p.Samples, p.Stacks, Bytes(p.Rate))
	if p.Dropped != 0 {
		fmt.Fprintf(b, "; %d dropped because the table was full", p.Dropped)
	}
	b.WriteByte('\n')
}

func (s *Snapshot) writeRest(b *bytes.Buffer) {
	k := &s.Kernel
	fmt.Fprintf(b, "\nkernel calls: %d mmap, %d munmap, %d madvise, %d mremap; %d for metadata\n",
		k.Mmap, k.Munmap, k.Madvise, k.Mremap, k.Metadata)
	fmt.Fprintf(b, "%d caches, %d chunks\n", s.Caches, s.Chunks)
	if h := &s.HugePages; *h != (HugePages{}) {
		fmt.Fprintf(b, "huge pages: %s in chunks that may use them, %s copied to them\n", Bytes(h.Chunks), Bytes(h.Collapsed))
	}
	s.writeProfile(b)
	if s.Elapsed != 0 {
		return
	}
	for i, a := range s.Advice() {
		if i == 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintf(b, "* %s\n  %s\n", a.What, a.Do)
	}
}
