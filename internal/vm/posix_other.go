// SPDX-License-Identifier: Apache-2.0

//go:build (darwin || dragonfly || freebsd || netbsd || openbsd || solaris) && !ashlar_heap

package vm

const sourceTag = ""
