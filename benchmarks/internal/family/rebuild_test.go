// SPDX-License-Identifier: Apache-2.0

package family

import (
	"os"
	"os/exec"
	"testing"

	"github.com/ashlar-go/ashlar/benchmarks/internal/harness"
	"github.com/ashlar-go/ashlar/benchmarks/internal/peer"
)

// TestRebuilds runs the benchmarks that build a program of their own. Each takes a build; that of the arenas builds
// the standard library.
func TestRebuilds(t *testing.T) {
	if os.Getenv("CI") == "" {
		t.Skip("takes minutes of building: set CI")
	}
	tests := []struct {
		build harness.Rebuild
		needs string // a program
		task  suiteTask
	}{
		{harness.WithCgo, "cc", suiteTask{Workload: "larson", Peer: peer.Cgo, Goroutines: 2, Scale: tinyScale}},
		{harness.WithCgo, "cc", suiteTask{Workload: "columns", Peer: peer.Cgo, Goroutines: 1, Scale: tinyScale}},
		{harness.WithCgo, "cc", suiteTask{Workload: "memtables", Peer: peer.Cgo, Goroutines: 1, Scale: tinyScale}},
		{harness.Arenas, "go", suiteTask{Workload: "documents", Peer: peer.GoArena, Goroutines: 2, Scale: tinyScale}},
		{harness.Arenas, "go", suiteTask{Workload: "memtables", Peer: peer.GoArena, Goroutines: 1, Scale: tinyScale}},
	}
	s := newTestSession(t)
	defer s.RemoveRebuilt()
	for _, test := range tests {
		t.Run(test.task.Workload+"/"+test.task.Peer, func(t *testing.T) {
			if _, err := exec.LookPath(test.needs); err != nil {
				t.Skip(err)
			}
			program := s.Program(test.build)
			if program == "" {
				t.Fatal(s.Skipped)
			}
			if report, err := suiteInGo(harness.Host{Program: program}, test.task, test.task.Peer).do(); err != nil || report.time <= 0 {
				t.Errorf("%+v, %v", report, err)
			}
		})
	}
}
