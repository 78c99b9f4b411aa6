// SPDX-License-Identifier: Apache-2.0

/*
Package report shows what was measured: as text, as Markdown, and as one HTML page.

	Family   what the report shows of a family of benchmarks: its Tables, goals and Headlines
	Table    some benchmarks and their peers; it becomes grids of figures, ratios, latencies and resources,
	         and charts
	Report   a document with the families that it is shown by
	Update   writes the tables into Markdown files
	Compare  shows how two documents differ

Every figure is the median of all samples, with half the distance between the quartiles as a share of the median beside
it; result and stat compute it. Package grid writes tables, and package page writes the HTML.
*/
package report
