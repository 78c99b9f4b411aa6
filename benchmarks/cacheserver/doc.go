/*
Cacheserver is a cache that speaks Redis' protocol, with its contents on the Go heap or on
ashlar, and measures both from outside, as their clients see them.

	go run -C benchmarks/cacheserver .                      2 GiB in each, some minutes
	go run -C benchmarks/cacheserver . -live 64 -duration 2s
	go run -C benchmarks/cacheserver . -serve ashlar        a server alone, for redis-benchmark say

# The stores

	goheap  64 shards of a mutex and a map[string]*entry with a []byte: as one writes it
	ashlar  64 shards of a mutex and a map[uint64]alloc.Ref without Go pointers, from the
	        hash of a key to a block that holds expiry, key and value

Values are copied into the connection's buffer under the shard's lock. What has expired
is removed when it is asked for, and by a sweep, a shard every 100 ms.

# The measurement

	this program ─► server process, one store ◄─ loopback ─► client goroutines here

Each server is filled to the live size, and once more with new values, warmed up, and then
asked at a fixed rate over some connections: as many gets as sets, keys by a Zipf
distribution, values of 64 bytes to 8 KiB, log-uniform, by key; a get that finds nothing is
followed by a set. The time of a
request runs from when it was due, so that a server which stops for a while is charged
with all that had to wait. The stores take turns, in another order each repeat.

The collector's time is what it took of the processors since the server began
(runtime/metrics, /cpu/classes/gc/total): a heap of 2 GiB is collected when 2 GiB of garbage
have come up, which is seldom within a measurement. Resident memory is what the kernel says
of the server process.

# Caveats

Client and servers share one machine. At a rate near what a store can do the queue is
measured and not the store; the default leaves room on two cores. The protocol is what a
cache needs: PING, ECHO, GET, SET with EX and PX, DEL, EXISTS, DBSIZE, INFO, QUIT, and
enough of COMMAND, CONFIG and CLIENT for clients to begin.
*/
package main
