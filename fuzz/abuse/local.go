// SPDX-License-Identifier: Apache-2.0

package abuse

import "github.com/ashlar-go/ashlar/alloc"

var shared = []Case{
	{Name: "use one Local from two goroutines at once", Category: sharedLocal, Do: shareLocal,
		Want: later("when two of its slow paths meet", alloc.SharedLocal, "Calloc|Free", 0, "", "another goroutine uses this Local")},
}

// shareLocal lets two goroutines use one Local until their operations meet.
func shareLocal(s *Fixture) error {
	l := s.a.NewLocal()
	use := func() { l.Free(must(l.Calloc(4, largeSize))) }
	for range 10_000 {
		if v := race(use, use); v != nil {
			panic(v)
		}
	}
	return nil
}
