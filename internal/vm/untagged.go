// SPDX-License-Identifier: Apache-2.0

//go:build (!unix || aix) && !ashlar_heap

package vm

const sourceTag = ""
