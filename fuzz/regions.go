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

	"github.com/ashlar-go/ashlar/internal/vm"
	"github.com/ashlar-go/ashlar/largeobj/mmap"
)

// maxRegions is the maximum number of open regions of a region model, and maxText bounds
// the length of its file in bytes.
const (
	maxRegions = 6
	maxText    = 64 << 10
)

// A regionModel maps one file by several regions, as several processes do. Besides, it
// changes, fills and locks the file without a region, as other programs do. It also has
// regions of memory (region_memory.go). It knows what the file and the memory contain.
type regionModel struct {
	path   string
	exists bool
	text   []byte // the contents of the file
	open   []*mappedFile
	memory []*memoryRegion
	locked *vm.File // another program's descriptor, which has locked the file
	in     stream
	trace  trace
	next   struct { // what the next operation meets
		refusals
		appends bool // another program appends to the file at the first of them
	}
	fired    int            // calls that have failed
	calls    [vm.NumOps]int // of the operation, except those that failed
	didMap   bool           // a call that maps has succeeded
	appended []byte         // what another program appended when a call failed
}

// others is the account of other programs' files.
var others vm.Space

// A mappedFile is a region and what the model knows of it.
type mappedFile struct {
	*mmap.Region
	mode   mmap.FileMode
	off, n int // where the region begins in the file, and its length
	beyond bool
}

// regionOps contains the operations; a byte modulo their number selects one.
var regionOps = []struct {
	name string
	do   func(*regionModel) error
}{
	{"map", (*regionModel).mapFile}, {"map", (*regionModel).mapFile}, {"map", (*regionModel).mapFile},
	{"resize", (*regionModel).resize}, {"resize", (*regionModel).resize}, {"resize", (*regionModel).resize},
	{"refresh", (*regionModel).refresh}, {"refresh", (*regionModel).refresh},
	{"write", (*regionModel).write}, {"sync", (*regionModel).sync}, {"lock", (*regionModel).lock},
	{"close", (*regionModel).closeOne}, {"close", (*regionModel).closeOne},
	{"append", (*regionModel).otherAppends}, {"cut", (*regionModel).otherCuts}, {"remove", (*regionModel).otherRemoves},
	{"lockfile", (*regionModel).otherLocks},
	{"fail", (*regionModel).fail}, {"fail", (*regionModel).fail}, {"fail", (*regionModel).fail}, {"fail", (*regionModel).fail},
	{"memory", (*regionModel).mapMemory}, {"memory", (*regionModel).mapMemory}, {"memory", (*regionModel).mapMemory},
	{"resizemem", (*regionModel).resizeMemory}, {"resizemem", (*regionModel).resizeMemory}, {"resizemem", (*regionModel).resizeMemory},
	{"fill", (*regionModel).fillMemory}, {"fill", (*regionModel).fillMemory}, {"fill", (*regionModel).fillMemory},
	{"discard", (*regionModel).discard}, {"discard", (*regionModel).discard}, {"protect", (*regionModel).protect},
	{"closemem", (*regionModel).closeMemory}, {"underflow", (*regionModel).underflow},
}

// runRegionModel runs an input on a file in dir.
func runRegionModel(data []byte, dir string) (err error) {
	m := &regionModel{path: filepath.Join(dir, "file"), in: newStream(data)}
	before := mmap.Sum()
	defer func() {
		disarm()
		if v := recover(); v != nil {
			err = fmt.Errorf("panic: %v\n%s", v, debug.Stack())
		}
		if err != nil {
			err = m.trace.wrap(err)
			for _, r := range m.open {
				_ = r.Close()
			}
			for _, r := range m.memory {
				_ = r.Close()
			}
		}
		if m.locked != nil {
			_ = others.CloseFile(m.locked)
		}
		_ = os.Remove(m.path)
	}()
	for m.in.more() {
		if err := m.step(); err != nil {
			return err
		}
	}
	for len(m.open) > 0 {
		if err := m.closeAt(0); err != nil {
			return err
		}
	}
	for len(m.memory) > 0 {
		if err := m.closeMemoryAt(0); err != nil {
			return err
		}
	}
	return balancedRegions(before)
}

// balancedRegions reports what regions have left behind.
func balancedRegions(before mmap.Totals) error {
	r, err := mmap.Map(1, mmap.MapOptions{}) // which tries again what the kernel refused
	if err != nil {
		return err
	}
	if err := r.Close(); err != nil {
		return err
	}
	after := mmap.Sum()
	before.MappedPeak, before.ChargedPeak = after.MappedPeak, after.ChargedPeak
	if after != before {
		return fmt.Errorf("left behind: %+v, was %+v", after, before)
	}
	return nil
}

func (m *regionModel) step() error {
	o := regionOps[m.in.next()%len(regionOps)]
	m.trace.begin(o.name, 0)
	if err := o.do(m); err != nil {
		return err
	}
	return m.sound()
}

// fail makes one or two kernel calls of the next operation fail, because there is no memory or
// because another program has filled the disk. Another program may append to the file at that
// moment.
func (m *regionModel) fail() error {
	x := m.in.next()
	m.next.call, m.next.count, m.next.full, m.next.appends = 1+x%16, 1, false, false
	switch x / 16 {
	case 0, 1, 2, 3, 12, 13, 14, 15:
	case 4, 5:
		m.next.count = 2
	case 6, 7:
		m.next.full = true
	default:
		m.next.appends = true
	}
	m.trace.note(m.next.call, x)
	return nil
}

var errDiskFull = fmt.Errorf("%w: injected", vm.ErrNoSpace)

// kernel runs an operation on a region, with the failure that is next. Every second operation
// that fails is repeated while all kernel calls fail, and once more when none does. What that one
// returns must be right for an operation without failures.
func (m *regionModel) kernel(f func() error) error {
	first := m.next
	m.next.call, m.next.full, m.next.appends = 0, false, false
	m.appended, m.didMap = nil, false
	err := m.attempt(first.refusals, first.appends, f)
	if err == nil || m.fired != 1 || m.appended != nil || m.trace.steps%2 == 0 || !m.unchanged() {
		return err
	}
	if again := m.attempt(refusals{1, 1 << 30, first.full}, false, f); again == nil {
		return nil
	}
	if err := m.half(); err != nil {
		return err
	}
	return m.attempt(refusals{}, false, f)
}

// unchanged reports whether the file is as it was before the operation.
func (m *regionModel) unchanged() bool {
	now, err := os.ReadFile(m.path)
	return errors.Is(err, fs.ErrNotExist) == !m.exists && (err != nil || bytes.Equal(now, m.text))
}

// attempt runs an operation with failures.
func (m *regionModel) attempt(next refusals, appends bool, f func() error) error {
	calls := 0
	m.fired, m.calls = 0, [vm.NumOps]int{}
	vm.Inject(func(op vm.Op) error {
		if calls++; calls < next.call || calls >= next.call+next.count || next.call == 0 {
			m.calls[op]++
			m.didMap = m.didMap || op == vm.OpMap
			return nil
		}
		m.fired++
		if appends {
			m.appended = m.appendToFile("appended beside the failure")
		}
		if next.full {
			return errDiskFull
		}
		return errInjected
	})
	defer disarm()
	return f()
}

// appendToFile appends as a program without a region does, and returns what it appended.
func (m *regionModel) appendToFile(text string) []byte {
	f, err := os.OpenFile(m.path, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		return nil // there is no file at the moment
	}
	defer f.Close()
	n, _ := f.WriteString(text)
	return []byte(text[:n])
}

// settle compares the outcome of an operation with what it should be: want is its error
// if no kernel call failed, and text what the file then contains.
func (m *regionModel) settle(err, want error, exists bool, text []byte) (done bool, _ error) {
	if now, err := os.ReadFile(m.path); want != nil && m.fired > 0 && err == nil && len(now) == 0 {
		m.exists = true // the call that failed was to remove the file that was made
	}
	switch {
	case err != nil && m.fired > 1: // nothing can be undone if that fails, too
		return false, m.half()
	case m.fired > 0 && (errors.Is(err, mmap.ErrOutOfMemory) || errors.Is(err, mmap.ErrNoSpace)): // what is injected
		return false, m.undone()
	case want != nil:
		if !errors.Is(err, want) {
			return false, fmt.Errorf("%w, want the error %w", orNone(err), want)
		}
		return false, m.undone()
	case err != nil:
		return false, err
	}
	if m.appended != nil {
		// The other program appended before the file grew, or afterwards.
		for _, possible := range [][]byte{slices.Concat(text, m.appended), grown(slices.Concat(m.text, m.appended), len(text))} {
			if now, _ := os.ReadFile(m.path); bytes.Equal(now, possible) {
				text = possible
			}
		}
	}
	m.exists, m.text = exists, text
	return true, nil
}

func orNone(err error) error {
	if err == nil {
		return errors.New("no error")
	}
	return err
}

// grown returns text with zeros up to n bytes.
func grown(text []byte, n int) []byte {
	if n <= len(text) {
		return text
	}
	return append(slices.Clone(text), make([]byte, n-len(text))...)
}

// undone checks that an operation that failed has changed nothing. What another program
// appended meanwhile stays, and with it the zeros in front of it, if the file was longer at
// that moment.
func (m *regionModel) undone() error {
	now, err := os.ReadFile(m.path)
	if m.appended == nil {
		return nil // sound compares
	}
	zeros, found := bytes.CutSuffix(now, m.appended)
	if err != nil || !found || !bytes.HasPrefix(zeros, m.text) || len(bytes.Trim(zeros[len(m.text):], "\x00")) > 0 {
		return fmt.Errorf("the file lost what another program appended: it has %d bytes, had %d (%w)", len(now), len(m.text), orNone(err))
	}
	m.exists, m.text = true, now
	return nil
}

// half takes over what an operation has left that failed, and could not undo what it had done:
// at most a new file, and zeros at its end.
func (m *regionModel) half() error {
	now, err := os.ReadFile(m.path)
	if errors.Is(err, fs.ErrNotExist) && !m.exists {
		return nil
	}
	if err != nil || !bytes.HasPrefix(now, m.text) || len(bytes.Trim(now[len(m.text):], "\x00")) > 0 {
		return fmt.Errorf("an operation failed, and the file has %d bytes, had %d (%w)", len(now), len(m.text), orNone(err))
	}
	m.exists, m.text = true, now
	return nil
}

// sound compares the file and all regions with the model.
func (m *regionModel) sound() error {
	if err := m.soundMemory(); err != nil {
		return err
	}
	now, err := os.ReadFile(m.path)
	if errors.Is(err, fs.ErrNotExist) != !m.exists || err == nil && !bytes.Equal(now, m.text) {
		return fmt.Errorf("the file has %d bytes (%w), want %d, and the same ones: exists %v", len(now), orNone(err), len(m.text), m.exists)
	}
	for _, r := range m.open {
		if err := m.compare(r); err != nil {
			return fmt.Errorf("region of %d bytes at %d, %v: %w", r.n, r.off, r.mode, err)
		}
	}
	return nil
}

// compare compares the bytes of a region with those of the file.
func (m *regionModel) compare(r *mappedFile) error {
	if r.Len() != r.n {
		return fmt.Errorf("it has %d bytes", r.Len())
	}
	want := m.text[min(r.off, len(m.text)):min(r.off+r.n, len(m.text))]
	if err := r.Catch(func(b []byte) error {
		if !bytes.Equal(b[:len(want)], want) {
			return errors.New("other bytes than the file's")
		}
		return nil
	}); err != nil {
		return err
	}
	page := int(vm.PageSize())
	end := (len(m.text) + page - 1) / page * page // bytes up to here can be read
	if r.n == 0 || r.off+r.n <= end {
		return nil
	}
	var last byte
	if err := r.Catch(func(b []byte) error { last = b[len(b)-1]; return nil }); !errors.Is(err, mmap.ErrTruncated) {
		return fmt.Errorf("beyond the end of the file: %w, and the byte %d", orNone(err), last)
	}
	return nil
}
