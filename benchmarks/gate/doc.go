// SPDX-License-Identifier: Apache-2.0

/*
Gate fails if ashlar has become slower or larger beside its peers than it was made to be.

	go run -C benchmarks ./gate          a minute or two

It measures a few of the benchmarks (the program above this directory, with its JSON) and compares the medians of
peers: ratios, never times, because a machine may have any speed and other work. A bound leaves room for that:
it is about half or twice of what a quiet machine shows. If a bound is not kept, the gate measures again, three
times at most, and judges the medians of all samples of all runs. It uses the results, the medians and the goals of the
benchmarks (benchmarks/internal/result, stat and goal).

The gate counts instructions besides, if valgrind is there (Debian: apt-get install valgrind): they are the
same on a busy machine as on a quiet one, so their bounds are narrow. It runs a program of n₁ and one of n₂
operations under callgrind, and divides the difference:

	instructions of an operation = (Ir(n₂) − Ir(n₁)) ÷ (n₂ − n₁)

It does so three times, takes the median, and compares that with a peer's, since Go's compiler changes.
*/
package main
