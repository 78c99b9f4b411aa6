// SPDX-License-Identifier: Apache-2.0

package mmap

import (
	"sync"

	"github.com/ashlar-go/ashlar/internal/vm"
)

// refusals are mappings that the kernel refused to take back. They no longer belong to a
// region. Each call that makes, resizes or closes a region tries again to unmap them.
type refusals struct {
	mu       sync.Mutex
	mappings []vm.Mapping
}

var remains refusals

// release gives a mapping back. If the kernel refuses, release gives back only its RAM.
func (r *refusals) release(m vm.Mapping) error {
	if m.Size == 0 {
		return nil
	}
	err := space.Release(m)
	if err != nil {
		_ = space.Purge(m.Base, m.Size, false)
		r.mu.Lock()
		r.mappings = append(r.mappings, m)
		r.mu.Unlock()
	}
	return err
}

// retry tries again what the kernel refused.
func (r *refusals) retry() {
	r.mu.Lock()
	tried := r.mappings
	r.mappings = nil
	r.mu.Unlock()
	for _, m := range tried {
		_ = r.release(m)
	}
}

// bytes returns the number of bytes that the kernel has refused.
func (r *refusals) bytes() (n int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range r.mappings {
		n += int64(m.Size)
	}
	return n
}
