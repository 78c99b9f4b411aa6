// SPDX-License-Identifier: Apache-2.0

package main

import (
	"time"

	"github.com/ashlar-go/ashlar/benchmarks/cacheserver/load"
	"github.com/ashlar-go/ashlar/benchmarks/cacheserver/server"
	"github.com/ashlar-go/ashlar/benchmarks/internal/rss"
)

// An observation is what was measured of a server under load.
type observation struct {
	first, last server.Info
	seconds     float64 // between them
	resident    float64 // bytes, the mean
	err         error
}

func (s *observation) change(name string) float64 { return s.last[name] - s.first[name] }

// watch asks a server for its numbers at two times from now, and reads its resident set between them.
// The function that it returns waits for this and returns the observation.
func watch(p *process, from, to time.Duration) func() observation {
	seen := make(chan observation, 1)
	go func() { seen <- look(p, from, to) }()
	return func() observation { return <-seen }
}

const readings = 20 // of the resident set

func look(p *process, from, to time.Duration) (s observation) {
	time.Sleep(from)
	begin := time.Now()
	if s.first, s.err = ask(p); s.err != nil {
		return s
	}
	for range readings {
		time.Sleep((to - from) / readings)
		if rss.Supported {
			now, _, err := rss.Of(p.command.Process.Pid)
			if err != nil {
				s.err = err
				return s
			}
			s.resident += float64(now) / readings
		}
	}
	s.last, s.err = ask(p)
	s.seconds = time.Since(begin).Seconds()
	return s
}

func ask(p *process) (server.Info, error) {
	text, err := load.Ask(p.address, patience, "INFO")
	return server.ParseInfo(text), err
}
