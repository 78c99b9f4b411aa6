// SPDX-License-Identifier: Apache-2.0

//go:build !ashlar_posix && !ashlar_heap

package vm

const (
	source    = linuxSource
	sourceTag = ""
)

// sharedPrefix begins the path of each named shared object. /dev/shm is a file system in
// RAM on every Linux.
func sharedPrefix() string { return "/dev/shm/" }
