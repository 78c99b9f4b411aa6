package main

import (
	"testing"
	"unsafe"
)

// realKinds are the peers that allocate something.
func realKinds() []peerKind {
	return append(kindsNamed(ashlarName, ashlarLocalName, checkedName, moderncName, lockedName, makeName, poolName, poolsName, chunksName, naiveName), memorymanagerKinds...)
}

func TestPeersKeepDifferentBlocks(t *testing.T) {
	for _, kind := range realKinds() {
		for _, size := range []int{64, 128 << 10} {
			if kind.size > 0 && kind.size < size {
				continue
			}
			t.Run(kind.name+"/"+formatBytes(size), func(t *testing.T) {
				p := kind.open()
				w := p.worker()
				r := newRing(w, size)
				w.pair(r, size, 3*window+1)
				expectApart(t, r.blocks[:], size)
				r.drain(w, size)
				w.Close()
				p.trim()
				p.close()
			})
		}
	}
}

// expectApart writes to both ends of all blocks and then looks whether any write was lost.
func expectApart(t *testing.T, blocks []unsafe.Pointer, size int) {
	t.Helper()
	for i, block := range blocks {
		*(*byte)(block), *(*byte)(unsafe.Add(block, size-1)) = byte(i), byte(i)
	}
	for i, block := range blocks {
		if *(*byte)(block) != byte(i) || *(*byte)(unsafe.Add(block, size-1)) != byte(i) {
			t.Errorf("block %d overlaps another one", i)
		}
	}
}

func TestPeersRunAllWorkloads(t *testing.T) {
	for _, kind := range realKinds() {
		t.Run(kind.name, func(t *testing.T) {
			workloads := []workload{newPair(kind, 64), newBatch(kind, 64, inRandomOrder(10)), newLocalBatches(kind, 64)}
			if kind.shared {
				workloads = append(workloads, newParallel(kind, 64, 4), newRemote(kind, 64))
			}
			for _, w := range workloads {
				w.run(2*batchLength + 1)
				w.close()
			}
		})
	}
}

func TestGrowablesKeepTheirBytes(t *testing.T) {
	for _, g := range growables {
		t.Run(g.name, func(t *testing.T) {
			b := g.open()
			defer b.close()
			part := byte(0)
			growOnce(b, 8<<20, func(fresh []byte) {
				part++
				fresh[0], fresh[len(fresh)-1] = part, part
			})
			bytes := b.grow(16 << 20)
			for size, part := growFrom, byte(1); size <= 8<<20; size, part = size*2, part+1 {
				if bytes[size-1] != part {
					t.Errorf("byte %d is %d, want %d", size-1, bytes[size-1], part)
				}
			}
		})
	}
}
