// SPDX-License-Identifier: Apache-2.0

//go:build unix

package arena

import (
	"testing"

	"golang.org/x/sys/unix"
)

// cpu returns the processor time of this process, in nanoseconds.
func cpu(b *testing.B) int64 {
	var u unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}
