// SPDX-License-Identifier: Apache-2.0

package offheap

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"time"
)

// loads are the loads that are under way, by key.
type loads struct {
	mu   sync.Mutex
	open map[string]*load

	done, failed int64
}

// A load is one call of a function that loads a value. Its fields above the line are guarded by
// loads.mu, those below by ended.
type load struct {
	waiting int // callers
	cancel  context.CancelFunc

	ended chan struct{} // closed at the end
	value []byte
	err   error
	panic *LoadPanic
}

// A LoadPanic is the value with which GetOrLoad panics in every waiting caller if the function
// that loads the value panics.
type LoadPanic struct {
	Value any    // the value of the panic
	Stack []byte // the stack of the function, as text
}

// Error describes the panic.
func (p *LoadPanic) Error() string {
	return fmt.Sprintf("offheap: a load panicked: %v\n%s", p.Value, p.Stack)
}

// errNoReturn is the error of a load whose function ended by runtime.Goexit.
var errNoReturn = errors.New("offheap: a load ended without returning")

// GetOrLoad appends the value of key to dst, as Get does. If the key is absent, it calls load for
// the value and its time to live, sets the entry, and returns the value. While a load runs, other
// callers of GetOrLoad for the key wait for its result.
//
// load runs on a goroutine of its own. Its context has the values of the first caller's context,
// and is cancelled when no caller waits any more. GetOrLoad returns early with ctx's error if ctx
// ends. An error of load is returned to all who wait, and is not kept. A panic of load becomes a
// panic with a *LoadPanic in all of them. A value that is too large for the Cache is returned without
// being kept.
func (c *Cache[K, V]) GetOrLoad(ctx context.Context, dst []byte, key K,
	load func(ctx context.Context, key K) (value V, ttl time.Duration, err error)) ([]byte, error) {
	if value, ok := c.Get(dst, key); ok {
		return value, nil
	}
	name := string(bytesOf(key))
	l := c.c.loads.join(ctx, name, func(ctx context.Context) ([]byte, error) {
		if value, ok := c.c.get(nil, []byte(name)); ok {
			return value, nil // it was loaded meanwhile
		}
		value, ttl, err := load(ctx, K(name))
		if err != nil {
			return nil, err
		}
		_ = c.c.set([]byte(name), bytesOf(value), ttl) // without memory there is no entry
		return bytesOf(value), nil
	})
	defer c.c.loads.leave(name, l)
	select {
	case <-ctx.Done():
		return dst, ctx.Err()
	case <-l.ended:
	}
	if l.panic != nil {
		panic(l.panic)
	}
	if l.err != nil {
		return dst, l.err
	}
	return append(dst, l.value...), nil
}

// join returns the load of a key, which it starts if there is none.
func (all *loads) join(ctx context.Context, key string, f func(context.Context) ([]byte, error)) *load {
	all.mu.Lock()
	defer all.mu.Unlock()
	l := all.open[key]
	if l == nil {
		ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
		l = &load{cancel: cancel, ended: make(chan struct{}), err: errNoReturn}
		if all.open == nil {
			all.open = map[string]*load{}
		}
		all.open[key] = l
		go all.run(ctx, key, l, f)
	}
	l.waiting++
	return l
}

// run calls f and publishes its result.
func (all *loads) run(ctx context.Context, key string, l *load, f func(context.Context) ([]byte, error)) {
	defer func() {
		if v := recover(); v != nil {
			l.panic = &LoadPanic{v, debug.Stack()}
		}
		all.mu.Lock()
		defer all.mu.Unlock()
		all.done++
		if l.err != nil || l.panic != nil {
			all.failed++
		}
		all.forget(key, l)
		close(l.ended)
	}()
	l.value, l.err = f(ctx)
}

// leave ends a caller's wait. A load for which nobody waits is cancelled and forgotten: the next
// caller starts another one.
func (all *loads) leave(key string, l *load) {
	all.mu.Lock()
	defer all.mu.Unlock()
	if l.waiting--; l.waiting == 0 {
		l.cancel()
		all.forget(key, l)
	}
}

func (all *loads) forget(key string, l *load) {
	if all.open[key] == l {
		delete(all.open, key)
	}
}
