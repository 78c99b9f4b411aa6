package main

import "fmt"

// batchSize is the size of the blocks of a batch, in bytes.
const batchSize = 64

// batchOrders are the orders in which a batch is freed. Their names are those of the native loops, too.
var batchOrders = []struct {
	name string
	make func(n int) []int32
}{
	{"fifo", inOrder},
	{"random", inRandomOrder},
}

func batchRow(order string) string {
	return fmt.Sprintf("batch/order=%s/n=%d/size=%d", order, batchLength, batchSize)
}

func batchRows() []row {
	var rows []row
	for _, order := range batchOrders {
		rows = append(rows, row{
			name:    batchRow(order.name),
			seconds: timedSeconds(len(pairPeers), true),
			run: func(s *session) error {
				indices := order.make(batchLength)
				open := func(kind peerKind) workload { return newBatch(kind, batchSize, indices) }
				subjects := timedSubjects(pairPeers, batchLength, wallClock, open)
				subjects = append(subjects, s.nativeSubjects(order.name, batchSize, 1)...)
				return s.measure(batchRow(order.name), nanoseconds, s.options.repeats, subjects)
			},
		})
	}
	return rows
}
