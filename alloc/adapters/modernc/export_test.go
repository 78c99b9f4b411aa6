// SPDX-License-Identifier: Apache-2.0

package memory

import (
	"testing"

	"github.com/ashlar-go/ashlar/alloc"
)

// UseOptions gives the Allocators that are opened during the test the options.
func UseOptions(t *testing.T, o alloc.Options) {
	before := options
	options = o
	t.Cleanup(func() { options = before })
}
