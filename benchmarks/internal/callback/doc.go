// SPDX-License-Identifier: Apache-2.0

// Package callback calls the allocator from where C calls Go: on threads of C, deep in a C stack. It needs
// cgo, which the main module does without, so it is in this module for the sake of its test.
package callback
