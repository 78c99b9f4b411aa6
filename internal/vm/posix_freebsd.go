// SPDX-License-Identifier: Apache-2.0

//go:build !ashlar_heap

package vm

// noReserve is empty: FreeBSD never reserves memory for clean pages.
const noReserve = 0
