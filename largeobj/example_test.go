package largeobj_test

import (
	"errors"
	"fmt"
	"os"
	"unsafe"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/largeobj"
)

// The allocator is the third use of mappings: what it serves from 128 KiB on are
// mappings, one for each object, which grow without being copied.
func Example_allocator() {
	var a alloc.Allocator
	p, err := a.Malloc(1 << 20)
	if err != nil {
		fmt.Println(err)
		return
	}
	unsafe.Slice((*byte)(p), 1<<20)[5] = 7
	p, err = a.Realloc(p, 64<<20)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(unsafe.Slice((*byte)(p), 64<<20)[5])
	a.Free(p)
	fmt.Println(a.Close())
	// Output:
	// 7
	// <nil>
}

// A region is memory that the garbage collector does not see, and a slice.
func ExampleMap() {
	r, err := largeobj.Map(1<<20, largeobj.MapOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	copy(r.Bytes(), "squared stone")
	if err := r.Resize(64 << 20); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s, and %d bytes\n", r.Bytes()[:13], r.Len())
	fmt.Println(r.Close())
	// Output:
	// squared stone, and 67108864 bytes
	// <nil>
}

// A key lives in memory that is locked, in no core dump, between guard pages, and
// wiped when it is closed.
func ExampleMap_secret() {
	key, err := largeobj.Map(32, largeobj.MapOptions{Secret: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	copy(key.Bytes(), "not for others")
	if err := key.Protect(largeobj.NoAccess); err != nil { // until it is needed
		fmt.Println(err)
		return
	}
	fmt.Println(key.Kind(), key.Len(), key.Close())
	// Output: secret 32 <nil>
}

// A file that somebody makes shorter is an error where its bytes are gone.
func ExampleRegion_View() {
	f, err := os.CreateTemp("", "ashlar-example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.Remove(f.Name())
	defer f.Close()
	if err := f.Truncate(1 << 20); err != nil {
		fmt.Println(err)
		return
	}
	r, err := largeobj.MapFile(f.Name(), largeobj.FileOptions{RegionOptions: largeobj.RegionOptions{Name: "the file"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer r.Close()
	last := func(b []byte) error { fmt.Println("the last byte is", b[len(b)-1]); return nil }
	fmt.Println(r.View(last))
	if err := f.Truncate(0); err != nil {
		fmt.Println(err)
		return
	}
	err = r.View(last)
	var fault *largeobj.FaultError
	if errors.As(err, &fault) {
		fmt.Println(fault.Offset, fault.Region, errors.Is(err, largeobj.ErrTruncated))
	}
	// Output:
	// the last byte is 0
	// <nil>
	// 1048575 the file true
}
