// SPDX-License-Identifier: Apache-2.0

/*
Package result has what the benchmarks measured, and the file that keeps it.

	Result       the samples of one peer in one benchmark; its figure is their median
	Results      all of them, in the order in which they were added
	Metrics      what was observed of one peer in one benchmark besides its figures
	Verdict      how a goal came out
	Document     everything that a run of the program gave; the file that -json writes

A figure is the median of all samples that were taken, and its spread is half the distance between the
quartiles. No sample is left out. Package stat computes both.
*/
package result
