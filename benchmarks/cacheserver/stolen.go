// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"os"
	"strconv"
	"sync"
	"time"
)

// stolen notes how much time the host of a virtual machine takes from its processors: "steal" in
// /proc/stat. Elsewhere it notes nothing.
type stolen struct {
	mu    sync.Mutex
	notes []theft // in the order of time
}

// A theft is the time stolen up to a moment, in ticks of the kernel, by all processors.
type theft struct {
	at    time.Time
	ticks int64
}

const stealInterval = 50 * time.Millisecond

// watch notes the stolen time until end is closed.
func (s *stolen) watch(end <-chan struct{}) {
	for tick := time.NewTicker(stealInterval); ; {
		if text, err := os.ReadFile("/proc/stat"); err == nil {
			if ticks, ok := parseSteal(text); ok {
				s.note(theft{time.Now(), ticks})
			}
		}
		select {
		case <-tick.C:
		case <-end:
			tick.Stop()
			return
		}
	}
}

func (s *stolen) note(t theft) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.notes = append(s.notes, t)
}

// parseSteal returns the eighth number of the first line, which is of all processors.
func parseSteal(text []byte) (ticks int64, ok bool) {
	line, _, _ := bytes.Cut(text, []byte("\n"))
	fields := bytes.Fields(line)
	if len(fields) < 9 || string(fields[0]) != "cpu" {
		return 0, false
	}
	ticks, err := strconv.ParseInt(string(fields[8]), 10, 64)
	return ticks, err == nil
}

// none reports whether it is known that nothing was stolen between from and to.
func (s *stolen) none(from, to time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	before, after := -1, -1
	for i, n := range s.notes {
		if !n.at.After(from) {
			before = i
		}
		if after < 0 && !n.at.Before(to) {
			after = i
		}
	}
	return before >= 0 && after >= 0 && s.notes[before].ticks == s.notes[after].ticks
}
