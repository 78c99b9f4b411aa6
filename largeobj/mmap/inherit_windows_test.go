// SPDX-License-Identifier: Apache-2.0

package mmap

import (
	"fmt"
	"os"
	"os/exec"
	"strconv"
	"syscall"
)

const inheritVar = "ASHLAR_MMAP_TEST_HANDLE"

// Inherit gives a file to a child, which has to be told the handle.
func Inherit(cmd *exec.Cmd, f *os.File) {
	h := syscall.Handle(f.Fd())
	if err := syscall.SetHandleInformation(h, syscall.HANDLE_FLAG_INHERIT, syscall.HANDLE_FLAG_INHERIT); err != nil {
		panic(err)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{AdditionalInheritedHandles: []syscall.Handle{h}}
	cmd.Env = append(cmd.Env, fmt.Sprintf("%s=%d", inheritVar, h))
}

// Inherited returns, in the child, the file that it was given.
func Inherited() *os.File {
	h, err := strconv.ParseUint(os.Getenv(inheritVar), 10, 64)
	if err != nil {
		panic(err)
	}
	return os.NewFile(uintptr(h), "inherited")
}
