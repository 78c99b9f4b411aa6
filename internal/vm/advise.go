// SPDX-License-Identifier: Apache-2.0

package vm

// Advice tells the kernel how the program will use a range, or requests an action at
// once.
type Advice uint8

// The kinds of advice.
const (
	Normal        Advice = iota // default read-ahead
	Sequential                  // read far ahead, and drop pages soon after they were read
	Random                      // no read-ahead
	WillNeed                    // start reading now
	DontNeed                    // drop the pages; they then read as zeros, or as the file
	Free                        // the kernel may drop the pages when RAM is short. Anonymous private memory only
	HugePage                    // use transparent huge pages
	NoHugePage                  // do not use transparent huge pages
	DontDump                    // leave the range out of core dumps
	Dump                        // include the range in core dumps again
	WipeOnFork                  // a child of fork reads zeros. Anonymous private memory only
	KeepOnFork                  // a child of fork sees the contents again
	DontFork                    // a child of fork does not have the range
	PopulateRead                // fault in all pages for reading now. Linux 5.14
	PopulateWrite               // fault in all pages for writing now. Linux 5.14
	NumAdvice
)

func (a Advice) String() string {
	return [...]string{
		"normal", "sequential", "random", "will need", "don't need", "free", "huge page", "no huge page",
		"don't dump", "dump", "wipe on fork", "keep on fork", "don't fork", "populate for reading", "populate for writing",
	}[a]
}

// Discard drops the pages of a part of a mapping of kind k, whose Offset is that of the
// part. Private memory then reads as zeros, and a mapping of a file as the file.
func (s *Space) Discard(base, size uintptr, k Kind) error {
	return s.call(OpAdvise, size, func() error { return sysDiscard(base, size, &k) })
}

// Advise gives the kernel advice on a range. base must be a multiple of the page size. It
// returns ErrKernelLacks if the kernel does not know the advice. Other errors mean that
// the advice does not apply to this mapping, or that memory is short.
func (s *Space) Advise(base, size uintptr, a Advice) error {
	err := s.call(OpAdvise, size, func() error { return sysAdvise(base, size, a) })
	if !isInvalid(err) {
		return err
	}
	// EINVAL has two meanings. The kernel checks whether it knows the advice before it
	// looks at the range. So the same call for an empty range fails only if the advice is
	// unknown.
	if isInvalid(s.call(OpAdvise, 0, func() error { return sysAdvise(base, 0, a) })) {
		return lacking("madvise, "+a.String(), err)
	}
	return err
}
