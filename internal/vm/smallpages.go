// SPDX-License-Identifier: Apache-2.0

package vm

import (
	"sync"

	"github.com/ashlar-go/ashlar/internal/procfs"
)

// hugeByDefault reports whether the kernel uses transparent huge pages without being advised to.
var hugeByDefault = sync.OnceValue(func() bool { return procfs.AlwaysHugePages(procfs.System()) })

// preferSmall advises the kernel to back a new mapping with small pages, if it would use huge ones
// by itself. A huge page makes 2 MiB resident when one byte is written, and the kernel also fills
// holes that were purged. The footprint would then be less than what is resident. Whoever wants
// huge pages advises the kernel afterwards. If the kernel refuses the advice, the mapping is
// usable all the same.
func (s *Space) preferSmall(m Mapping) {
	if hugeByDefault() {
		_ = s.call(OpAdvise, m.Size, func() error { return sysAdvise(m.Base, m.Size, NoHugePage) })
	}
}

// Collapse asks the kernel to copy a range to huge pages now. base and size must be multiples of
// TransparentSize. It returns an error if the kernel could not do so for a part of the range, or
// does not know the call (Linux before 6.1).
func (s *Space) Collapse(base, size uintptr) error {
	return s.call(OpAdvise, size, func() error { return sysCollapse(base, size) })
}
