// SPDX-License-Identifier: Apache-2.0

//go:build ashlar_heap

package vm

const sourceTag = ", tag ashlar_heap"
