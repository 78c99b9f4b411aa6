// SPDX-License-Identifier: Apache-2.0

package offheap

import (
	"context"
	"errors"
	"runtime"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/alloc/alloctest"
)

type loader = func(context.Context, string) (string, time.Duration, error)

// loading runs f in a bubble with an empty Cache.
func loading(t *testing.T, f func(t *testing.T, c *Cache[string, string])) {
	synctest.Test(t, func(t *testing.T) {
		var heap alloc.Allocator
		alloctest.NoLeaks(t, &heap)
		c, err := NewCache[string, string](&heap, CacheOptions{Bytes: 1 << 20})
		must(t, err)
		defer c.Close()
		f(t, c)
	})
}

// TestLoadOnce: many callers get the value of one load, and later ones the entry.
func TestLoadOnce(t *testing.T) {
	loading(t, func(t *testing.T, c *Cache[string, string]) {
		var calls, right atomic.Int64
		load := func(_ context.Context, key string) (string, time.Duration, error) {
			time.Sleep(time.Second)
			calls.Add(1)
			return "value of " + key, time.Minute, nil
		}
		for range 50 {
			go func() {
				if v, err := c.GetOrLoad(t.Context(), []byte(">"), "k", load); err == nil && string(v) == ">value of k" {
					right.Add(1)
				}
			}()
		}
		time.Sleep(2 * time.Second)
		if calls.Load() != 1 || right.Load() != 50 {
			t.Error(calls.Load(), right.Load())
		}
		if v, ok := c.Get(nil, "k"); !ok || string(v) != "value of k" {
			t.Error(string(v), ok)
		}
		time.Sleep(time.Minute)
		if _, err := c.GetOrLoad(t.Context(), nil, "k", load); err != nil || calls.Load() != 2 {
			t.Error(err, calls.Load())
		}
		if s := c.Stats(); s.Loads != 2 || s.LoadErrors != 0 || s.Expired != 1 {
			t.Error(s)
		}
	})
}

// TestLoadFails: errors, panics and Goexit reach all callers, and are not kept.
func TestLoadFails(t *testing.T) {
	broken := errors.New("broken")
	loading(t, func(t *testing.T, c *Cache[string, string]) {
		for name, load := range map[string]loader{
			"error": func(context.Context, string) (string, time.Duration, error) {
				time.Sleep(time.Nanosecond)
				return "", 0, broken
			},
			"panic": func(context.Context, string) (string, time.Duration, error) { time.Sleep(time.Nanosecond); panic("no") },
			"exit": func(context.Context, string) (string, time.Duration, error) {
				time.Sleep(time.Nanosecond)
				runtime.Goexit()
				return "", 0, nil
			},
		} {
			var failed atomic.Int64
			for range 3 {
				go func() {
					defer func() {
						v := recover()
						if p, ok := v.(*LoadPanic); ok == (name == "panic") && (!ok || p.Value == "no" && len(p.Stack) > 0 && p.Error() != "") {
							failed.Add(1)
						}
					}()
					v, err := c.GetOrLoad(t.Context(), nil, name, load)
					if len(v) > 0 || err == nil || name == "error" && err != broken {
						t.Error(string(v), err)
					}
				}()
			}
			time.Sleep(time.Second)
			if failed.Load() != 3 {
				t.Errorf("%s: %d callers failed as they should", name, failed.Load())
			}
			v, err := c.GetOrLoad(t.Context(), nil, name, func(context.Context, string) (string, time.Duration, error) { return "good", 0, nil })
			if string(v) != "good" || err != nil {
				t.Error(name, string(v), err)
			}
		}
		if s := c.Stats(); s.Loads != 6 || s.LoadErrors != 3 {
			t.Error(s)
		}
	})
}

// TestLoadCancelled: a caller that gives up leaves the others their load. When all give up, the
// load's context is cancelled.
func TestLoadCancelled(t *testing.T) {
	loading(t, func(t *testing.T, c *Cache[string, string]) {
		type key struct{}
		load := func(ctx context.Context, _ string) (string, time.Duration, error) {
			if ctx.Value(key{}) != 1 {
				t.Error("the context has no values")
			}
			select {
			case <-ctx.Done():
				return "", 0, ctx.Err()
			case <-time.After(10 * time.Second):
				return "slow", 0, nil
			}
		}
		ctx := context.WithValue(t.Context(), key{}, 1)
		first, cancel := context.WithTimeout(ctx, time.Second)
		defer cancel()
		var gone, stayed error
		var value []byte
		go func() { _, gone = c.GetOrLoad(first, nil, "a", load) }()
		go func() { value, stayed = c.GetOrLoad(ctx, nil, "a", load) }()
		go func() { _, _ = c.GetOrLoad(first, nil, "b", load) }()
		time.Sleep(2 * time.Second)
		synctest.Wait()
		if s := c.Stats(); !errors.Is(gone, context.DeadlineExceeded) || s.Loads != 1 || s.LoadErrors != 1 {
			t.Error(gone, s)
		}
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if string(value) != "slow" || stayed != nil {
			t.Error(string(value), stayed)
		}
	})
}
