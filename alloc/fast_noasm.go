// SPDX-License-Identifier: Apache-2.0

//go:build !(amd64 || arm64) || ashlar_portable || race || asan || msan || ashlar_interleave

package alloc

import "unsafe"

func mallocAllocator(a *Allocator, size int) (unsafe.Pointer, error) { return mallocGo(a, size) }

func freeAllocator(a *Allocator, p unsafe.Pointer) { freeGo(a, p) }

func mallocLocal(l *Local, size int) (unsafe.Pointer, error) { return localMallocGo(l, size) }

func freeLocal(l *Local, p unsafe.Pointer) { localFreeGo(l, p) }
