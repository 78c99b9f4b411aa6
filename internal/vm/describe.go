// SPDX-License-Identifier: Apache-2.0

package vm

import "fmt"

// describe adds to the kernel's error the sentinel that callers test for, and a hint for
// people. The kernel's error stays in the chain.
func describe(op Op, size uintptr, err error) error {
	if err == nil {
		return nil
	}
	what := op.String()
	if size > 0 {
		what = fmt.Sprintf("%s of %d bytes", what, size)
	}
	if reason := reasonOf(op, size, err); reason != nil {
		return fmt.Errorf("%w: %s: %w", reason, what, err)
	}
	return fmt.Errorf("%s: %w", what, err)
}
