// SPDX-License-Identifier: Apache-2.0

// Package callback calls the allocator from where C calls Go: on threads that are
// C's own, deep in a C stack. It needs cgo, which the main module does without; so
// it is here, for its test.
package callback
