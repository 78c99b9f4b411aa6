// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/arena"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// A fileModel opens, changes and closes an arena file, while other programs cut it, make it
// longer, lock it, copy it and fill the disk, and while kernel calls fail. It knows what
// memory and file must contain.
//
//	committed   what the last commit stored
//	memory      what the program wrote, if the file is open
//	unsure      memory may be committed, too: a commit failed half-way
type fileModel struct {
	dir, path string
	f         *arena.File // nil: closed
	memory    drawers
	committed drawers
	unsure    *drawers
	cut       bool     // another program cut the file since it was last complete
	told      bool     // and an operation has said so
	locked    *vm.File // another program's descriptor, which has locked the file
	in        stream
	trace     trace
	next      refusals // of the next operation
	fired     int      // calls that have failed
	halfway   bool     // the operation has returned arena.ErrReopen
}

// refusals are the kernel calls of an operation that fail.
type refusals struct {
	call, count int  // the first, and how many; call 0: none
	full        bool // for lack of disk space
}

// A cabinet is the root of the file, and drawers are its contents.
type cabinet struct{ Drawers [12]arena.SliceRef[byte] }

type drawers [12][]byte

func (d *drawers) clone() *drawers {
	c := new(drawers)
	for i := range d {
		c[i] = slices.Clone(d[i])
	}
	return c
}

// fileOps contains the operations; a byte modulo their number selects one.
var fileOps = []struct {
	name string
	do   func(*fileModel) error
}{
	{"new", (*fileModel).newDrawer}, {"new", (*fileModel).newDrawer}, {"new", (*fileModel).newDrawer},
	{"write", (*fileModel).write}, {"write", (*fileModel).write}, {"append", (*fileModel).append}, {"drop", (*fileModel).drop},
	{"sync", (*fileModel).sync}, {"sync", (*fileModel).sync}, {"compact", (*fileModel).compact}, {"compact", (*fileModel).compact},
	{"close", (*fileModel).closeFile}, {"copy", (*fileModel).copy}, {"crash", (*fileModel).crash}, {"verify", (*fileModel).verify},
	{"cut", (*fileModel).otherCuts}, {"longer", (*fileModel).otherLengthens}, {"lockfile", (*fileModel).otherLocks},
	{"fail", (*fileModel).fail}, {"fail", (*fileModel).fail}, {"fail", (*fileModel).fail},
}

const fileCapacity = 512 << 10

// runFileModel runs an input on a file in dir.
func runFileModel(data []byte, dir string) (err error) {
	m := &fileModel{dir: dir, path: filepath.Join(dir, "arena"), in: newStream(data)}
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		disarm()
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v\n%s", v, debug.Stack())
		}
		if err != nil {
			err = m.trace.wrap(err)
		}
		if m.f != nil {
			_ = m.f.Close()
		}
		if m.locked != nil {
			_ = others.CloseFile(m.locked)
		}
		_ = os.Remove(m.path)
	}()
	for m.in.more() {
		o := fileOps[m.in.next()%len(fileOps)]
		m.trace.begin(o.name, 0)
		if err := o.do(m); err != nil {
			return err
		}
		if err := m.compare(); err != nil {
			return err
		}
	}
	return nil
}

// fail makes kernel calls of the next operation fail: one, two in a row, or all, as if the
// process died there.
func (m *fileModel) fail() error {
	x := m.in.next()
	m.next.call, m.next.count = 1+x%32, [4]int{1, 1, 2, 1 << 30}[x/32%4]
	m.next.full = x >= 128
	m.trace.note(m.next.call, m.next.count)
	return nil
}

// kernel runs an operation with the failures that are next. Every second operation that fails is
// repeated while all kernel calls fail, and once more when none does. What that one returns must be
// right for an operation without failures.
func (m *fileModel) kernel(f func() error) error {
	next := m.next
	m.next.call, m.halfway = 0, false
	err := m.attempt(next, f)
	if err == nil || m.fired == 0 || m.trace.steps%2 == 0 {
		return err
	}
	if again := m.attempt(refusals{1, 1 << 30, next.full}, f); again == nil {
		return nil
	}
	if err = m.attempt(refusals{}, f); m.halfway {
		m.fired = 1 // the reason of arena.ErrReopen
	}
	return err
}

// attempt runs an operation with failures.
func (m *fileModel) attempt(next refusals, f func() error) error {
	calls := 0
	m.fired = 0
	vm.Inject(func(vm.Op) error {
		if calls++; next.call == 0 || calls < next.call || calls-next.call >= next.count {
			return nil
		}
		m.fired++
		if next.full {
			return errDiskFull
		}
		return errInjected
	})
	defer disarm()
	err := f()
	m.halfway = m.halfway || errors.Is(err, arena.ErrReopen)
	return err
}

// open opens the file if it is closed, and reports whether it is open. The contents must be
// those of the last commit.
func (m *fileModel) open() (bool, error) {
	if m.f != nil {
		return true, nil
	}
	_, missing := os.Stat(m.path)
	how := m.in.next()
	m.trace.note(how)
	o := arena.FileOptions{Capacity: fileCapacity, NoStore: true, Verify: how&1 != 0 || m.cut, Open: arena.OpenMode(how / 2 % 3 % 2 * 2)}
	var f *arena.File
	err := m.kernel(func() (err error) {
		f, err = arena.Open(m.path, o)
		return err
	})
	switch {
	case err == nil && m.locked != nil:
		m.f = f
		return false, errors.New("the file was opened although another program has locked it")
	case err == nil:
		m.f, m.told = f, false
		return true, m.opened()
	case m.locked != nil && errors.Is(err, arena.ErrInUse), m.fired > 0:
	case m.cut && !errors.Is(err, fs.ErrNotExist):
		return false, m.startAgain() // what is left is of no use
	case o.Open == arena.MustExist && (missing != nil || errors.Is(err, arena.ErrTruncated) && m.isEmpty()):
	default:
		return false, err
	}
	return false, nil
}

// isEmpty reports whether nothing was ever committed.
func (m *fileModel) isEmpty() bool { return m.unsure == nil && m.contentBytes(&m.committed) == 0 }

func (m *fileModel) contentBytes(d *drawers) (n int) {
	for _, b := range d {
		n += len(b)
	}
	return n
}

// startAgain removes the file, as the user does who has no use for it.
func (m *fileModel) startAgain() error {
	if m.locked != nil {
		return nil
	}
	m.cut, m.unsure, m.committed, m.memory = false, nil, drawers{}, drawers{}
	return os.Remove(m.path)
}

// opened compares the contents of a file that was just opened with the last commit.
func (m *fileModel) opened() error {
	err := m.holds(&m.committed)
	if err != nil && m.unsure != nil && m.holds(m.unsure) == nil {
		m.committed, err = *m.unsure, nil
	}
	m.unsure, m.cut = nil, false
	m.memory = *m.committed.clone()
	return err
}

// holds compares the contents of the open file.
func (m *fileModel) holds(want *drawers) error {
	root, err := arena.Root[cabinet](m.f)
	if err != nil {
		return err
	}
	return m.f.Catch(func() error {
		for i := range want {
			if got := root.Drawers[i].Get(m.f); !bytes.Equal(got, want[i]) {
				return fmt.Errorf("drawer %d has %d bytes, want %d, and the same ones", i, len(got), len(want[i]))
			}
		}
		return nil
	})
}

// compare compares the memory with what the program wrote, and the file with its checksums.
// After a cut memory may be lost.
func (m *fileModel) compare() error {
	if m.f == nil || m.cut {
		return nil
	}
	if err := m.holds(&m.memory); err != nil || m.unsure != nil {
		return err
	}
	return m.f.Verify()
}

// settle judges the outcome of an operation that does not commit.
func (m *fileModel) settle(err error) error {
	switch {
	case err == nil, m.fired > 0, errors.Is(err, alloc.ErrLimit):
		return nil
	case m.cut && errors.Is(err, arena.ErrTruncated):
		m.told = true
		return nil
	case errors.Is(err, arena.ErrReopen) && m.unsure != nil:
		return nil
	}
	return err
}
