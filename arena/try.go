// SPDX-License-Identifier: Apache-2.0

package arena

// Try runs f, and returns the *Error that an allocation in f panics with, nil if there is
// none. It is for services that must go on when memory runs out. Other panics pass. The
// arena is as usable as before; what f allocated until then is in it until Reset.
//
//	err := arena.Try(func() { t = parse(a, text) })
func Try(f func()) (err error) {
	defer func() {
		switch v := recover().(type) {
		case nil:
		case *Error:
			err = v
		default:
			panic(v)
		}
	}()
	f()
	return nil
}
