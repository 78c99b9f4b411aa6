// SPDX-License-Identifier: Apache-2.0

package mmap

import "io/fs"

// HugePages says which pages a Region uses.
type HugePages uint8

const (
	// SmallPages are pages of the kernel's page size, unless the kernel decides
	// otherwise. The default.
	SmallPages HugePages = iota
	// TransparentPages asks for transparent huge pages. The region is aligned to their
	// size, and the kernel uses as many huge pages as it has.
	TransparentPages
	// ExplicitPages asks for huge pages that the system reserves (vm.nr_hugepages).
	// They are never swapped out. If there are not enough, and for files, shared
	// objects and secret memory, the region uses transparent huge pages.
	// Region.HugePages reports which pages it got.
	ExplicitPages
)

func (h HugePages) String() string {
	return [...]string{"small", "transparent huge", "explicit huge"}[h]
}

// Options are the options that all kinds of Region have. The zero value is the default
// of each.
type Options struct {
	// Name is the name of the region in Regions, in errors and, if the kernel supports
	// that, in /proc/self/maps. Default: the path of a file, the name of a shared
	// object, otherwise none.
	Name string

	// Align is the alignment of the address of Bytes, in bytes, a power of two. 0, and
	// every value below the page size, means the page size. For a window of a file, Align
	// aligns the page in which the window begins.
	Align int

	// GuardPages puts an inaccessible page on either side of the region, so that an
	// access beyond its ends is a fault. Default: none. Guard pages cost two mappings,
	// and make Resize always move the region.
	GuardPages bool

	// HugePages asks for huge pages. Default: SmallPages.
	HugePages HugePages

	// Populate brings all pages in at once, as far as there is memory. Default: each
	// page comes in when it is first accessed.
	Populate bool

	// Lock keeps the region in RAM, as Region.Lock does. Default: the kernel may swap
	// it out.
	Lock bool
}

// check reports the first option that makes no sense.
func (o *Options) check() error {
	switch a := o.Align; {
	case a < 0 || a&(a-1) != 0 || uintptr(a) >= maxLength:
		return invalid("Align of %d bytes: it must be a power of two, or 0", a)
	case o.HugePages > ExplicitPages:
		return invalid("HugePages of %d", o.HugePages)
	}
	return nil
}

// checkPermissions reports permissions that have more than the nine permission bits.
func checkPermissions(m fs.FileMode) error {
	if m&^fs.ModePerm != 0 {
		return invalid("Permissions of %v: they must be in 0777", m)
	}
	return nil
}

// permissions returns the nine bits of m, or the default.
func permissions(m fs.FileMode) uint32 {
	if m == 0 {
		return 0o600
	}
	return uint32(m)
}
