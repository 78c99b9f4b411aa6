// SPDX-License-Identifier: Apache-2.0

package arena

import "testing"

// experiment is the standard library's experimental arena, if this build has it.
var experiment struct {
	news    func(b *testing.B, n int)
	tree    func(b *testing.B)
	request func()
}
