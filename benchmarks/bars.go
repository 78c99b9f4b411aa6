package main

import "fmt"

// allBars lists the goals, in the order of the tables.
func allBars() []bar {
	var bars []bar
	bars = append(bars, smallBars()...)
	bars = append(bars, largeBars()...)
	bars = append(bars, nativeBars()...)
	bars = append(bars, parallelBars()...)
	bars = append(bars, growBars()...)
	return append(bars, memoryBars()...)
}

// against compares two peers in one row.
func against(text, row, ours, other string, sense sense, bound float64) bar {
	return bar{text: text, ours: figure{row, ours}, other: figure{row, other}, sense: sense, bound: bound}
}

// alone bounds a figure of ashlar's Allocator.
func alone(text, row string, sense sense, bound float64) bar {
	return bar{text: text, ours: figure{row, ashlarName}, sense: sense, bound: bound}
}

func smallBars() []bar {
	var bars []bar
	heap := map[int]float64{64: 3, 1 << 10: 15, 16 << 10: 100}
	for _, size := range []int{64, 1 << 10, 16 << 10} {
		row, label := pairRow(size), "pair "+formatBytes(size)
		bars = append(bars,
			against(label+": Local, time to modernc's", row, ashlarLocalName, moderncName, atMost, 1),
			against(label+": Allocator, time to modernc's", row, ashlarName, moderncName, atMost, 1.3),
			against(label+": Allocator faster than make", row, ashlarName, makeName, faster, heap[size]))
	}
	return bars
}

func largeBars() []bar {
	var bars []bar
	for _, size := range []int{128 << 10, 1 << 20} {
		row, label := pairRow(size), "pair "+formatBytes(size)+": Allocator faster than "
		bars = append(bars,
			against(label+"modernc", row, ashlarName, moderncName, faster, 1.2),
			against(label+"naive", row, ashlarName, naiveName, faster, 50),
			against(label+"make", row, ashlarName, makeName, faster, 20))
	}
	return bars
}

func nativeBars() []bar {
	rows := []struct{ label, row string }{
		{"pair 64 B", pairRow(64)},
		{"fifo of 1000", batchRow("fifo")},
		{"random of 1000", batchRow("random")},
	}
	var bars []bar
	for _, r := range rows {
		bars = append(bars,
			against(r.label+": Allocator, time to mimalloc 3's", r.row, ashlarName, mimalloc3Name, atMost, 2),
			against(r.label+": Local, time to mimalloc 3's", r.row, ashlarLocalName, mimalloc3Name, atMost, 1.3))
	}
	return bars
}

func parallelBars() []bar {
	var bars []bar
	for _, size := range parallelSizes {
		label := formatBytes(size) + " in parallel: "
		bars = append(bars,
			against(label+"2 goroutines faster than modernc+mutex", parallelRow(2, size), ashlarName, lockedName, faster, 1.5),
			alone(label+"throughput of 2 goroutines to 1", speedupRow(size), atLeast, 1.85),
			alone(label+"time of 16 goroutines to 2", lossRow(size), atMost, 1.1))
	}
	return append(bars, alone("freed by another goroutine: time to a local pair's", remoteRatio, atMost, 2))
}

func growBars() []bar {
	var bars []bar
	for _, fill := range fills {
		text := fmt.Sprintf("grow by doubling, %s: faster than append", fill.label)
		bars = append(bars, against(text, growRow(fill.name), ashlarName, appendName, faster, 5))
	}
	return bars
}

// gcTolerance is how much the time of a forced collection may differ by chance.
const gcTolerance = 1.1

func memoryBars() []bar {
	resident := map[int]float64{64: 1.04, 16: 1.10}
	var bars []bar
	for _, size := range liveSizes {
		label := formatBytes(size) + " live: "
		bars = append(bars,
			alone(label+"resident to live bytes", liveMetric(size, residentMetric), atMost, resident[size]),
			alone(label+"KiB on the Go heap", liveMetric(size, heapMetric), atMost, 1024),
			alone(label+"forced collection to one with none live", liveMetric(size, gcRatioMetric), atMost, gcTolerance))
		for _, order := range freeOrders {
			bars = append(bars,
				alone(label+"% back on Trim, freed "+order, liveMetric(size, inFreeOrder(backMetric, order)), atLeast, 100*backShare),
				alone(label+"ms until 98 % back, freed "+order, liveMetric(size, inFreeOrder(decayMetric, order)), atMost, 2000))
		}
	}
	return append(bars, alone("churn: peak resident to peak live bytes", churnResident, atMost, 1.2))
}
