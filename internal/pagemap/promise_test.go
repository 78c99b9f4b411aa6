// SPDX-License-Identifier: Apache-2.0

package pagemap

import (
	"errors"
	"math/bits"
	"testing"

	"github.com/ashlar-go/ashlar/internal/metadata"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// Redeem works without the kernel, whether the page's leaf exists or not. A leaf that it
// did not need is available to the next Promise.
func TestPromise(t *testing.T) {
	reserve(t, page, page) // skips the test if there is no memory
	far := leaf
	if bits.UintSize == 64 {
		far <<= 4 // no other test goes there
	}
	calls := metadata.Space.Calls(vm.OpMap)
	for _, addr := range []uintptr{4000 * page, far, far + page} {
		p, err := Prepare()
		if err != nil {
			t.Fatal(err)
		}
		vm.Inject(func(vm.Op) error { return errors.New("injected") })
		p.Redeem(addr)
		vm.Inject(nil)
		Set(addr, page, 7)
		if d := Get(addr); d != 7 {
			t.Errorf("Get(%#x) = %#x, want 7", addr, d)
		}
		Set(addr, page, 0)
	}
	for range 3 {
		p, err := Prepare()
		if err != nil {
			t.Fatal(err)
		}
		p.Drop()
	}
	// One leaf is reused from promise to promise. If the second page took it, another one
	// replaces it.
	if n := metadata.Space.Calls(vm.OpMap) - calls; n > 2 {
		t.Errorf("six promises, one at a time, mapped %d leaves", n)
	}
}
