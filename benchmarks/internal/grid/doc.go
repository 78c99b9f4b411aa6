// SPDX-License-Identifier: Apache-2.0

// Package grid writes cells in rows and columns, aligned for a terminal or as Markdown.
//
//	Grid         a title, a header, rows of cells, and notes
//	Median       writes a median with its spread
//	Significant  writes a number with three significant digits
//	Bytes        writes a number of bytes
package grid
