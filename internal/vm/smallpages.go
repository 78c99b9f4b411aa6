// SPDX-License-Identifier: Apache-2.0

package vm

// fewMappings is the number of mappings that one Space advises without reading the kernel's
// settings. Reading them takes as long as advising a hundred mappings.
const fewMappings = 32

// preferSmall advises the kernel to back a new mapping with small pages, if it would use huge ones
// by itself. The first mappings of each Space are advised in any case. A huge page makes 2 MiB
// resident when one byte is written, and the kernel also fills holes that were purged. The
// footprint would then be less than what is resident. Whoever wants huge pages advises the kernel
// afterwards. If the kernel refuses the advice, the mapping is usable all the same.
func (s *Space) preferSmall(m Mapping) {
	if Able(HugePages) && (s.Calls(OpMap) <= fewMappings || hugeByDefault()) {
		_ = s.call(OpAdvise, m.Size, func() error { return sysAdvise(m.Base, m.Size, NoHugePage) })
	}
}

// Collapse asks the kernel to copy a range to huge pages now. base and size must be multiples of
// TransparentSize. It returns an error if the kernel could not do so for a part of the range, or
// does not know the call (Linux before 6.1).
func (s *Space) Collapse(base, size uintptr) error {
	return s.call(OpAdvise, size, func() error { return sysCollapse(base, size) })
}
