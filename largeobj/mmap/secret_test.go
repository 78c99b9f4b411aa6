// SPDX-License-Identifier: Apache-2.0

package mmap

import (
	"errors"
	"strings"
	"testing"

	"github.com/ashlar-go/ashlar/internal/vm"
)

// Secret memory is wiped before it is given back. The kernel refuses to take it back here,
// so that the test can read it.
func TestSecretIsWiped(t *testing.T) {
	for _, m := range makers() {
		if !strings.HasPrefix(m.name, "secret") {
			continue
		}
		for what, give := range map[string]func(*Region) error{
			"Close":  (*Region).Close,
			"closed": func(r *Region) error { return r.Protect(NoAccess) },
			"shrink": func(r *Region) error { return r.Resize(1000) },
			"grow":   func(r *Region) error { return r.Resize(100_000) },
		} {
			balanced(t)
			r, err := m.make(t, 50_000)
			must(t, err)
			b := r.Bytes()
			paint(b)
			refuse(vm.OpRelease, vm.OpPurge)
			if err := give(r); err != nil && what != "Close" { // which tells of what was refused
				t.Errorf("%s, %s: %v", m.name, what, err)
			}
			if what == "closed" {
				_ = r.Close()
			}
			if !isZero(b) {
				t.Errorf("%s, %s: it was not wiped", m.name, what)
			}
			vm.Inject(nil)
			must(t, r.Close())
		}
	}
}

// No call makes secret memory less secret.
func TestSecretStays(t *testing.T) {
	balanced(t)
	r, err := Map(1000, MapOptions{Secret: true, Options: Options{HugePages: ExplicitPages}})
	closeLater(t, r, err)
	if r.Unlock() == nil || r.Advise(AdviseDump) == nil || r.Advise(AdviseKeepOnFork) == nil {
		t.Error("it is unlocked, dumped or kept")
	}
	if r.HugePages() == ExplicitPages {
		t.Error("it has explicit huge pages")
	}
	if _, err := r.File(); err == nil {
		t.Error("it has a descriptor")
	}
}

// TestSecretIsRefused: where memory cannot be hidden, there is no secret memory, and the
// error says why.
func TestSecretIsRefused(t *testing.T) {
	balanced(t)
	r, err := Map(1000, MapOptions{Secret: true})
	if vm.Able(vm.Guards | vm.Locking | vm.Hiding) {
		closeLater(t, r, err)
	} else if !errors.Is(err, ErrUnsupported) || !strings.Contains(err.Error(), vm.Platform()) {
		t.Errorf("%v, want an error that names the platform", err)
	}
}
