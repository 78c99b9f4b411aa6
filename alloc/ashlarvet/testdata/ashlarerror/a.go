// SPDX-License-Identifier: Apache-2.0

package ashlarerror

import "github.com/ashlar-go/ashlar/alloc"

func dropped(a *alloc.Allocator) {
	p, _ := a.Malloc(8) // want `Malloc fails when memory is short`
	a.Free(p)
	a.Malloc(8)                           // want `the memory that Malloc returns is lost, and so is its error`
	s, _ := alloc.MakeSlice[int](a, 1, 1) // want `MakeSlice fails when memory is short`
	alloc.FreeSlice(a, s)
}

func kept(a *alloc.Allocator) error {
	p, err := a.Malloc(8)
	if err != nil {
		return err
	}
	a.Free(p)
	_ = a.Close()
	return nil
}
