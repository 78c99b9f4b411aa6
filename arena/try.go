// SPDX-License-Identifier: Apache-2.0

package arena

// Try runs f. If an allocation in f panics with an *Error, Try returns this error;
// otherwise it returns nil. Use it in services that must continue when memory runs out.
// Other panics pass through. The arena stays usable. What f allocated before stays in the
// arena until Reset.
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
