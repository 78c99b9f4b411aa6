// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/ashlar-go/ashlar/arena"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// pick opens the file if it is closed, and returns a drawer that the stream selects. There is
// none after another program has cut the file.
func (m *fileModel) pick() (slot *arena.SliceRef[byte], i int, err error) {
	if open, err := m.open(); !open || err != nil || m.cut {
		return nil, 0, err
	}
	root, err := arena.Root[cabinet](m.f)
	if err != nil {
		return nil, 0, m.settle(err)
	}
	i = m.in.below(len(root.Drawers))
	m.trace.note(i)
	return &root.Drawers[i], i, nil
}

// newDrawer replaces a drawer by a new slice, which must be zero. The old one is garbage.
func (m *fileModel) newDrawer() error {
	slot, i, err := m.pick()
	if slot == nil || err != nil {
		return err
	}
	n := 1 + m.in.below(40<<10)
	m.trace.note(n)
	var r arena.SliceRef[byte]
	err = m.kernel(func() (err error) {
		r, err = arena.NewSliceRef[byte](m.f, n, n)
		return err
	})
	if err != nil {
		return m.settle(err)
	}
	now := make([]byte, n)
	fill(now, m.in.next(), 0)
	err = m.f.Catch(func() error {
		if at := nonZero(r.Get(m.f)); at >= 0 {
			return fmt.Errorf("byte %d of a new slice is not zero", at)
		}
		copy(r.Get(m.f), now)
		*slot = r
		return nil
	})
	m.memory[i] = now
	return err
}

func (m *fileModel) write() error {
	slot, i, err := m.pick()
	if slot == nil || err != nil || len(m.memory[i]) == 0 {
		return err
	}
	at, b := m.in.below(len(m.memory[i])), byte(m.in.next())
	m.memory[i][at] = b
	return m.f.Catch(func() error { slot.Get(m.f)[at] = b; return nil })
}

func (m *fileModel) append() error {
	slot, i, err := m.pick()
	if slot == nil || err != nil {
		return err
	}
	more := make([]byte, m.in.below(5000))
	fill(more, m.in.next(), 0)
	var r arena.SliceRef[byte]
	err = m.kernel(func() (err error) {
		r, err = arena.AppendRef(m.f, *slot, more...)
		return err
	})
	if err != nil {
		return m.settle(err)
	}
	*slot = r
	m.memory[i] = append(m.memory[i], more...)
	return nil
}

func (m *fileModel) drop() error {
	slot, i, err := m.pick()
	if slot == nil || err != nil {
		return err
	}
	*slot, m.memory[i] = arena.SliceRef[byte]{}, nil
	return nil
}

func (m *fileModel) sync() error {
	return m.commit(func() error { return m.f.Sync() })
}

func (m *fileModel) compact() error {
	return m.commit(func() error {
		before := m.f.Stats().Used
		freed, err := arena.Compact[cabinet](m.f)
		if after := m.f.Stats().Used; err == nil && (freed < 0 || freed > before-after) {
			return fmt.Errorf("arena.Compact freed %d bytes, and the use fell from %d to %d", freed, before, after)
		}
		return err
	})
}

// commit performs a commit and judges its outcome.
func (m *fileModel) commit(do func() error) error {
	if open, err := m.open(); !open || err != nil {
		return err
	}
	err := m.kernel(do)
	switch {
	case err == nil && m.cut:
		return errors.New("a commit to a file that another program has cut succeeded")
	case err == nil && (m.unsure != nil || m.halfway):
		return errors.New("a commit succeeded after one that had failed half-way")
	case err == nil:
		m.committed = *m.memory.clone()
		return nil
	case errors.Is(err, arena.ErrReopen) && m.fired > 0:
		m.unsure = m.memory.clone()
		return nil
	}
	return m.settle(err)
}

// closeFile closes the file. Another program that has cut it must be told by then.
func (m *fileModel) closeFile() error {
	if m.f == nil {
		return nil
	}
	err := m.attempt(m.next, m.f.Close)
	m.next.call = 0
	if again := m.f.Close(); again != nil {
		return fmt.Errorf("closing the file once more: %w", again)
	}
	if m.fired == 0 && m.cut && !m.told && m.unsure == nil && !errors.Is(err, arena.ErrTruncated) {
		return fmt.Errorf("closing a file that another program has cut: %w", orNone(err))
	}
	m.f = nil
	return m.settle(err)
}

var errLeft = errors.New("a copy failed, and left its file")

// copy makes a copy of the last commit.
func (m *fileModel) copy() error {
	if open, err := m.open(); !open || err != nil {
		return err
	}
	to := m.path + ".copy"
	defer os.Remove(to)
	err := m.kernel(func() error {
		err := m.f.Copy(to, arena.CopyOptions{NoStore: true})
		if err == nil {
			return nil
		}
		reasons := m.fired // of which one is why Copy fails, and a second one why the file stays
		if m.cut || errors.Is(err, arena.ErrReopen) {
			reasons++
		}
		if os.Remove(to) == nil && reasons < 2 {
			return fmt.Errorf("%w: %w", errLeft, err)
		}
		return err
	})
	switch {
	case errors.Is(err, errLeft):
		return err
	case err != nil || m.cut:
		return m.settle(err)
	}
	if m.unsure != nil {
		return nil
	}
	return m.image(to)
}

// crash looks at what the file would hold if the process died now.
func (m *fileModel) crash() error {
	if m.f == nil || m.cut || m.unsure != nil {
		return nil
	}
	to := m.path + ".crashed"
	defer os.Remove(to)
	now, err := os.ReadFile(m.path)
	if err == nil {
		err = os.WriteFile(to, now, 0o600)
	}
	if err != nil {
		return err
	}
	return m.image(to)
}

// image opens a file that must hold the last commit.
func (m *fileModel) image(path string) error {
	f, err := arena.Open(path, arena.FileOptions{Open: arena.MustExist, NoStore: true, Verify: true})
	if err != nil {
		return err
	}
	copied := &fileModel{f: f, committed: m.committed}
	return errors.Join(copied.holds(&m.committed), f.Close())
}

func (m *fileModel) verify() error {
	if open, err := m.open(); !open || err != nil {
		return err
	}
	err := m.kernel(m.f.Verify)
	if m.cut && (errors.Is(err, arena.ErrDamaged) || errors.Is(err, arena.ErrTruncated)) {
		return nil
	}
	return m.settle(err)
}

// otherCuts makes the file shorter, as another program does.
func (m *fileModel) otherCuts() error {
	info, err := os.Stat(m.path)
	if err != nil || info.Size() == 0 || m.in.next()%4 != 0 {
		return nil
	}
	m.cut = true
	return os.Truncate(m.path, int64(m.in.below(1<<16))*info.Size()>>16)
}

// otherLengthens appends to the file, as another program does. Open, Sync and Close cut that
// off.
func (m *fileModel) otherLengthens() error {
	if m.cut { // otherwise the cut could not be noticed
		return nil
	}
	f, err := os.OpenFile(m.path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return nil // there is no file at the moment
	}
	_, err = f.WriteString("another program's")
	return errors.Join(err, f.Close())
}

// otherLocks locks the file as another program does, or unlocks it. While the File is open it
// must not be possible.
func (m *fileModel) otherLocks() error {
	if m.locked != nil {
		err := others.CloseFile(m.locked)
		m.locked = nil
		return err
	}
	f, err := others.Open(m.path, vm.ForWriting, 0)
	if err != nil {
		return nil // there is no file at the moment
	}
	err = others.LockFile(f, true, false)
	if m.f == nil && err == nil {
		m.locked = f
		return nil
	}
	if m.f != nil && err == nil {
		err = errors.New("another program could lock a file that is open")
	} else if m.f != nil {
		err = nil
	}
	return errors.Join(err, others.CloseFile(f))
}
