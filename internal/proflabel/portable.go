// SPDX-License-Identifier: Apache-2.0

//go:build ashlar_portable

package proflabel

// Current returns the labels of the running goroutine, encoded. In this build it has none.
func Current() string { return "" }
