// SPDX-License-Identifier: Apache-2.0

package vm

import "sync/atomic"

var goBytes atomic.Int64

// GoMemory returns how many bytes of the Go heap the process uses for mappings, or used and keeps
// for later ones. It is 0 unless memory comes from the Go heap.
func GoMemory() int64 { return goBytes.Load() }
