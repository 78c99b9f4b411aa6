package alloc

import (
	"errors"

	"github.com/ashlar-go/ashlar/internal/metadata"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
)

// Trim gives everything unused back to the kernel now and returns how many bytes
// of RAM that were. It briefly stops the world to reach the caches of all
// processors; blocks cached by Locals stay with them.
func (a *Allocator) Trim() int64 {
	a.init()
	before := a.space.Footprint.Now()
	a.checked.flush("Trim")
	a.detach(func(int, uintptr) bool { return true })
	a.trimShared()
	return max(before-a.space.Footprint.Now(), 0) + metadata.Purge()
}

// trimShared gives back what is unused outside the caches.
func (a *Allocator) trimShared() {
	for c := range sizeclass.Class(sizeclass.Count) {
		a.releaseSpans(c, a.depots[c].Age(c, true))
	}
	_, _ = a.pages.Purge(true) // what the kernel refuses stays, to be tried again
	_, _ = a.large.Purge(true)
}

// retry calls get until it succeeds, fails for another reason than lack of
// memory, or nothing more can be done about that: OnLimit is called, if it is the
// limit that is reached, and then what is unused is given back.
//
// The caches are left alone when it is the kernel that refuses: taking them away
// needs a little of the Go heap, and the Go runtime does not survive a no.
func (a *Allocator) retry(size int, get func() error) error {
	err := get()
	if err == nil {
		return nil
	}
	if errors.Is(err, ErrLimit) && a.options.OnLimit != nil {
		a.options.OnLimit(size)
		err = get()
	}
	if errors.Is(err, ErrLimit) || errors.Is(err, ErrOutOfMemory) {
		a.checked.flush("Trim")
		a.trimShared()
		err = get()
	}
	if errors.Is(err, ErrLimit) {
		a.Trim()
		err = get()
	}
	a.warnRefused(size, err)
	return err
}
