package main

import (
	"os"
	"os/exec"
	"testing"
)

// TestRebuilds plays what needs a build of its own in it. Each takes a build, that of the arenas one of the
// standard library.
func TestRebuilds(t *testing.T) {
	if os.Getenv("CI") == "" {
		t.Skip("takes minutes of building: set CI")
	}
	tests := []struct {
		build rebuild
		needs string // a program
		task  suiteTask
	}{
		{cgoRebuild, "cc", suiteTask{Workload: "larson", Peer: cgoName, Goroutines: 2, Scale: tinyScale}},
		{cgoRebuild, "cc", suiteTask{Workload: "columns", Peer: cgoName, Goroutines: 1, Scale: tinyScale}},
		{cgoRebuild, "cc", suiteTask{Workload: "memtables", Peer: cgoName, Goroutines: 1, Scale: tinyScale}},
		{arenasRebuild, "go", suiteTask{Workload: "documents", Peer: experimentName, Goroutines: 2, Scale: tinyScale}},
		{arenasRebuild, "go", suiteTask{Workload: "memtables", Peer: experimentName, Goroutines: 1, Scale: tinyScale}},
	}
	s := newTestSession(t)
	defer s.removeRebuilt()
	for _, test := range tests {
		t.Run(test.task.Workload+"/"+test.task.Peer, func(t *testing.T) {
			if _, err := exec.LookPath(test.needs); err != nil {
				t.Skip(err)
			}
			program := s.program(test.build)
			if program == "" {
				t.Fatal(s.skipped)
			}
			if report, err := playGo(host{program: program}, test.task, test.task.Peer).play(); err != nil || report.Operations < 1 {
				t.Errorf("%+v, %v", report, err)
			}
		})
	}
}
