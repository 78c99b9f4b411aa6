// SPDX-License-Identifier: Apache-2.0

//go:build !windows

package mmap

import (
	"os"
	"os/exec"
)

// Inherit gives a file to a child.
func Inherit(cmd *exec.Cmd, f *os.File) { cmd.ExtraFiles = []*os.File{f} }

// Inherited returns, in the child, the file that it was given.
func Inherited() *os.File { return os.NewFile(3, "inherited") }
