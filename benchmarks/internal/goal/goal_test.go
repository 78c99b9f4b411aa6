// SPDX-License-Identifier: Apache-2.0

package goal

import (
	"testing"

	"github.com/ashlar-go/ashlar/benchmarks/internal/result"
)

func testResults() *result.Results {
	r := new(result.Results)
	r.Add("benchmark", "ashlar", result.Nanoseconds, 10, 12, 8)
	r.Add("benchmark", "modernc", result.Nanoseconds, 5)
	r.Add("benchmark", "make", result.Nanoseconds, 40)
	r.Add("benchmark", "loop-alone", result.Nanoseconds, 1)
	return r
}

func TestJudge(t *testing.T) {
	ours := Figure{"benchmark", "ashlar"}
	tests := []struct {
		name  string
		goal  Goal
		value float64
		met   bool
	}{
		{"ratio of times, met", Goal{Ours: ours, Other: Figure{"benchmark", "modernc"}, Sense: AtMost, Bound: 2}, 2, true},
		{"ratio of times, missed", Goal{Ours: ours, Other: Figure{"benchmark", "modernc"}, Sense: AtMost, Bound: 1.3}, 2, false},
		{"times faster, met", Goal{Ours: ours, Other: Figure{"benchmark", "make"}, Sense: Faster, Bound: 4}, 4, true},
		{"times faster, missed", Goal{Ours: ours, Other: Figure{"benchmark", "make"}, Sense: Faster, Bound: 5}, 4, false},
		{"alone, at most", Goal{Ours: ours, Sense: AtMost, Bound: 9}, 10, false},
		{"alone, at least", Goal{Ours: ours, Sense: AtLeast, Bound: 9}, 10, true},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			v := test.goal.Judge(testResults())
			if v.Value == nil || *v.Value != test.value || v.Met != test.met {
				t.Errorf("verdict %+v, want value %v, met %v", v, test.value, test.met)
			}
		})
	}
}

func TestUnmeasuredGoalIsNotMet(t *testing.T) {
	for _, g := range []Goal{
		{Ours: Figure{"absent", "ashlar"}, Sense: AtMost, Bound: 1},
		{Ours: Figure{"benchmark", "ashlar"}, Other: Figure{"benchmark", "C:mimalloc3"}, Sense: AtMost, Bound: 1},
	} {
		if v := g.Judge(testResults()); v.Value != nil || v.Met {
			t.Errorf("verdict %+v for a figure that is missing", v)
		}
	}
}
