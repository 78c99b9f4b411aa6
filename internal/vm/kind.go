// SPDX-License-Identifier: Apache-2.0

package vm

import "errors"

// Access says what a program may do with pages.
type Access uint8

// The kinds of access.
const (
	ReadWrite Access = iota
	ReadOnly
	NoAccess // reading and writing raise SIGSEGV
)

// A Kind says what a mapping is. The zero value is what Map maps: anonymous
// private memory that can be read and written.
type Kind struct {
	// File is what the mapping shows; nil: anonymous memory.
	File *File
	// Offset is where in the file it begins, in bytes, a multiple of the page size.
	Offset int64
	// Shared has writes reach the file and its other mappings. Otherwise the
	// process gets its own copy of the pages that it writes.
	Shared bool
	// Access is what the pages allow at first.
	Access Access
	// Populate has the kernel bring all pages in at once. It is advice: that it
	// cannot is no error.
	Populate bool
	// Huge asks for the explicit huge pages of MAP_HUGETLB, of HugePageSize. They
	// are set aside when they are mapped: ErrOutOfMemory says that there are not
	// enough.
	Huge bool

	at uintptr // where it begins, if nothing is there yet; 0: anywhere
}

// MapKind maps size bytes of a kind, at an address that the kernel chooses. size
// is a multiple of the page size, or of HugePageSize for explicit huge pages.
func (s *Space) MapKind(size uintptr, k Kind) (Mapping, error) {
	var base uintptr
	err := s.call(OpMap, size, func() (err error) {
		base, err = sysMapKind(size, &k)
		return err
	})
	if k.Huge && isInvalid(err) {
		err = lacking("mmap with MAP_HUGETLB", err)
	}
	if err != nil {
		return Mapping{}, err
	}
	s.add(size)
	return Mapping{base, size}, nil
}

// Reserve maps size bytes that cannot be accessed, as a place for Place. start is
// the multiple of align in it from which size bytes are usable.
func (s *Space) Reserve(size, align uintptr) (start uintptr, m Mapping, err error) {
	return s.mapAligned(size, align, func(size uintptr) (Mapping, error) {
		return s.MapKind(size, Kind{Access: NoAccess})
	})
}

// MapInto maps size bytes of a kind in the place of a part of a reservation, to begin at
// start. What is left of the reservation on either side are mappings of their own then,
// of no bytes perhaps. On failure body has no bytes, and head and tail are what the
// reservation has become: all of it is head if the kernel did not give up a part of it.
//
// For a moment the place is nobody's. If another mapping of the process takes it, or the
// kernel cannot map at a given address (Linux before 4.17), that is ErrOutOfMemory.
func (s *Space) MapInto(reservation Mapping, start, size uintptr, k Kind) (head, body, tail Mapping, err error) {
	end := start + size
	if err := s.call(OpRelease, size, func() error { return sysUnmap(start, size) }); err != nil {
		return reservation, Mapping{}, Mapping{}, err
	}
	head = Mapping{reservation.Base, start - reservation.Base}
	tail = Mapping{end, reservation.Base + reservation.Size - end}
	s.Mapped.Add(-int64(size))
	s.count(pieces(head, tail) - 1)
	k.at = start
	body, err = s.MapKind(size, k)
	if err == nil && body.Base != start {
		err = errors.Join(ErrOutOfMemory, s.Release(body))
		body = Mapping{}
	}
	return head, body, tail, err
}

// pieces returns how many of the mappings have bytes.
func pieces(mappings ...Mapping) (n int64) {
	for _, m := range mappings {
		if m.Size > 0 {
			n++
		}
	}
	return n
}

// Place moves the pages of m into a reservation, to begin at start, and makes them
// size bytes. What is left of the reservation on either side are mappings of their
// own then, of no bytes perhaps; they serve as guards. On failure all is as it was.
//
// This, and not MAP_FIXED, is how mappings get their place: mmap may have cleared
// the place before it fails, and mremap looks before it does.
func (s *Space) Place(m, reservation Mapping, start, size uintptr) (head, body, tail Mapping, err error) {
	err = s.call(OpRemap, size, func() error { return sysMove(m.Base, m.Size, start, size) })
	if err != nil {
		return Mapping{}, m, Mapping{}, err
	}
	end := start + size
	head = Mapping{reservation.Base, start - reservation.Base}
	tail = Mapping{end, reservation.Base + reservation.Size - end}
	s.Mapped.Add(-int64(m.Size))    // its pages lie in the reservation, which is counted
	s.count(pieces(head, tail) - 1) // m and the reservation were two
	return head, Mapping{start, size}, tail, nil
}
