// SPDX-License-Identifier: Apache-2.0

package smallheap

import "unsafe"

// What assembly needs to do the work of ClassCache.Take and Put. A slot has the address of the
// block and, in its second word, that of the block's state.
const (
	OffsetTop        = unsafe.Offsetof(ClassCache{}.top)
	OffsetNextSample = unsafe.Offsetof(ClassCache{}.nextSample)
	OffsetRequested  = unsafe.Offsetof(ClassCache{}.requested)
	SlotSize         = slotSize
	EndMark          = endMark
)
