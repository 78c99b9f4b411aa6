package main

import "github.com/ashlar-go/ashlar/benchmarks/internal/rss"

// churnResident is the peak of the resident set as a share of the peak of the live bytes.
const churnResident = "churn/peak-rss-to-live"

// churnFigure is what the metrics of the churn rows are under.
const churnFigure = "churn"

// churnTurnover is how many times the live set is turned over.
const churnTurnover = 10

func churnRows() []row {
	var rows []row
	for _, peer := range []string{ashlarName, moderncName, makeName} {
		rows = append(rows, row{
			name:    "churn/peer=" + peer,
			seconds: func(o *options, _ int) float64 { return float64(o.memoryRepeats) * float64(o.liveBytes) * 4e-9 },
			run:     func(s *session) error { return s.measureChurn(peer) },
		})
	}
	return rows
}

func (s *session) measureChurn(peer string) error {
	if !rss.Supported {
		s.skip("the churn row of %s: %v", peer, rss.ErrUnsupported)
		return nil
	}
	task := childTask{Churn: &churnTask{Peer: peer, Live: s.options.liveBytes, Turnover: churnTurnover}}
	for range s.options.memoryRepeats {
		m, err := s.watched(churnFigure, peer, host{}, task)
		if err != nil {
			return err
		}
		s.results.add(churnResident, peer, times, float64(m.Peak)/float64(m.Live))
	}
	return s.trace(churnFigure, peer, host{}, task)
}
