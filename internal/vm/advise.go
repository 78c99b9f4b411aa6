// SPDX-License-Identifier: Apache-2.0

package vm

// Advice tells the kernel how a range is going to be used, or asks it to do
// something about it now.
type Advice uint8

// The kinds of advice.
const (
	Normal        Advice = iota // no special use
	Sequential                  // read ahead much, and drop what was read soon
	Random                      // do not read ahead
	WillNeed                    // begin to read now
	DontNeed                    // drop the pages: private ones are zeros or the file's again
	Free                        // drop the pages when RAM is short: zeros or as they were. Anonymous private memory only
	HugePage                    // use transparent huge pages
	NoHugePage                  // do not
	DontDump                    // leave the range out of core dumps
	Dump                        // do not
	WipeOnFork                  // a child of fork sees zeros. Anonymous private memory only
	KeepOnFork                  // it sees the memory
	DontFork                    // a child of fork does not have the range at all
	PopulateRead                // bring all pages in for reading, now. Linux 5.14
	PopulateWrite               // bring all pages in for writing, now: faults are prevented. Linux 5.14
	NumAdvice
)

func (a Advice) String() string {
	return [...]string{
		"normal", "sequential", "random", "will need", "don't need", "free", "huge page", "no huge page",
		"don't dump", "dump", "wipe on fork", "keep on fork", "don't fork", "populate for reading", "populate for writing",
	}[a]
}

// Advise gives advice on a range, whose base is a multiple of the page size.
// ErrKernelLacks says that the kernel does not know the advice at all; other
// errors, that it does not apply to this mapping or that there is no memory.
func (s *Space) Advise(base, size uintptr, a Advice) error {
	err := s.call(OpAdvise, size, func() error { return sysAdvise(base, size, a) })
	if !isInvalid(err) {
		return err
	}
	// The kernel checks whether it knows an advice before it looks at the range, and
	// an empty range needs nothing else: that tells the two meanings of EINVAL apart.
	if isInvalid(s.call(OpAdvise, 0, func() error { return sysAdvise(base, 0, a) })) {
		return lacking("madvise, "+a.String(), err)
	}
	return err
}
