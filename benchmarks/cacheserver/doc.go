// SPDX-License-Identifier: Apache-2.0

/*
Cacheserver is a cache that speaks the Redis protocol, with its values on the Go heap or on ashlar,
and the measurement of both at the client.

	go run -C benchmarks/cacheserver .                         compare both, 2 GiB live: some minutes, 6 GiB of memory
	go run -C benchmarks/cacheserver . -mib 64 -d 2s -warmup 1s -rate 5000
	go run -C benchmarks/cacheserver . -json samples.json -markdown
	go run -C benchmarks/cacheserver . -serve ashlar -listen 127.0.0.1:6380

The last one is the server alone, for redis-benchmark and redis-cli (Debian: apt-get install redis-tools)
or any client of Redis; an interrupt ends it.

# Method

This program is the client. It starts itself again as the server, in a process of its own, for each form
and each repeat, in a random order:

	fill     every key is set once, the most frequent last; what the bound leaves no room for is evicted
	load     operations at a fixed rate, open loop: each has a time at which it is due, and its latency
	         counts from then (package load); what falls into the warm-up does not count
	flood    as many operations as come back, a window of them on their way on each connection
	collect  one forced collection with all there is
	close    everything is freed; the allocator must have no live block

Keys are drawn from a Zipf distribution, lengths of values from a bounded Pareto distribution: in
Facebook's caches most values are short (Atikoglu et al., Workload Analysis of a Large-Scale Key-Value
Store, SIGMETRICS 2012). -shape 0 makes lengths log-uniform instead. Each set has a time to live, between half of
-ttl and all of it. The keyspace has more than the bound lets live, so that the store is always full.
Every value that comes back is checked.

Both forms are the same program with the same shards, locks, bound and eviction (package store): a map of
strings to slices of bytes here, a table and blocks of ashlar there. GOGC and GOMEMLIMIT of the
environment are the servers' and, by default, Go's defaults; -gogc sets the first for the Go heap's form
alone, to compare at other sizes.

# Figures

	latency     from the time an operation was due to its answer
	GC          processor time that the collector took while the load counted, as runtime/metrics has it: with
	            assists and what it does on idle processors, up to the last collection that ended; and as a
	            share of what the processors could give
	resident    of the server: the most there ever was, filling included; the mean under load
	processor   time of the server's process, filling and flood included

# Caveats

Server and client share the machine. A collection that uses processors which would idle delays the client,
too, and the client's own pauses delay what it measures; both forms have the same client. The client wakes
by Go's timers, about a millisecond late when it has slept: that is part of every latency below it.
*/
package main
