// SPDX-License-Identifier: Apache-2.0

package main

import (
	"time"

	"github.com/ashlar-go/ashlar/benchmarks/cacheserver/load"
	"github.com/ashlar-go/ashlar/benchmarks/cacheserver/server"
	"github.com/ashlar-go/ashlar/benchmarks/internal/rss"
)

// A sighting is what was seen of a server under load.
type sighting struct {
	first, last server.Info
	seconds     float64 // between them
	resident    float64 // bytes, the mean
	err         error
}

func (s *sighting) change(name string) float64 { return s.last[name] - s.first[name] }

// watch asks a server for its numbers at two times from now, and reads its resident set between them.
// What it returns waits for that.
func watch(p *process, from, to time.Duration) func() sighting {
	seen := make(chan sighting, 1)
	go func() { seen <- look(p, from, to) }()
	return func() sighting { return <-seen }
}

const glances = 20 // at the resident set

func look(p *process, from, to time.Duration) (s sighting) {
	time.Sleep(from)
	begin := time.Now()
	if s.first, s.err = ask(p); s.err != nil {
		return s
	}
	for range glances {
		time.Sleep((to - from) / glances)
		if rss.Supported {
			now, _, err := rss.Of(p.command.Process.Pid)
			if err != nil {
				s.err = err
				return s
			}
			s.resident += float64(now) / glances
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
