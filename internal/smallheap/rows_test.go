// SPDX-License-Identifier: Apache-2.0

package smallheap_test

import (
	"testing"

	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/smallheap"
)

// TestRows: of all classes, those of blocks below 64 bytes have a class cache of their own that
// takes blocks back.
func TestRows(t *testing.T) {
	taken := map[sizeclass.Class]bool{}
	for c := range sizeclass.Class(sizeclass.Count) {
		row := smallheap.PutRow(c)
		if own := row != c; own != (c.Size() < 64) || taken[row] || row >= smallheap.Rows {
			t.Errorf("blocks of %d B go back to row %d of %d, class %d", c.Size(), row, smallheap.Rows, c)
		}
		taken[row] = true
	}
}
