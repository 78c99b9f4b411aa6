// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"runtime"
	"sync/atomic"
)

// besideOps are the operations of a bystander.
var besideOps = []operation{
	{"malloc", 12, (*runner).malloc},
	{"calloc", 6, (*runner).calloc},
	{"memalign", 4, (*runner).memalign},
	{"realloc", 10, (*runner).realloc},
	{"free", 12, (*runner).freeOne},
	{"burst", 4, (*runner).burst},
	{"freeburst", 4, (*runner).freeBurst},
	{"append", 4, (*runner).appendSlice},
	{"trim", 2, (*runner).trim},
	{"stats", 2, (*runner).stats},
	{"check", 4, (*runner).check},
}

// maxCloseInput is the maximum number of bytes of an input of FuzzClose that are used. go test -fuzz
// gives up a process whose input takes 10 s. The bystander shares its processors with the doomed
// Allocators and with other processes, and its checked blocks are all filled.
const maxCloseInput = 1 << 10

// runBesideClose runs an input on an Allocator, the bystander, while others are opened, used
// and closed at the same time. The first five bytes select the options of both, the number of
// users and when Close comes, the hardening of the doomed ones, and the bystander's ending.
func runBesideClose(data []byte) error {
	in := newStream(data[:min(len(data), maxCloseInput)])
	options, shape, hard, own, ending := in.next(), in.next(), in.next(), in.next(), in.next()
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(2 + shape%3))
	m, err := newModel(own, hugePagesOf(ending/64), hardeningOf(hard/8&3), nil, -1)
	if err != nil {
		return err
	}
	p := newRunner(m, in, besideOps)
	p.alone = true
	var done atomic.Bool
	failed := make(chan error)
	go func() { failed <- doom(options, shape, hard, &done) }()
	err = p.run()
	done.Store(true)
	if err = errors.Join(err, <-failed); err != nil {
		spoilt.Store(true)
		return fmt.Errorf("options %#x and %#x, shape %#x: %w", options, own, shape, err)
	}
	if err := p.end(ending &^ 4); err != nil {
		spoilt.Store(true)
		return fmt.Errorf("options %#x and %#x, ending %#x: %w", options, own, ending, err)
	}
	return nil
}

// doom opens and closes Allocators until done, two at least.
func doom(options, shape, hard int, done *atomic.Bool) error {
	for i := 0; i < 2 || !done.Load(); i++ {
		d, err := newDoomed(options+i, hugePagesOf(hard/32), hardeningOf(hard), shape&64)
		if err == nil {
			err = d.perish(1+shape/4%3, int64(shape/16*(1+i%8)*8), uint64(shape+i))
		}
		if err != nil {
			return err
		}
	}
	return nil
}
