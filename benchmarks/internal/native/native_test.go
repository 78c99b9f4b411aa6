// SPDX-License-Identifier: Apache-2.0

package native

import (
	"testing"
	"time"
)

func TestAllocatorName(t *testing.T) {
	tests := []struct {
		library string
		version int
		want    string
	}{
		{"/usr/lib/libjemalloc.so.2", 0, "jemalloc"},
		{"libtcmalloc_minimal.so.4", 0, "tcmalloc_minimal"},
		{"/usr/lib/libmimalloc.so.2", 209, "mimalloc2"},
		{"/tmp/any.so", 343, "mimalloc3"},
		{"/tmp/any.so", 30403, "mimalloc3"},
	}
	for _, test := range tests {
		if got := allocatorName(test.library, test.version); got != test.want {
			t.Errorf("allocatorName(%q, %d) = %q, want %q", test.library, test.version, got, test.want)
		}
	}
}

// TestLoops compiles the C program, and samples its loops under the C library's allocator.
func TestLoops(t *testing.T) {
	found, err := Find(nil)
	defer found.Remove()
	if err != nil {
		t.Fatal(err)
	}
	if len(found.Peers) == 0 {
		t.Skip(found.Missing)
	}
	sample := func(workload string) (float64, error) {
		s := &Sampler{Peer: found.Peers[0], Workload: workload, Size: 64, Threads: 2}
		if err := s.Prepare(100 * time.Microsecond); err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		return s.Sample()
	}
	for _, workload := range []string{"pair", "fifo", "random", "parallel", "remote", "local"} {
		if ns, err := sample(workload); err != nil || ns <= 0 {
			t.Errorf("%s: %v ns, error %v", workload, ns, err)
		}
	}
	if _, err := sample("nonsense"); err == nil {
		t.Error("no error for an unknown workload")
	}
	missing, err := Find([]string{"/nonexistent/liballocator.so"})
	defer missing.Remove()
	if err == nil {
		t.Error("no error for a library that cannot be preloaded")
	}
}
