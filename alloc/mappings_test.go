// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"bytes"
	"math/bits"
	"os"
	"testing"
	"unsafe"

	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// TestMappings keeps more large objects live than the kernel allows mappings.
func TestMappings(t *testing.T) {
	if bits.UintSize == 32 {
		t.Skip("40 GB of objects")
	}
	if testing.Short() || raceEnabled {
		t.Skip("takes seconds")
	}
	const size = 200 << 10
	a := open(t, still)
	objects := make([]unsafe.Pointer, 200_000)
	before := kernelMappings(t)
	for i := range objects {
		p, err := a.Malloc(size)
		if err != nil {
			t.Fatalf("object %d: %v", i, err)
		}
		objects[i] = p
	}
	check(t, a)
	if n := int64(kernelMappings(t)); n >= vm.MaxMappings() {
		t.Errorf("%d mappings, the kernel allows %d", n, vm.MaxMappings())
	}
	// Writing to every tenth object does not change the objects next to it.
	for i := 0; i < len(objects); i += 10 {
		b := bytesAt(objects[i], size)
		fill(b[:100], i)
		fill(b[size-100:], i)
	}
	for i := 0; i < len(objects); i += 10 {
		b := bytesAt(objects[i], size)
		if !filled(b[:100], i) || !filled(b[size-100:], i) {
			t.Fatalf("object %d does not hold what was written", i)
		}
	}
	// This order leaves holes, so munmap has to split mappings.
	for step := range 3 {
		for i := step; i < len(objects); i += 3 {
			a.Free(objects[i])
		}
	}
	drained(t, a)
	if n := kernelMappings(t); n > before+100 {
		t.Errorf("%d mappings are left of %d", n, before)
	}
}

// kernelMappings returns how many mappings of the process the kernel counts.
func kernelMappings(t *testing.T) int {
	text, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Skip(err)
	}
	return bytes.Count(text, []byte("\n"))
}

// TestCarved: objects that share a mapping behave like others.
func TestCarved(t *testing.T) {
	o := still
	o.Large.MaxMappings = 1
	for _, c := range suite {
		t.Run(c.name, func(t *testing.T) { c.run(t, whole{open(t, o)}) })
	}
	a := open(t, o)
	var objects []unsafe.Pointer
	for range 100 {
		objects = append(objects, alloc(t, a, sizeclass.LargeMin))
	}
	if n := a.space.Mappings.Now(); n > 10 {
		t.Errorf("%d mappings for 100 objects that were to share", n)
	}
	for _, p := range objects {
		a.Free(p)
	}
	drained(t, a)
}
