// SPDX-License-Identifier: Apache-2.0

package offheap

import "fmt"

// CacheStats are the numbers of a Cache. Each is right at some moment, but while others use the
// Cache not all at the same one.
type CacheStats struct {
	Entries int64 // now; some of them may have expired
	Live    int64 // bytes of keys and values, now
	Bytes   int64 // bytes of all memory: segments, index and ghosts
	Limit   int64 // CacheOptions.Bytes

	Hits    int64 // reads that found a value
	Misses  int64 // reads that found none
	Sets    int64 // calls of Set, and loads
	Evicted int64 // entries removed to make room
	Expired int64 // entries removed because their time was over

	Loads      int64 // functions that GetOrLoad called
	LoadErrors int64 // those that failed or panicked
}

// Stats returns the numbers of the Cache.
func (c *Cache[K, V]) Stats() CacheStats {
	var n CacheStats
	for i := range c.c.shards {
		s := &c.c.shards[i]
		held := s.access.rlock()
		n.Entries += int64(s.index.used)
		n.Live += s.live
		n.Bytes += s.held
		n.Limit += s.limit
		for i := range s.access.stripes {
			n.Hits += s.access.stripes[i].hits.Load()
			n.Misses += s.access.stripes[i].misses.Load()
		}
		n.Sets += s.sets
		n.Evicted += s.evicted
		n.Expired += s.expired
		held.runlock()
	}
	l := &c.c.loads
	l.mu.Lock()
	defer l.mu.Unlock()
	n.Loads, n.LoadErrors = l.done, l.failed
	return n
}

// Sub returns the change since an earlier moment. Limit stays as it is.
func (n CacheStats) Sub(earlier CacheStats) CacheStats {
	return CacheStats{
		Entries: n.Entries - earlier.Entries, Live: n.Live - earlier.Live, Bytes: n.Bytes - earlier.Bytes, Limit: n.Limit,
		Hits: n.Hits - earlier.Hits, Misses: n.Misses - earlier.Misses, Sets: n.Sets - earlier.Sets,
		Evicted: n.Evicted - earlier.Evicted, Expired: n.Expired - earlier.Expired,
		Loads: n.Loads - earlier.Loads, LoadErrors: n.LoadErrors - earlier.LoadErrors,
	}
}

// HitRatio returns the share of reads that found a value, 0 if there were none.
func (n CacheStats) HitRatio() float64 {
	return float64(n.Hits) / float64(max(n.Hits+n.Misses, 1))
}

func (n CacheStats) String() string {
	return fmt.Sprintf("%d entries of %d bytes in %d of %d bytes; %d hits, %d misses (%.1f %% hits), %d sets, "+
		"%d evicted, %d expired, %d loads, %d of them failed", n.Entries, n.Live, n.Bytes, n.Limit,
		n.Hits, n.Misses, 100*n.HitRatio(), n.Sets, n.Evicted, n.Expired, n.Loads, n.LoadErrors)
}
