// SPDX-License-Identifier: Apache-2.0

//go:build !unix

package arena

import "testing"

// cpu returns 0, because this system does not report the time.
func cpu(*testing.B) int64 { return 0 }
