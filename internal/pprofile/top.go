// SPDX-License-Identifier: Apache-2.0

package pprofile

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/ashlar-go/ashlar/stats"
)

// TopStacks sums the live blocks of sites by stack: the n with the most bytes, and
// the sum of all.
func TopStacks(sites []Site, rate, n int) stats.Stacks {
	total := stats.Stacks{Rate: rate}
	index := map[string]int{}
	var bytes, objects []float64
	for i := range sites {
		s := &sites[i]
		if s.InuseBytes <= 0 {
			continue
		}
		var frames []string
		for _, f := range s.Frames {
			frames = append(frames, fmt.Sprintf("%s %s:%d", f.Function, f.File, f.Line))
		}
		key := fmt.Sprint(frames)
		k, ok := index[key]
		if !ok {
			k = len(total.Top)
			index[key] = k
			total.Top = append(total.Top, stats.Stack{Frames: frames})
			bytes, objects = append(bytes, 0), append(objects, 0)
		}
		bytes[k] += s.InuseBytes
		objects[k] += s.InuseObjects
	}
	for k := range total.Top {
		total.Top[k].Bytes, total.Top[k].Objects = int64(math.Round(bytes[k])), int64(math.Round(objects[k]))
		total.Bytes += total.Top[k].Bytes
	}
	slices.SortStableFunc(total.Top, func(a, b stats.Stack) int { return cmp.Compare(b.Bytes, a.Bytes) })
	total.Top = total.Top[:min(n, len(total.Top))]
	return total
}
