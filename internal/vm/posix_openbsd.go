// SPDX-License-Identifier: Apache-2.0

//go:build !ashlar_heap

package vm

import "golang.org/x/sys/unix"

// addressLimit is the resource of which mappings of memory take a part. OpenBSD has no limit
// of address space, and counts mappings as data.
const addressLimit = unix.RLIMIT_DATA
