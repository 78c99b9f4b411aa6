// SPDX-License-Identifier: Apache-2.0

package memory

import (
	"testing"

	"github.com/ashlar-go/ashlar/alloc"
)

// UseOptions sets the options of all Allocators that are opened during the test.
func UseOptions(t *testing.T, o alloc.Options) {
	before := options
	options = o
	t.Cleanup(func() { options = before })
}
