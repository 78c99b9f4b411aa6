// SPDX-License-Identifier: Apache-2.0

package vm

import "fmt"

// Insist makes a call as a program does that does not give up. If the call fails, Insist makes it
// again at once, while its cause lasts. Then lift removes the cause, and the third call must
// succeed. lift returns the function that brings the cause back, or nil if the cause stays: then
// there is no third call. Without lift, Insist calls Inject(nil). For tests.
//
// refused judges each failure. It returns an error if the call must not fail like that, or if the
// failure has changed something. done reports whether a call succeeded.
func Insist(call func() error, refused func(error) error, lift func() (restore func())) (done bool, wrong error) {
	for range 2 {
		err := call()
		if err == nil {
			return true, nil
		}
		if wrong := refused(err); wrong != nil {
			return false, wrong
		}
	}
	if lift == nil {
		lift = healed
	}
	restore := lift()
	if restore == nil {
		return false, nil
	}
	defer restore()
	if err := call(); err != nil {
		return false, fmt.Errorf("the call still fails after its cause has gone: %w", err)
	}
	return true, nil
}

// healed ends the injection of errors.
func healed() (restore func()) {
	Inject(nil)
	return func() {}
}
