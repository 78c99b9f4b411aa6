package main

import "time"

// growRepeats bounds the repeats of the growth rows, each of which faults in some hundred MiB.
const growRepeats = 3

func growRow(fill string) string { return "grow/fill=" + fill }

func growRows() []row {
	var rows []row
	for _, fill := range fills {
		rows = append(rows, row{
			name: growRow(fill.name),
			seconds: func(o *options, _ int) float64 {
				return 8e-9 * float64(o.growTo) * float64(min(o.repeats, growRepeats))
			},
			run: func(s *session) error {
				var subjects []subject
				for _, g := range growables {
					sampler := &growSampler{growTask{Peer: g.name, Fill: fill.name, To: s.options.growTo}}
					subjects = append(subjects, subject{g.name, sampler})
				}
				return s.measure(growRow(fill.name), milliseconds, min(s.options.repeats, growRepeats), subjects)
			},
		})
	}
	return rows
}

// A growSampler times one growth of a buffer in a new process, in milliseconds.
type growSampler struct{ task growTask }

func (g *growSampler) prepare(time.Duration) error { return nil }

func (g *growSampler) sample() (float64, error) {
	var report growReport
	err := inChild(childTask{Grow: &g.task}, &report)
	return report.Milliseconds, err
}

func (g *growSampler) close() {}

func (g *growSampler) observers(string, string, string, *options) *observers {
	task := childTask{Grow: &g.task}
	return &observers{watched: task, traced: task}
}
