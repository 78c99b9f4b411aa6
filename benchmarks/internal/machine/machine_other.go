// SPDX-License-Identifier: Apache-2.0

//go:build !linux

package machine

func cpuModel() string      { return "" }
func kernelRelease() string { return "" }
func hugePages() string     { return "" }
