// SPDX-License-Identifier: Apache-2.0

package heaptrace_test

import (
	"bytes"
	"fmt"

	"github.com/ashlar-go/ashlar/stats/heaptrace"
)

func Example() {
	var file bytes.Buffer
	w, _ := heaptrace.NewWriter(&file, heaptrace.Header{})
	w.Write(&heaptrace.Event{Op: heaptrace.Malloc, Addr: 0x1000, Size: 100})
	w.Write(&heaptrace.Event{Op: heaptrace.Free, Addr: 0x1000})
	w.Close()

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
	// free 0 <nil>
}
