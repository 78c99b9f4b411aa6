// SPDX-License-Identifier: Apache-2.0

package heapprof

import (
	"fmt"
	"maps"
	"testing"

	"github.com/ashlar-go/ashlar/internal/proflabel"
)

// encoded returns one label.
func encoded(key, value string) string { return string(proflabel.Append(nil, key, value)) }

// TestLabels: samples with different labels have separate lines, each with its labels.
func TestLabels(t *testing.T) {
	tab, pcs := open(t), here()
	for i := range uintptr(12) {
		labels := []string{"", encoded("route", "/a"), encoded("route", "/b")}[i%3]
		tab.Add(Sample{Addr: 16 * (i + 1), Size: 64, Weight: 1, Labels: labels}, pcs)
	}
	tab.Remove(16 * 2)
	got := map[string]float64{}
	for _, l := range lines(tab, 0) {
		got[l.Labels] += l.LiveObjects
	}
	if want := map[string]float64{"": 4, encoded("route", "/a"): 3, encoded("route", "/b"): 4}; !maps.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
}

// TestTooManyLabels: a label with a different value each time takes a bounded amount of
// memory. Its samples are kept, and samples with known labels keep these.
func TestTooManyLabels(t *testing.T) {
	tab, pcs := open(t), here()
	known := encoded("request", "0")
	const n = 3 * maxLabels
	for i := range uintptr(n) {
		tab.Add(Sample{Addr: 16 * (i + 1), Size: 64, Weight: 1, Labels: encoded("request", fmt.Sprint(i))}, pcs)
	}
	full := tab.Usage()
	for i := range uintptr(n) {
		addr := 16 * (n + i + 1)
		tab.Add(Sample{Addr: addr, Size: 64, Weight: 1, Labels: encoded("request", fmt.Sprint(n+i))}, pcs)
		tab.Remove(addr)
	}
	tab.Add(Sample{Addr: 1 << 30, Size: 64, Weight: 1, Labels: known}, pcs)
	sums, all := map[string]float64{}, 0.0
	for _, l := range lines(tab, 0) {
		sums[l.Labels] += l.LiveObjects
		all += l.LiveObjects
	}
	if all != n+1 || sums[known] != 2 || sums[moreLabels] != n-maxLabels || len(sums) != maxLabels+1 {
		t.Errorf("%v objects, %v of the first labels, %v of those that were too many, %d sets; want %d, 2, %d, %d",
			all, sums[known], sums[moreLabels], len(sums), n+1, n-maxLabels, maxLabels+1)
	}
	if u := tab.Usage(); u.Dropped != (Dropped{}) || u.Bytes > full.Bytes+4096 {
		t.Errorf("%+v after %+v: want no dropped samples and no further memory", u, full)
	}
}
