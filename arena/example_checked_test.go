// SPDX-License-Identifier: Apache-2.0

//go:build ((unix && !aix) || windows) && !ashlar_heap

package arena_test

import (
	"errors"
	"fmt"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/arena"
)

// A checked arena finds a use after Free where it happens.
func ExampleOptions_checked() {
	a, err := arena.NewArenaWithOptions(arena.Options{Name: "request", Checked: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	p := arena.New[point](a)
	a.Free()
	err = alloc.Catch(func() { p.X++ })
	var misuse *alloc.MisuseError
	fmt.Println(errors.As(err, &misuse), misuse.State)
	// Output: true freed
}
