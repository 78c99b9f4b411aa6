package main

import (
	"os/exec"
	"testing"
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

// TestNative compiles the C programs once for all that they are tested in, with the C library's allocator.
func TestNative(t *testing.T) {
	compiler, err := exec.LookPath("cc")
	if err != nil {
		t.Skip("no C compiler")
	}
	program, err := compileNative(compiler, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	peer := nativePeer{program: program}
	t.Run("loops", func(t *testing.T) { testNativeLoops(t, peer) })
	t.Run("workloads", func(t *testing.T) { testNativeWorkloads(t, peer) })
}

func testNativeLoops(t *testing.T, peer nativePeer) {
	t.Helper()
	for _, workload := range []string{"pair", "fifo", "random", "parallel", "remote", "local"} {
		if ns, err := peer.run(workload, "64", "0.1", "2"); err != nil || ns <= 0 {
			t.Errorf("%s: %v ns, error %v", workload, ns, err)
		}
	}
	if _, err := peer.run("nonsense", "64", "0.1", "1"); err == nil {
		t.Error("no error for an unknown workload")
	}
	if _, err := preload(peer.program, "/nonexistent/liballocator.so"); err == nil {
		t.Error("no error for a library that cannot be preloaded")
	}
}
