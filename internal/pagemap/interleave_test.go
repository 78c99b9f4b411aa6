// SPDX-License-Identifier: Apache-2.0

//go:build ashlar_interleave

package pagemap

import (
	"errors"
	"fmt"
	"testing"

	"github.com/ashlar-go/ashlar/internal/interleave"
	"github.com/ashlar-go/ashlar/internal/metadata"
	"github.com/ashlar-go/ashlar/internal/sizeclass"
)

// TestGrowthInterleaved lets the map grow by several threads at once, in many orders. Each thread
// finds its own entry afterwards, and no leaf is lost.
func TestGrowthInterleaved(t *testing.T) {
	const page = 1 << sizeclass.PageShift
	addr := uintptr(1) << (addressBits - 1)
	reserve := func(addr uintptr) error { return Reserve(addr, page) }
	promise := func(addr uintptr) error {
		p, err := Prepare()
		if err == nil {
			p.Redeem(addr)
		}
		return err
	}
	drop := func(addr uintptr) error {
		p, err := Prepare()
		if err == nil {
			p.Drop()
		}
		return errors.Join(err, Reserve(addr, page))
	}
	for _, s := range []struct {
		name string
		grow []func(addr uintptr) error // what each thread calls before Set
	}{
		{"Reserve beside Reserve", []func(uintptr) error{reserve, reserve}},
		{"Reserve beside Redeem", []func(uintptr) error{reserve, promise}},
		{"Redeem beside Redeem", []func(uintptr) error{promise, promise}},
		{"Drop beside both", []func(uintptr) error{drop, reserve, promise}},
	} {
		t.Run(s.name, func(t *testing.T) {
			interleave.Run(t, interleave.Options{Runs: 100, Seed: 1}, func() *interleave.Program {
				base := addr // all threads share a leaf that is not there yet
				addr += 1 << rootShift
				before, leaves := metadata.Space.Mappings.Now(), len(spares)
				var errs []error
				p := new(interleave.Program)
				for i, grow := range s.grow {
					at := base + uintptr(i)*page
					p.Threads = append(p.Threads, func() {
						errs = append(errs, grow(at))
						Set(at, page, uintptr(i+1))
						if d := Get(at); d != uintptr(i+1) {
							errs = append(errs, fmt.Errorf("page %d has entry %d", i, d))
						}
					})
				}
				p.Check = func() error {
					for i := range s.grow {
						if d := Get(base + uintptr(i)*page); d != uintptr(i+1) {
							errs = append(errs, fmt.Errorf("page %d has entry %d at the end", i, d))
						}
					}
					made, used := int(metadata.Space.Mappings.Now()-before), 1+len(spares)-leaves
					if made != used {
						errs = append(errs, fmt.Errorf("%d leaves were made, and %d are in use or spare", made, used))
					}
					return errors.Join(errs...)
				}
				return p
			})
		})
	}
}
