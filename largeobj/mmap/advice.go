// SPDX-License-Identifier: Apache-2.0

package mmap

import "github.com/ashlar-go/ashlar/internal/vm"

// Advice tells the kernel how the program is going to use a region, or asks the kernel to
// do something about it now.
type Advice uint8

// The kinds of advice. For AdviseDontNeed and AdviseFree a range shrinks to the whole
// pages in it; for all others it grows to whole pages.
const (
	AdviseNormal        = Advice(vm.Normal)
	AdviseSequential    = Advice(vm.Sequential)    // read far ahead
	AdviseRandom        = Advice(vm.Random)        // do not read ahead
	AdviseWillNeed      = Advice(vm.WillNeed)      // begin to read now
	AdviseDontNeed      = Advice(vm.DontNeed)      // drop the pages: private ones become zero, or the file's again
	AdviseFree          = Advice(vm.Free)          // drop the pages when RAM is short; Map only
	AdviseHugePage      = Advice(vm.HugePage)      // use transparent huge pages
	AdviseNoHugePage    = Advice(vm.NoHugePage)    // do not use transparent huge pages
	AdviseDontDump      = Advice(vm.DontDump)      // leave the pages out of core dumps
	AdviseDump          = Advice(vm.Dump)          // undo AdviseDontDump
	AdviseWipeOnFork    = Advice(vm.WipeOnFork)    // a child of fork sees zeros; Map only
	AdviseKeepOnFork    = Advice(vm.KeepOnFork)    // undo AdviseWipeOnFork
	AdviseDontFork      = Advice(vm.DontFork)      // a child of fork does not get the pages
	AdvisePopulateRead  = Advice(vm.PopulateRead)  // bring all pages in for reading, now; Linux 5.14
	AdvisePopulateWrite = Advice(vm.PopulateWrite) // bring all pages in for writing, now; Linux 5.14
)

func (a Advice) String() string { return vm.Advice(a).String() }

// Advise gives advice about the whole region. The error is ErrKernelLacks if the kernel
// does not know the advice at all.
func (r *Region) Advise(a Advice) error { return r.AdviseRange(0, toEnd, a) }

// AdviseRange gives advice about the n bytes from offset off on; n = -1 means to the end of
// the region. Pages keep most advice, also in Resize. Resize returns ErrMixed while parts of
// the region have different advice. WillNeed, DontNeed, Free, PopulateRead and PopulateWrite
// act once and are not kept. Except on Linux, DontNeed is ErrInvalid while pages of the region are
// locked or protected.
func (r *Region) AdviseRange(off, n int, a Advice) error {
	return r.onPages("Advise", off, n, func(p addrRange) error {
		switch {
		case vm.Advice(a) >= vm.NumAdvice:
			return invalid("advice %d", a)
		case r.kind == Secret && (a == AdviseDump || a == AdviseKeepOnFork):
			return invalid("secret memory stays hidden")
		case a == AdviseDontNeed || a == AdviseFree:
			p = r.inside(p)
		default:
			p = r.around(p)
		}
		if p.size() == 0 {
			return nil
		}
		if a == AdviseDontNeed {
			if !vm.Able(vm.Moving) && r.alteredPages() { // other kernels would undo that
				return invalid("pages are locked or protected")
			}
			k := r.view()
			k.Offset += int64(p.begin - r.frame.body.Base)
			return space.Discard(p.begin, p.size(), k)
		}
		return space.Advise(p.begin, p.size(), vm.Advice(a))
	})
}
