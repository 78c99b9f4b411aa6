// SPDX-License-Identifier: Apache-2.0

package rss

import "testing"

func TestCurrentIsAtMostPeak(t *testing.T) {
	current, err := Current()
	if err != nil {
		t.Fatal(err)
	}
	peak, err := Peak()
	if err != nil {
		t.Fatal(err)
	}
	if current <= 0 || peak <= 0 {
		t.Errorf("current %d and peak %d bytes: both must be positive", current, peak)
	}
}

func TestTouchedMemoryIsResident(t *testing.T) {
	const size = 64 << 20
	before, err := Current()
	if err != nil {
		t.Fatal(err)
	}
	block := make([]byte, size)
	for at := 0; at < size; at += 4096 {
		block[at] = 1
	}
	after, err := Current()
	if err != nil {
		t.Fatal(err)
	}
	if grown := after - before; grown < size*9/10 {
		t.Errorf("the resident set grew by %d bytes for %d touched", grown, size)
	}
	block[0] = 2 // keeps the block alive until the resident set was read
}

func TestMissingField(t *testing.T) {
	if _, err := kibibytes("/proc/self/status", "NoSuchField:"); err == nil {
		t.Error("no error for a field that does not exist")
	}
}
