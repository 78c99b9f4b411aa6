package main

import "fmt"

// pairSizes are the sizes of blocks, in bytes.
var pairSizes = []int{64, 1 << 10, 16 << 10, 128 << 10, 1 << 20}

// pairPeers are the peers of the rows with one goroutine.
var pairPeers = kindsNamed(ashlarName, ashlarLocalName, moderncName, makeName, poolName, naiveName, loopName)

func pairRow(size int) string { return fmt.Sprintf("pair/size=%d", size) }

func pairRows() []row {
	var rows []row
	for _, size := range pairSizes {
		rows = append(rows, row{
			name:    pairRow(size),
			seconds: timedSeconds(len(pairPeers), true),
			run: func(s *session) error {
				open := func(kind peerKind) workload { return newPair(kind, size) }
				subjects := timedSubjects(pairPeers, 1, wallClock, open)
				subjects = append(subjects, s.nativeSubjects("pair", size, 1)...)
				return s.measure(pairRow(size), nanoseconds, s.options.repeats, subjects)
			},
		})
	}
	return rows
}
