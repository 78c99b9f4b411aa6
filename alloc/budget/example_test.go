// SPDX-License-Identifier: Apache-2.0

package budget_test

import (
	"fmt"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/alloc/budget"
)

func Example() {
	b, err := budget.Start(budget.Options{Limit: 1 << 30}) // 0: the control group's limit
	if err != nil {
		fmt.Println(err)
		return
	}
	defer b.Stop()
	cache, err := b.NewAllocator(alloc.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer cache.Close()

	_, err = cache.Malloc(1 << 30) // as much as the budget
	fmt.Println(err)
	// Output: alloc: Malloc of 1073741824 bytes: memory limit reached
}
