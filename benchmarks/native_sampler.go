package main

import (
	"strconv"
	"time"
)

// A nativeSampler runs one of the C loops; each sample is a process of its own.
type nativeSampler struct {
	peer     nativePeer
	workload string
	size     int // bytes
	threads  int
	duration time.Duration
}

// nativeSubjects are the native peers in a row; none unless the user asked for them.
func (s *session) nativeSubjects(workload string, size, threads int) []subject {
	var subjects []subject
	for _, peer := range s.native {
		sampler := &nativeSampler{peer: peer, workload: workload, size: size, threads: threads}
		subjects = append(subjects, subject{peer.name, sampler})
	}
	return subjects
}

func (n *nativeSampler) prepare(d time.Duration) error {
	n.duration = d
	return nil
}

func (n *nativeSampler) sample() (float64, error) {
	duration := strconv.FormatFloat(n.duration.Seconds()*1e3, 'f', 3, 64)
	return n.peer.run(n.workload, strconv.Itoa(n.size), duration, strconv.Itoa(n.threads))
}

func (n *nativeSampler) close() {}
