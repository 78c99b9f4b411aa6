// SPDX-License-Identifier: Apache-2.0

package pagemap

import (
	"errors"
	"math/bits"
	"testing"

	"github.com/ashlar-go/ashlar/internal/metadata"
	"github.com/ashlar-go/ashlar/internal/vm"
)

func TestReserveFails(t *testing.T) {
	if bits.UintSize == 32 {
		t.Skip("no leaf is unused: other tests use both")
	}
	first := leaf
	first <<= 3 // no other test goes there
	addr := fresh(first, leaf)
	failed := errors.New("injected")
	vm.Inject(func(vm.Op) error { return failed })
	defer vm.Inject(nil)
	footprint := metadata.Space.Footprint.Now()
	if err := Reserve(addr, page); !errors.Is(err, failed) {
		t.Errorf("Reserve: %v", err)
	}
	if Get(addr) != 0 || metadata.Space.Footprint.Now() != footprint {
		t.Errorf("a failed Reserve changed the map")
	}
	vm.Inject(nil)
	reserve(t, addr, page)
	Set(addr, page, 1)
	if Get(addr) != 1 {
		t.Errorf("Reserve still fails after the kernel supplies memory again")
	}
	Set(addr, page, 0)
}
