// SPDX-License-Identifier: Apache-2.0

package largeheap

import "unsafe"

// What assembly needs to do the work of Claim, Caches, Put and TakeSame.
const (
	OffsetEnd       = unsafe.Offsetof(object{}.end)
	OffsetRequested = unsafe.Offsetof(object{}.requested)
	OffsetCookie    = unsafe.Offsetof(object{}.cookie)
	OffsetState     = unsafe.Offsetof(object{}.state)
	StateMask       = stateMask
	DescriptorSize  = objectSize

	OffsetSecret    = unsafe.Offsetof(Heap{}.secret)
	OffsetMaxCached = unsafe.Offsetof(Heap{}.maxCached)

	// The words of a header, as offsets from the object.
	HeaderMagic     = 8*wordMagic - headerSize
	HeaderAddress   = 8*wordAddress - headerSize
	HeaderTotal     = 8*wordTotal - headerSize
	HeaderRequested = 8*wordRequested - headerSize
	HeaderState     = 8*wordState - headerSize
	HeaderCanary    = 8*wordCanary - headerSize
	HeaderCanary2   = 8*wordCanary2 - headerSize
	HeaderCookie    = 8*wordCookie - headerSize
	Magic           = magic
)
