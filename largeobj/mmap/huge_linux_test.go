// SPDX-License-Identifier: Apache-2.0

package mmap

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/ashlar-go/ashlar/internal/raw"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// hugeBytes returns how many bytes of the mapping at an address are in huge pages.
func hugeBytes(t *testing.T, addr uintptr) (n uintptr) {
	t.Helper()
	text, err := os.ReadFile("/proc/self/smaps")
	must(t, err)
	inside := false
	for line := range strings.Lines(string(text)) {
		var first, last, kib uintptr
		if k, _ := fmt.Sscanf(line, "%x-%x ", &first, &last); k == 2 {
			inside = first <= addr && addr < last
		}
		if k, _ := fmt.Sscanf(line, "AnonHugePages: %d kB", &kib); k == 1 && inside {
			n += kib << 10
		}
	}
	return n
}

// TestTransparentPagesAreWhole: all pages of a region are huge, the last one too, if the
// kernel has the memory.
func TestTransparentPagesAreWhole(t *testing.T) {
	balanced(t)
	huge := vm.HugePageSize()
	for _, guards := range []bool{false, true} {
		for _, populate := range []bool{false, true} {
			for _, n := range []uintptr{huge, 4 * huge} {
				peak := uintptr(0)
				for range 5 { // the kernel may be short of huge pages for a moment
					r, err := Map(int(n), MapOptions{Options: Options{
						HugePages: TransparentPages, GuardPages: guards, Populate: populate,
					}})
					must(t, err)
					paint(r.Bytes())
					peak = max(peak, hugeBytes(t, r.base()))
					must(t, r.Close())
				}
				if peak == 0 && n > huge {
					t.Skip("the kernel gives no huge pages")
				}
				if peak < n && (peak > 0 || n == huge && gives(t)) {
					t.Errorf("guards %v, populate %v: %d of %d bytes are in huge pages", guards, populate, peak, n)
				}
			}
		}
	}
}

// gives reports whether the kernel gives huge pages to a plain aligned mapping.
func gives(t *testing.T) bool {
	t.Helper()
	huge := vm.HugePageSize()
	start, m, err := space.Map(2*huge, huge)
	must(t, err)
	defer remains.release(m)
	must(t, space.Advise(start, 2*huge, vm.HugePage))
	paint(raw.Bytes(start, 2*huge))
	return hugeBytes(t, start) == 2*huge
}

// TestTransparentPagesMoved: if other memory takes the chosen addresses meanwhile, or the
// kernel cannot map at a given address, the region is moved to its address.
func TestTransparentPagesMoved(t *testing.T) {
	vm.Require(t, vm.HugePages)
	for _, op := range []vm.Op{vm.OpRelease, vm.OpMap} {
		balanced(t)
		reserved := false
		vm.Inject(func(o vm.Op) error {
			switch {
			case o == vm.OpMap && !reserved:
				reserved = true
			case o == op:
				vm.Inject(nil)
				return errInjected
			}
			return nil
		})
		r, err := Map(int(vm.HugePageSize()), MapOptions{Options: Options{HugePages: TransparentPages, GuardPages: true}})
		vm.Inject(nil)
		closeLater(t, r, err)
		paint(r.Bytes())
		if r.HugePages() != TransparentPages || r.base()%vm.HugePageSize() != 0 {
			t.Errorf("%v, at %#x", r.HugePages(), r.base())
		}
		must(t, r.Resize(3*int(vm.HugePageSize())))
		painted(t, r.Bytes()[:vm.HugePageSize()])
	}
}
