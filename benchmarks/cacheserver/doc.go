// SPDX-License-Identifier: Apache-2.0

/*
Cacheserver is a cache that speaks the Redis protocol, with its values on the Go heap or on ashlar,
and the measurement of both at the client.

	go run -C benchmarks/cacheserver .                         compare both, 2 GiB live: some minutes, 6 GiB of memory
	go run -C benchmarks/cacheserver . -apart -d 200s          the same, server and client on processors of their own
	go run -C benchmarks/cacheserver . -mib 64 -d 2s -warmup 1s -rate 5000
	go run -C benchmarks/cacheserver . -json samples.json -markdown
	go run -C benchmarks/cacheserver . -serve ashlar -listen 127.0.0.1:6380

The last command is the server alone, for redis-benchmark and redis-cli (Debian: apt-get install redis-tools)
or any client of Redis. An interrupt ends it.

# Method

This program is the client. It starts itself again as the server, in a process of its own, for each form
and each repeat, in a random order. Its figures are medians of all runs. A run has five parts:

	fill     every key is set once, the most frequent last; entries are evicted if the bound leaves no room
	load     operations at a fixed rate, open loop: each has a time at which it is due, and its latency
	         counts from then (package load); operations of the warm-up do not count
	flood    as many operations as the server answers, with a window of them on each connection
	collect  one forced collection with all entries live
	close    everything is freed; the allocator must have no live block

Keys are drawn from a Zipf distribution, lengths of values from a bounded Pareto distribution: in
Facebook's caches most values are short (Atikoglu et al., Workload Analysis of a Large-Scale Key-Value
Store, SIGMETRICS 2012). -shape 0 makes lengths log-uniform instead. Each set has a time to live, between half of
-ttl and all of it. The keyspace has more keys than the bound allows, so that the store is always full.
Every value that comes back is checked.

Both forms are the same program with the same bound (package store): maps of strings to slices of bytes here, a
Cache of package alloc/offheap there. The Cache counts its index and the heads of entries against the bound, and
evicts by use; the maps count keys and values, and evict by time. The servers get GOGC and GOMEMLIMIT of
the environment; without these, Go's defaults hold. -gogc sets GOGC for the form on the Go heap only, to compare at
other sizes.

# Figures

	latency     from the time an operation was due to its answer
	seconds     the latencies of each second are kept apart. A second collects if the collector ran at
	            some time of it, by GODEBUG=gctrace=1. If it never ran, "p99.9 of seconds that collect" is
	            that of all seconds
	undisturbed those seconds in which the host of this virtual machine took no time from its processors, by
	            "steal" in /proc/stat: what another machine takes is part of every other latency
	GC          processor time of the collector while the load counted, by runtime/metrics: with assists and its
	            work on idle processors, until the last collection that ended; and as a share of the time of
	            all processors
	resident    of the server: the peak, filling included; the mean under load
	processor   time of the server's process, filling and flood included

# Caveats

Server and client share the machine. Unless -apart is set, they share its processors too: a collection that
uses idle processors delays the client, and the client's own pauses delay what it measures. Both forms have
the same client. Go's timers wake the client about
a millisecond late when it has slept. That is part of every latency.
*/
package main
