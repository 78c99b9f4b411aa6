package alloc

import (
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/raw"
)

// A Ref is the address of memory outside the Go heap as a plain number, for indexes and
// tables that the collector then need not scan: a map[uint64]Ref or a []Ref holds no Go
// pointers, and may itself be outside the Go heap. The zero Ref is nil. It keeps nothing
// alive and is worth nothing in another process: package arena has refs that are.
type Ref uintptr

// RefOf returns the Ref of p, which must not lead into Go memory: a stack moves, and what
// only a Ref leads to is collected.
func RefOf(p unsafe.Pointer) Ref { return Ref(raw.Addr(p)) }

// Pointer returns the pointer that r was made of. That the memory was not freed meanwhile
// is for the caller to know, as with the pointer itself.
func (r Ref) Pointer() unsafe.Pointer { return raw.Pointer(uintptr(r)) }
