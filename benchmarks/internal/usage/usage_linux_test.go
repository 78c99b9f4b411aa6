// SPDX-License-Identifier: Apache-2.0

package usage

import (
	"errors"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

func mapTouched(t *testing.T, size int) []byte {
	t.Helper()
	memory, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		t.Fatal(err)
	}
	// Pages of the usual size, whatever the machine's policy is.
	if err := unix.Madvise(memory, unix.MADV_NOHUGEPAGE); err != nil {
		t.Fatal(err)
	}
	for at := 0; at < size; at += 4096 {
		memory[at] = 1
	}
	return memory
}

// protectEveryOther makes every other of the first 2 n pages a mapping. The kernel may merge memory as a whole
// with a neighbour, but not a page with the next one.
func protectEveryOther(t *testing.T, memory []byte, n int) {
	t.Helper()
	for i := range n {
		at := (2*i + 1) * 4096
		if err := unix.Mprotect(memory[at:at+4096], unix.PROT_READ); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFaultsAndMappingsOfAStretch(t *testing.T) {
	const pages, protected = 1000, 50
	before := mapTouched(t, 10*pages*4096) // is not part of the measured time
	m := Begin()
	memory := mapTouched(t, pages*4096)
	protectEveryOther(t, memory, protected)
	u := m.End()
	if err := errors.Join(unix.Munmap(memory), unix.Munmap(before)); err != nil {
		t.Fatal(err)
	}
	if u.MinorFaults < pages || u.MinorFaults > 2*pages {
		t.Errorf("%d minor faults for %d new pages", u.MinorFaults, pages)
	}
	if u.Mappings < protected {
		t.Errorf("the measurement ends with %d more mappings, want %d at least", u.Mappings, protected)
	}
	if u.Collections != 0 || u.Collector != 0 || u.Pauses != 0 {
		t.Errorf("collections that Begin and End forced are part of the measurement: %+v", u)
	}
}

var sink []byte

func TestCollectionsOfAStretch(t *testing.T) {
	live := make([]*[64]byte, 100_000)
	for i := range live {
		live[i] = new([64]byte)
	}
	m := Begin()
	for range 5 {
		runtime.GC()
	}
	for range 1000 {
		sink = make([]byte, 1<<10)
	}
	u := m.End()
	runtime.KeepAlive(live)
	if u.Collections != 5 {
		t.Errorf("%d collections, want 5", u.Collections)
	}
	if u.Pauses < 5 || u.LongPause <= 0 {
		t.Errorf("%d pauses, the longest %v s, of 5 collections", u.Pauses, u.LongPause)
	}
	if u.Collector <= 0 || u.CollectorShare() <= 0 {
		t.Errorf("five collections of 100,000 objects cost %v s, share %v", u.Collector, u.CollectorShare())
	}
}
