package main

import "runtime"

// remoteSize is the size of the blocks that one goroutine allocates and another frees, in bytes.
const remoteSize = 64

// The remote rows, and those derived from them.
const (
	localWall   = "remote/free=local/clock=wall"
	localCPU    = "remote/free=local/clock=cpu"
	remoteWall  = "remote/free=remote/clock=wall"
	remoteCPU   = "remote/free=remote/clock=cpu"
	remoteRatio = "remote/remote-to-local/clock=wall"
	cpuRatio    = "remote/remote-to-local/clock=cpu"
)

var remotePeers = kindsNamed(ashlarName, ashlarLocalName, lockedName, makeName, poolName, loopName)

type remoteShape struct {
	name   string
	native string // workload of the native loops; empty if they lack it
	clock  clock
	open   func(peerKind, int) workload
}

func remoteRows() []row {
	shapes := []remoteShape{
		{localWall, "local", wallClock, newLocalBatches},
		{remoteWall, "remote", wallClock, newRemote},
	}
	if cpuClockSupported {
		shapes = append(shapes,
			remoteShape{localCPU, "", cpuClock, newLocalBatches},
			remoteShape{remoteCPU, "", cpuClock, newRemote})
	}
	var rows []row
	for _, shape := range shapes {
		rows = append(rows, row{
			name:    shape.name,
			seconds: timedSeconds(len(remotePeers), shape.native != ""),
			run:     func(s *session) error { return s.measureRemote(shape) },
		})
	}
	return rows
}

func (s *session) measureRemote(shape remoteShape) error {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(min(parallelProcs, runtime.NumCPU())))
	open := func(kind peerKind) workload { return shape.open(kind, remoteSize) }
	subjects := timedSubjects(remotePeers, batchLength, shape.clock, open)
	for _, subject := range subjects {
		subject.sampler.(*timedSampler).anotherClock = shape.native == ""
	}
	if shape.native != "" {
		subjects = append(subjects, s.nativeSubjects(shape.native, remoteSize, 1)...)
	}
	return s.measure(shape.name, nanoseconds, s.options.repeats, subjects)
}

// deriveRemote compares the remote rows with the local ones.
func (r *results) deriveRemote() {
	r.deriveRatio(remoteRatio, remoteWall, localWall)
	r.deriveRatio(cpuRatio, remoteCPU, localCPU)
}
