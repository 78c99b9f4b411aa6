// SPDX-License-Identifier: Apache-2.0

package alloc_test

import (
	"bytes"
	"fmt"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/stats/heaptrace"
)

func ExampleTrace() {
	var a alloc.Allocator
	defer a.Close()
	var file bytes.Buffer // in a program: an *os.File
	if err := a.Trace().Start(&file, alloc.TraceOptions{}); err != nil {
		fmt.Println(err)
		return
	}
	p, _ := a.Malloc(100)
	p, _ = a.Realloc(p, 3000)
	a.Free(p)
	if err := a.Trace().Stop(); err != nil {
		fmt.Println(err)
		return
	}
	r, err := heaptrace.NewReader(&file)
	if err != nil {
		fmt.Println(err)
		return
	}
	for event, err := range r.Events() {
		fmt.Println(event.Op, event.Size, err)
	}
	// Output:
	// malloc 100 <nil>
	// lift 0 <nil>
	// realloc 3000 <nil>
	// free 0 <nil>
}
