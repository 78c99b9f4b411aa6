/*
Gate fails if ashlar has become slower or larger, beside its peers, than it was made to be.

	go run -C benchmarks ./gate          a minute or two

It measures a few rows of the benchmarks (the program above this directory, with its JSON) and compares
medians of the same run: ratios, never times, for a machine may be of any speed and busy. A bound leaves
room for that: it is about half or twice of what a quiet machine shows. One that is not kept is measured
again, three times at most, and is violated if none of them keeps it.

Instructions are counted beside that, where valgrind is (Debian: apt-get install valgrind): they are the
same on a busy machine as on a quiet one, and their bounds are narrow. A program of n operations is run
for two n under callgrind, and the difference is divided by that of the n:

	instructions of an operation = (Ir(n₂) − Ir(n₁)) ÷ (n₂ − n₁)

These, too, are compared with a peer's, since Go's compiler changes.
*/
package main
