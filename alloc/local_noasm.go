// SPDX-License-Identifier: Apache-2.0

//go:build !amd64 || ashlar_portable || race || asan || msan || ashlar_interleave

package alloc

import "unsafe"

func mallocLocal(l *Local, size int) (unsafe.Pointer, error) { return localMallocGo(l, size) }

func freeLocal(l *Local, p unsafe.Pointer) { localFreeGo(l, p) }
