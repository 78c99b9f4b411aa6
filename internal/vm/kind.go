// SPDX-License-Identifier: Apache-2.0

package vm

import "errors"

// Access is what a program may do with pages.
type Access uint8

// The kinds of access.
const (
	ReadWrite Access = iota
	ReadOnly
	NoAccess // reading and writing raise SIGSEGV
)

// A Kind describes a mapping. The zero value is what Map makes: anonymous private memory
// that can be read and written.
type Kind struct {
	// File is the file that the mapping shows. Default nil: anonymous memory.
	File *File
	// Offset is the position in the file where the mapping begins, in bytes. It must be a
	// multiple of the page size. Default 0.
	Offset int64
	// Shared makes writes reach the file and its other mappings. By default the process
	// gets its own copy of each page that it writes.
	Shared bool
	// Access is the initial access to the pages. The default is reading and writing.
	Access Access
	// Populate asks the kernel to bring all pages into RAM at once. It is not an error if
	// the kernel cannot.
	Populate bool
	// Huge requests explicit huge pages (MAP_HUGETLB) of HugePageSize bytes. The kernel
	// reserves them when it maps them. MapKind returns ErrOutOfMemory if there are too
	// few.
	Huge bool

	// Watched makes the kernel note which pages of private anonymous memory are written, so that Copied
	// visits them until Forget. Only Windows watches memory; elsewhere it has no effect.
	Watched bool

	at   uintptr // start address, which must be unused; 0: any
	hull *Kind   // this is a reservation for a mapping of that kind
}

// MapKind makes a mapping of size bytes at an address that the kernel chooses. size must
// be a multiple of the page size, or of HugePageSize for explicit huge pages.
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

// Reserve maps at least size inaccessible bytes, in which Place or MapInto will put a mapping of kind
// k. start is a multiple of align, and size bytes from there on belong to the reservation. It returns
// ErrUnsupported if the kernel cannot do that for mappings of files (PlacesFiles).
func (s *Space) Reserve(size, align uintptr, k Kind) (start uintptr, m Mapping, err error) {
	if align > Granularity() && !Able(Placing) {
		return 0, Mapping{}, Need(Placing)
	}
	return s.mapAligned(size, align, func(size uintptr) (Mapping, error) {
		return s.MapKind(size, Kind{Access: NoAccess, hull: &k})
	})
}

// MapInto makes a mapping of size bytes in a part of a reservation that begins at start.
// The rest of the reservation on both sides becomes the mappings head and tail, which may
// be empty. If MapInto fails, body is empty, and head and tail are what remains of the
// reservation. If the kernel did not release the part, head is the whole reservation.
//
// On Linux the part is unmapped for a moment. MapInto returns ErrOutOfMemory if another mapping of
// the process takes the part, or if the kernel cannot map at a given address (Linux
// before 4.17).
func (s *Space) MapInto(reservation Mapping, start, size uintptr, k Kind) (head, body, tail Mapping, err error) {
	end := start + size
	if err := s.makeRoom(start, size, &k); err != nil {
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

// makeRoom unmaps a part of a reservation, where the kernel checks that mappings at a
// given address are laid over nothing. Elsewhere they are laid over the reservation, or replace it.
func (s *Space) makeRoom(start, size uintptr, k *Kind) error {
	return s.call(OpRelease, size, func() error { return sysMakeRoom(start, size, k) })
}

// pieces returns the number of mappings that are not empty.
func pieces(mappings ...Mapping) (n int64) {
	for _, m := range mappings {
		if m.Size > 0 {
			n++
		}
	}
	return n
}

// Place moves the pages of m, a mapping of kind k, into a reservation, to begin at start, and resizes them to
// size bytes. The rest of the reservation on both sides becomes separate mappings, which
// may be empty; they serve as guards. If Place fails, nothing has changed.
//
// Linux has mremap, which checks everything before it changes anything. Without Moving,
// Place makes a new mapping and copies what the process has written.
func (s *Space) Place(m, reservation Mapping, start, size uintptr, k Kind) (head, body, tail Mapping, err error) {
	err = s.call(OpRemap, size, func() error { return sysMove(m.Base, m.Size, start, size, &k) })
	if err != nil {
		return Mapping{}, m, Mapping{}, err
	}
	end := start + size
	head = Mapping{reservation.Base, start - reservation.Base}
	tail = Mapping{end, reservation.Base + reservation.Size - end}
	s.Mapped.Add(-int64(m.Size))    // the pages are now in the reservation, which is counted
	s.count(pieces(head, tail) - 1) // m and the reservation were two mappings
	return head, Mapping{start, size}, tail, nil
}
