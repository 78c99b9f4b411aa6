package main

// A peer says how the generated loops call one allocator.
type peer struct {
	Worker    string // the Go type that the loops are methods of
	Handle    string // statement before the loop that makes h, the thing to call; may be empty
	Malloc    string // statements that allocate size bytes as the new variable p
	FreeBlock string // statement that frees BLOCK
	Dropped   bool   // a block is freed by forgetting it, so overwriting it is enough
}

const orPanic = "\nif err != nil {\npanic(err)\n}"

// files lists what is generated.
func files() []file {
	return []file{
		{Name: "loops_generated.go", Peers: measured()},
		{
			Name:       "loops_memorymanager_generated.go",
			Constraint: "unix",
			Peers:      []peer{byReference()},
		},
		{
			Name:       "loops_cgo_generated.go",
			Constraint: "cgo && cgopeer",
			Import:     "github.com/ashlar-go/ashlar/benchmarks/internal/cmalloc",
			Peers:      []peer{inC()},
		},
		{Name: "loops_generated_test.go", Peers: []peer{counting()}},
	}
}

// measured lists the peers of the tables.
func measured() []peer {
	return []peer{
		{
			Worker:    "ashlarWorker",
			Handle:    "h := w.allocator",
			Malloc:    "p, err := h.Malloc(size)" + orPanic,
			FreeBlock: "h.Free(BLOCK)",
		},
		{
			Worker:    "ashlarLocalWorker",
			Handle:    "h := w.local",
			Malloc:    "p, err := h.Malloc(size)" + orPanic,
			FreeBlock: "h.Free(BLOCK)",
		},
		{
			Worker:    "moderncWorker",
			Handle:    "h := w.allocator",
			Malloc:    "address, err := h.UintptrMalloc(size)" + orPanic + "\np := unsafe.Add(nil, address)",
			FreeBlock: "if err := h.UintptrFree(uintptr(BLOCK)); err != nil {\npanic(err)\n}",
		},
		{
			Worker: "moderncMutexWorker",
			Handle: "h := w.peer",
			Malloc: "h.mutex.Lock()\naddress, err := h.allocator.UintptrMalloc(size)\nh.mutex.Unlock()" + orPanic +
				"\np := unsafe.Add(nil, address)",
			FreeBlock: "h.mutex.Lock()\nerr := h.allocator.UintptrFree(uintptr(BLOCK))\nh.mutex.Unlock()" + orPanic,
		},
		{
			Worker:    "makeWorker",
			Malloc:    "p := unsafe.Pointer(unsafe.SliceData(make([]byte, size)))",
			FreeBlock: "BLOCK = nil",
			Dropped:   true,
		},
		{
			Worker:    "poolWorker",
			Handle:    "h := w.pools.of(size)",
			Malloc:    "p := unsafe.Pointer(h.Get().(*byte))",
			FreeBlock: "h.Put((*byte)(BLOCK))",
		},
		{
			Worker:    "poolsWorker",
			Handle:    "h := w.pools",
			Malloc:    "p := h.get(size)",
			FreeBlock: "h.put(BLOCK, size)",
		},
		{
			Worker:    "chunksWorker",
			Handle:    "h := w.pool",
			Malloc:    "p := h.get(size)",
			FreeBlock: "h.put(BLOCK)",
		},
		{
			Worker:    "naiveWorker",
			Malloc:    "p, err := naiveMalloc(size)" + orPanic,
			FreeBlock: "if err := naiveFree(BLOCK); err != nil {\npanic(err)\n}",
		},
		{
			Worker:    "loopWorker",
			Handle:    "h := w.block",
			Malloc:    "p := h",
			FreeBlock: "BLOCK = nil",
			Dropped:   true,
		},
	}
}

// byReference is the peer of systems on which memorymanager compiles.
func byReference() peer {
	return peer{
		Worker:    "memorymanagerWorker",
		Handle:    "h := w.store",
		Malloc:    "p := referenceMalloc(h, size)",
		FreeBlock: "referenceFree(h, BLOCK)",
	}
}

// inC is the peer that calls malloc and free of C.
func inC() peer {
	return peer{Worker: "cgoWorker", Malloc: "p := cmalloc.Malloc(size)", FreeBlock: "cmalloc.Free(BLOCK)"}
}

// counting is the peer by which the tests of this module check the loops themselves.
func counting() peer {
	return peer{
		Worker:    "countingWorker",
		Handle:    "h := w.counts",
		Malloc:    "p := h.malloc(size)",
		FreeBlock: "h.free(BLOCK, size)",
	}
}
