// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// plain appends the value as it is.
func plain(dst, value []byte) []byte { return append(dst, value...) }

// forBoth runs a test on a store of each form. The test must leave no block.
func forBoth(t *testing.T, o Options, test func(t *testing.T, s Store)) {
	for _, name := range Names {
		t.Run(name, func(t *testing.T) { withStore(t, name, o, test) })
	}
}

func withStore(t *testing.T, name string, o Options, test func(t *testing.T, s Store)) {
	s, err := Open(name, o)
	if err != nil {
		t.Fatal(err)
	}
	test(t, s)
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// inBubble does the same with fake time.
func inBubble(t *testing.T, o Options, test func(t *testing.T, s Store)) {
	for _, name := range Names {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { withStore(t, name, o, test) })
		})
	}
}

// TestModel compares a store that is never full with a map.
func TestModel(t *testing.T) {
	type entry struct {
		value   string
		expires int64
	}
	inBubble(t, Options{Shards: 4}, func(t *testing.T, s Store) {
		model := map[string]entry{}
		random := rand.New(rand.NewPCG(1, 2))
		for now := range int64(30_000) {
			time.Sleep(time.Millisecond)
			key := fmt.Sprint(random.IntN(1000))
			e, there := model[key]
			there = there && now < e.expires
			switch random.IntN(6) {
			case 0, 1:
				ttl := 1 + random.IntN(15_000)
				e = entry{fmt.Sprintf("%0*d", random.IntN(300), now), now + int64(ttl)}
				if err := s.Set([]byte(key), []byte(e.value), time.Duration(ttl)*time.Millisecond); err != nil {
					t.Fatal(err)
				}
				model[key] = e
			case 2:
				if got := s.Delete([]byte(key)); got != there {
					t.Fatalf("%d: Delete(%s) = %v, want %v", now, key, got, there)
				}
				delete(model, key)
			default:
				got, ok := s.Get([]byte("before "), []byte(key), plain)
				if ok != there || ok && string(got) != "before "+e.value || !ok && string(got) != "before " {
					t.Fatalf("%d: Get(%s) = %q %v, want %q %v", now, key, got, ok, e.value, there)
				}
				if !there {
					delete(model, key)
				}
			}
		}
		total := int64(0)
		for key, e := range model {
			total += int64(len(key) + len(e.value))
		}
		if u := s.Usage(); u.Keys != int64(len(model)) || u.Bytes != total || u.Evicted != 0 || u.Expired == 0 {
			t.Errorf("%+v, want %d keys, %d bytes", u, len(model), total)
		}
		s.Clear()
		if u := s.Usage(); u.Keys != 0 || u.Bytes != 0 {
			t.Errorf("%+v after Clear", u)
		}
		if _, ok := s.Get(nil, []byte("1"), plain); ok {
			t.Error("a key is there after Clear")
		}
	})
}

// TestBound: a store never exceeds its bound, and the value that was set last is there.
func TestBound(t *testing.T) {
	const limit = 128 << 10
	inBubble(t, Options{Bytes: limit, Shards: 2}, func(t *testing.T, s Store) {
		random := rand.New(rand.NewPCG(3, 4))
		for now := range int64(8000) {
			time.Sleep(time.Millisecond)
			key, value := fmt.Append(nil, random.IntN(500)), make([]byte, random.IntN(1000))
			if err := s.Set(key, value, time.Duration(1+random.IntN(2000))*time.Millisecond); err != nil {
				t.Fatal(err)
			}
			if got, ok := s.Get(nil, key, plain); !ok || !bytes.Equal(got, value) {
				t.Fatalf("%d: what was set is not there", now)
			}
			if u := s.Usage(); u.Bytes > limit {
				t.Fatalf("%d bytes, more than %d", u.Bytes, limit)
			}
		}
		u := s.Usage()
		if u.Evicted == 0 || u.Expired == 0 || u.Bytes < limit/2 {
			t.Errorf("%+v: want evictions, expirations, and a store that is nearly full", u)
		}
	})
}

// TestFirstToExpire: on the Go heap expired entries are evicted before others.
func TestFirstToExpire(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newHeap(1, 1000)
		for i := range 5 {
			if err := s.Set(fmt.Append(nil, "key", i), make([]byte, 190), time.Duration(10-i)); err != nil {
				t.Fatal(err)
			}
		}
		time.Sleep(6 * time.Nanosecond)
		if err := s.Set([]byte("new"), make([]byte, 190), 0); err != nil {
			t.Fatal(err)
		}
		if u := s.Usage(); u.Expired != 1 || u.Evicted != 0 || u.Keys != 5 {
			t.Errorf("%+v, want key 4 expired", u)
		}
		if err := s.Set([]byte("new too"), make([]byte, 185), 0); err != nil {
			t.Fatal(err)
		}
		if _, ok := s.Get(nil, []byte("key3"), plain); ok {
			t.Error("another than key 3 was evicted")
		}
	})
}

func TestTooLarge(t *testing.T) {
	forBoth(t, Options{Bytes: 64 << 10, Shards: 2}, func(t *testing.T, s Store) {
		if err := s.Set([]byte("k"), []byte("v"), 0); err != nil {
			t.Fatal(err)
		}
		if err := s.Set([]byte("k"), make([]byte, 32<<10), 0); !errors.Is(err, ErrTooLarge) {
			t.Errorf("%v, want ErrTooLarge", err)
		}
		if got, ok := s.Get(nil, []byte("k"), plain); ok && string(got) != "v" {
			t.Errorf("then there is %q", got)
		}
	})
}

// TestConcurrent: many goroutines that use few keys see complete values only.
func TestConcurrent(t *testing.T) {
	forBoth(t, Options{Bytes: 64 << 10, Shards: 2}, func(t *testing.T, s Store) {
		var running sync.WaitGroup
		for g := range 4 {
			running.Go(func() {
				random := rand.New(rand.NewPCG(5, uint64(g)))
				for range 2000 {
					key := []byte{byte(random.IntN(50))}
					switch random.IntN(8) {
					case 0:
						s.Delete(key)
					case 1:
						s.Usage()
					case 2, 3, 4:
						if err := s.Set(key, bytes.Repeat(key, random.IntN(2000)), 0); err != nil {
							t.Error(err)
						}
					default:
						got, _ := s.Get(nil, key, plain)
						if len(bytes.Trim(got, string(key))) > 0 {
							t.Errorf("the value of key %d is %.20q", key, got)
						}
					}
				}
			})
		}
		running.Wait()
	})
}

func TestOpen(t *testing.T) {
	for name, o := range map[string]Options{"paper": {}, "ashlar": {Shards: 3}, "goheap": {Shards: -1}} {
		if s, err := Open(name, o); err == nil || s != nil {
			t.Errorf("Open(%s, %+v) succeeds", name, o)
		}
	}
}

func BenchmarkStore(b *testing.B) {
	const keys = 200_000
	for _, name := range Names {
		for _, op := range []string{"get", "set"} {
			b.Run(fmt.Sprintf("op=%s/peer=%s", op, name), func(b *testing.B) {
				s, err := Open(name, Options{Bytes: 64 << 20})
				if err != nil {
					b.Fatal(err)
				}
				random := rand.New(rand.NewPCG(6, 7))
				value, key, dst := make([]byte, 300), []byte(nil), []byte(nil)
				step := func(set bool) {
					key = fmt.Append(key[:0], "key:", random.IntN(keys))
					if !set {
						dst, _ = s.Get(dst[:0], key, plain)
					} else if err := s.Set(key, value, time.Duration(1+random.IntN(1000))*time.Second); err != nil {
						b.Fatal(err)
					}
				}
				for range 2 * keys {
					step(true)
				}
				b.ReportAllocs()
				for b.Loop() {
					step(op == "set")
				}
				if err := s.Close(); err != nil {
					b.Fatal(err)
				}
			})
		}
	}
}
