// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/arena"
)

// closeBeside opens an Allocator of any mode and closes it while goroutines use it. All crews are
// bystanders.
func (s *soaking) closeBeside(_ *crew, r *rand.Rand) {
	d, err := newDoomed(r.IntN(256), hugePagesOf(r.IntN(4)), hardeningOf(r.IntN(8)), r.IntN(2))
	if err == nil {
		err = d.perish(1+r.IntN(3), int64(r.IntN(400)), r.Uint64())
	}
	if err != nil {
		s.violation(err)
	}
	s.tally.doomed.Add(1)
}

// bubble uses the Allocator of a crew, and a new one, in a bubble of testing/synctest, whose
// clock jumps. Blocks from outside are freed inside, and the other way round.
func (s *soaking) bubble(c *crew, r *rand.Rand) {
	var p, q unsafe.Pointer
	size := s.load.size(r)
	p = s.visitor(c, size)
	synctest.Test(&testing.T{}, func(*testing.T) {
		own, err := alloc.NewAllocator(alloc.Options{})
		if err != nil {
			s.violation(err)
			return
		}
		if b, err := own.Malloc(size); err == nil {
			time.Sleep(time.Hour)
			own.Free(b)
		}
		var others sync.WaitGroup
		others.Go(func() { q = s.visitor(c, size) })
		others.Wait()
		c.a.Free(p)
		time.Sleep(time.Hour)
		if err := own.Close(); err != nil {
			s.violation(err)
		}
	})
	c.a.Free(q)
	s.tally.bubbles.Add(1)
}

// visitor allocates a block for a crew's visitor, nil if the crew's limit refuses it.
func (s *soaking) visitor(c *crew, size int) unsafe.Pointer {
	p, err := c.a.Malloc(size)
	if err != nil {
		return nil
	}
	if b := (request{size: size, checked: c.checked}).place(); b.small {
		c.visited[b.class]++
	}
	return p
}

// A shelf is the root of the soak's arena files.
type shelf struct {
	Round int
	Books [8]arena.SliceRef[byte]
}

// keepFile writes an arena file in several sessions, frees what is no longer reached, and
// reads all of it again. Processes are started at the same time: between fork and exec they
// have copies of the file's descriptor.
func (s *soaking) keepFile(_ *crew, r *rand.Rand) {
	dir, err := os.MkdirTemp("", "ashlar-soak-")
	if err != nil {
		return // nowhere to write
	}
	defer os.RemoveAll(dir)
	done := make(chan struct{})
	var children sync.WaitGroup
	children.Go(func() {
		for {
			select {
			case <-done:
				return
			default:
			}
			if exec.Command("true").Run() != nil {
				return // there is no such program
			}
			s.tally.children.Add(1)
		}
	})
	defer children.Wait()
	defer close(done)
	for round := range 4 {
		if err := fileSession(filepath.Join(dir, "arena"), round, r); err != nil && !errors.Is(err, arena.ErrNoSpace) {
			s.violation(fmt.Errorf("an arena file, session %d: %w", round, err))
			return
		}
	}
	s.tally.files.Add(1)
}

// fileSession opens the file, checks what the sessions before have written, changes it, and
// closes it.
func fileSession(path string, round int, r *rand.Rand) error {
	f, err := arena.Open(path, arena.FileOptions{Capacity: 4 << 20, Verify: true, NoStore: true})
	if err != nil {
		return err
	}
	root, err := arena.Root[shelf](f)
	if err == nil && root.Round != round {
		err = fmt.Errorf("the file is of session %d", root.Round)
	}
	for i := 0; err == nil && i < len(root.Books); i++ {
		book := root.Books[i].Get(f)
		if n := len(book); n > 0 && !bytes.Equal(book, bytes.Repeat(book[:1], n)) {
			err = fmt.Errorf("book %d has changed", i)
		}
		if err == nil && r.IntN(2) == 0 {
			n := 1 + r.IntN(100<<10)
			root.Books[i], err = arena.NewSliceRef[byte](f, n, n)
			if err == nil {
				copy(root.Books[i].Get(f), bytes.Repeat([]byte{byte(1 + r.IntN(255))}, n))
			}
		}
	}
	if err == nil {
		root.Round++
		if _, err = arena.Compact[shelf](f); err == nil {
			err = f.Verify()
		}
	}
	return errors.Join(err, f.Close())
}
