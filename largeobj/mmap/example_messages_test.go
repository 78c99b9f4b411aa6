// SPDX-License-Identifier: Apache-2.0

//go:build ((unix && !aix) || windows) && !ashlar_heap

package mmap_test

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"unsafe"

	"github.com/ashlar-go/ashlar/largeobj/mmap"
)

// A mailbox is a ring of messages in shared memory, from one process to another. Each side
// writes only its own count, and reads the other's.
type mailbox struct {
	sent     atomic.Uint64
	_        [56]byte // each count has a cache line of its own
	received atomic.Uint64
	_        [56]byte
	slots    [16]struct {
		length uint32
		text   [124]byte
	}
}

// mailboxes views a region as two mailboxes, one for each direction.
func mailboxes(r *mmap.Region) *[2]mailbox {
	return (*[2]mailbox)(unsafe.Pointer(unsafe.SliceData(r.Bytes())))
}

func (m *mailbox) send(text string) {
	n := m.sent.Load()
	for n-m.received.Load() == uint64(len(m.slots)) {
		runtime.Gosched() // full
	}
	slot := &m.slots[n%uint64(len(m.slots))]
	slot.length = uint32(copy(slot.text[:], text))
	m.sent.Store(n + 1) // only now can the other side see it
}

func (m *mailbox) receive() string {
	n := m.received.Load()
	for m.sent.Load() == n {
		runtime.Gosched() // empty
	}
	slot := &m.slots[n%uint64(len(m.slots))]
	text := string(slot.text[:min(int(slot.length), len(slot.text))]) // never trust the other side
	m.received.Store(n + 1)
	return text
}

func init() { mmap.AddChild("shout", shout) }

// shout is the other process: it finds the object by its name and answers in
// capitals until it gets an empty message.
func shout() (err error) {
	r, err := mmap.MapShared(os.Getenv("MAILBOX"), 0, mmap.SharedOptions{Open: mmap.MustExist})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	boxes := mailboxes(r)
	for {
		text := boxes[0].receive()
		if text == "" {
			return nil
		}
		boxes[1].send(strings.ToUpper(text))
	}
}

// Two processes exchange messages through an object that one makes and the other
// opens by its name.
func ExampleMapShared() {
	name := "ashlar-example-" + strconv.Itoa(os.Getpid())
	r, err := mmap.MapShared(name, int(unsafe.Sizeof([2]mailbox{})), mmap.SharedOptions{
		Open: mmap.MustCreate, Unlink: true,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer r.Close()
	other := mmap.ChildCommand("shout")
	other.Env = append(other.Env, "MAILBOX="+name)
	if err := other.Start(); err != nil {
		fmt.Println(err)
		return
	}
	boxes := mailboxes(r)
	for i := range 1000 {
		boxes[0].send(fmt.Sprintf("stone %d", i))
		if answer := boxes[1].receive(); i%250 == 0 {
			fmt.Println(answer)
		}
	}
	boxes[0].send("")
	fmt.Println(other.Wait())
	// Output:
	// STONE 0
	// STONE 250
	// STONE 500
	// STONE 750
	// <nil>
}
