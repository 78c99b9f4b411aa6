// SPDX-License-Identifier: Apache-2.0

package offheap

import (
	"cmp"
	"fmt"
	"hash/maphash"
	"math"
	"sync"
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
)

// InternerOptions are the options of an Interner. The zero value is ready for use.
type InternerOptions struct {
	// Name is the name of the alloc.Tag that counts the memory. The default is "interner".
	Name string
}

// A Text names a string in an Interner. It is a number of 8 bytes without Go pointers. Two Texts
// of one Interner are equal exactly if their strings are. The zero Text names nothing.
type Text uint64

// An Interner keeps one copy of each distinct string off the Go heap, and counts its users. The
// copy is freed when the last user releases it. Any number of goroutines may use an Interner at
// once.
//
// Do not use an Interner if most strings are distinct: it then costs more than it saves. Do not
// use it if all strings are freed at once: keep them in an arena. For strings that the collector
// may manage, use package unique of the standard library.
type Interner struct {
	mu      sync.RWMutex
	memory  alloc.Memory
	seed    maphash.Seed
	strings *Slots[interned]
	index   index // from hashes to indexes of slots, plus 1
}

// interned is a string: its bytes, hash, and number of users.
type interned struct {
	at           alloc.Address
	length, hash uint32
	users        uint32
}

func (s *interned) text() string { return unsafe.String((*byte)(s.at.Pointer()), s.length) }

// NewInterner returns an empty Interner whose memory comes from heap, or from alloc.Default if
// heap is nil. Close frees it.
func NewInterner(heap *alloc.Allocator, o InternerOptions) *Interner {
	name := cmp.Or(o.Name, "interner")
	slots, _ := NewSlots[interned](heap, SlotsOptions{Name: name}) // interned has no pointers
	return &Interner{memory: memoryOf(heap, name), seed: maphash.MakeSeed(), strings: slots}
}

// lookup returns the Text of a string, or 0.
func (in *Interner) lookup(hash uint32, s string) Text {
	if in.index.used == 0 {
		return 0
	}
	for i := in.index.home(hash); in.index.slots[i] != 0; i = in.index.next(i) {
		if slot := in.index.slots[i]; uint32(slot>>32) == hash {
			if h := in.strings.handle(uint32(slot) - 1); in.strings.Get(h).text() == s {
				return Text(h)
			}
		}
	}
	return 0
}

// find returns the string that t names. It panics if there is none.
func (in *Interner) find(op string, t Text) *interned {
	s := in.strings.Get(Handle[interned](t))
	if s == nil {
		kind, detail := alloc.UseAfterFree, "its last user has released it"
		if op == "Interner.Release" {
			kind = alloc.DoubleFree
		}
		if t>>32&1 == 0 {
			kind, detail = alloc.InvalidPointer, "no string ever had this Text: it was made up, overwritten or never set"
		}
		panic(&alloc.MisuseError{Kind: kind, Op: "offheap." + op, Addr: uintptr(t), Detail: detail})
	}
	return s
}

// lock locks the Interner for a call that changes it.
func (in *Interner) lock(op string) {
	in.mu.Lock()
	if in.strings.state == closed {
		in.mu.Unlock()
		panicClosed(op)
	}
}

// Intern returns the Text of a string, and counts the caller as a user of it. The string is copied
// if it is new. Release ends the use. The errors are those of Malloc; the error wraps
// alloc.ErrInvalidSize if the string has 4 GiB or more.
func (in *Interner) Intern(s string) (Text, error) {
	if int64(len(s)) > math.MaxUint32 {
		return 0, &alloc.Error{Op: "offheap.Interner.Intern", Size: len(s), Err: fmt.Errorf("%w: 4 GiB", alloc.ErrInvalidSize)}
	}
	hash := uint32(maphash.String(in.seed, s) >> 32)
	in.lock("Interner.Intern")
	defer in.mu.Unlock()
	if t := in.lookup(hash, s); t != 0 {
		in.use(in.strings.Get(Handle[interned](t)))
		return t, nil
	}
	if _, err := in.index.reserve(in.memory); err != nil {
		return 0, err
	}
	p, err := in.memory.Malloc(len(s))
	if err != nil {
		return 0, err
	}
	copy(unsafe.Slice((*byte)(p), len(s)), s)
	h, err := in.strings.Add(interned{alloc.AddressOf(p), uint32(len(s)), hash, 1})
	if err != nil {
		in.memory.Free(p)
		return 0, err
	}
	in.index.insert(hash, uint32(h)+1)
	return Text(h), nil
}

// use counts one more user. A string with 2³² − 1 users stays for ever.
func (in *Interner) use(s *interned) {
	if s.users < math.MaxUint32 {
		s.users++
	}
}

// Retain counts one more user of a string. It panics with an *alloc.MisuseError if the string has
// no user any more.
func (in *Interner) Retain(t Text) {
	in.lock("Interner.Retain")
	defer in.mu.Unlock()
	in.use(in.find("Interner.Retain", t))
}

// Release ends one use of a string. The last one frees it. Release panics with an
// *alloc.MisuseError of kind DoubleFree if the string has no user any more.
func (in *Interner) Release(t Text) {
	in.lock("Interner.Release")
	defer in.mu.Unlock()
	s := in.find("Interner.Release", t)
	if s.users == math.MaxUint32 {
		return
	}
	if s.users--; s.users > 0 {
		return
	}
	in.index.remove(in.index.slotOf(s.hash, uint32(t)+1))
	in.memory.Free(s.at.Pointer())
	in.strings.Remove(Handle[interned](t))
}

// String returns the string that t names, without a copy. It is valid until its last user
// releases it; to keep it longer, copy it with strings.Clone. String panics with an
// *alloc.MisuseError of kind UseAfterFree if the string has no user any more.
func (in *Interner) String(t Text) string {
	in.mu.RLock()
	defer in.mu.RUnlock()
	if in.strings.state == closed {
		panicClosed("Interner.String")
	}
	return in.find("Interner.String", t).text()
}

// Lookup returns the Text of a string that is interned. It counts no user.
func (in *Interner) Lookup(s string) (t Text, ok bool) {
	in.mu.RLock()
	defer in.mu.RUnlock()
	if in.strings.state == closed {
		panicClosed("Interner.Lookup")
	}
	t = in.lookup(uint32(maphash.String(in.seed, s)>>32), s)
	return t, t != 0
}

// Len returns the number of distinct strings.
func (in *Interner) Len() int {
	in.mu.RLock()
	defer in.mu.RUnlock()
	return in.strings.Len()
}

// Close frees all strings, whoever uses them. Any later use except Len and Close panics with an
// *alloc.MisuseError of kind UseAfterClose.
func (in *Interner) Close() {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.strings.state == closed {
		return
	}
	for _, s := range in.strings.All() {
		in.memory.Free(s.at.Pointer())
	}
	in.index.free(in.memory)
	in.strings.Close()
}
