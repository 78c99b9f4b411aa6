package trace_test

import (
	"bytes"
	"fmt"

	"github.com/ashlar-go/ashlar/stats/trace"
)

func Example() {
	var file bytes.Buffer
	w, _ := trace.NewWriter(&file, trace.Header{})
	w.Write(&trace.Event{Op: trace.Malloc, Addr: 0x1000, Size: 100})
	w.Write(&trace.Event{Op: trace.Free, Addr: 0x1000})
	w.Close()

	r, err := trace.NewReader(&file)
	if err != nil {
		fmt.Println(err)
		return
	}
	for event, err := range r.Events() {
		fmt.Println(event.Op, event.Size, err)
	}
	// Output:
	// malloc 100 <nil>
	// free 0 <nil>
}
