// SPDX-License-Identifier: Apache-2.0

//go:build (!amd64 && !arm64) || ashlar_portable

package callstack

// Key returns 0, because frames cannot be walked on this architecture.
func Key() uint64 { return 0 }
