// SPDX-License-Identifier: Apache-2.0

package offheap

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ashlar-go/ashlar/alloc"
	"github.com/ashlar-go/ashlar/alloc/alloctest"
)

// TestCacheFile: what was saved is loaded, except for what has expired since. A file with any byte
// changed or missing is refused, and changes nothing.
func TestCacheFile(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var heap alloc.Allocator
		alloctest.NoLeaks(t, &heap)
		open := func() *Cache[string, []byte] {
			c, err := NewCache[string, []byte](&heap, CacheOptions{Bytes: 4 << 20})
			must(t, err)
			return c
		}
		c := open()
		defer c.Close()
		const n = 2000
		for i := range n {
			must(t, c.Set(fmt.Sprint(i), bytes.Repeat([]byte{byte(i)}, i%300), time.Duration(i%3)*time.Minute))
		}
		must(t, c.Set("big", make([]byte, 200_000), 0))
		must(t, c.Set("empty", nil, 0))
		must(t, c.Set("long", nil, math.MaxInt64))
		path := filepath.Join(t.TempDir(), "cache")
		must(t, os.WriteFile(path, []byte("old"), 0o600))
		must(t, c.Save(path))
		time.Sleep(90 * time.Second)

		loaded := open()
		defer loaded.Close()
		got, err := loaded.Load(path)
		must(t, err)
		if want := n - (n+1)/3 + 3; got != want || loaded.Stats().Entries != int64(want) {
			t.Errorf("%d entries are loaded, want %d", got, want)
		}
		for i := range n {
			v, ok := loaded.Get(nil, fmt.Sprint(i))
			if ok != (i%3 != 1) || ok && !bytes.Equal(v, bytes.Repeat([]byte{byte(i)}, i%300)) {
				t.Fatalf("%d is %v %v", i, v, ok)
			}
		}
		time.Sleep(time.Minute)
		if _, ok := loaded.Get(nil, "2"); ok {
			t.Error("an entry has outlived its time")
		}
		if _, ok := loaded.Get(nil, "long"); !ok {
			t.Error("an entry that lives for centuries has expired")
		}
		whole, err := os.ReadFile(path)
		must(t, err)
		files, err := filepath.Glob(filepath.Join(filepath.Dir(path), "*"))
		if must(t, err); len(files) != 1 {
			t.Error("files are left", files)
		}
		damaged := open()
		defer damaged.Close()
		for i := 0; i < len(whole); i += 1 + len(whole)/500 {
			changed := bytes.Clone(whole)
			changed[i] ^= 4
			for _, b := range [][]byte{changed, whole[:i], append(whole[:len(whole):len(whole)], byte(i))} {
				must(t, os.WriteFile(path, b, 0o600))
				if n, err := damaged.Load(path); !errors.Is(err, ErrBadFile) || n != 0 || damaged.Stats().Sets != 0 {
					t.Fatalf("byte %d: %d entries, %v", i, n, err)
				}
			}
		}
		if _, err := damaged.Load(path + "-absent"); !errors.Is(err, os.ErrNotExist) {
			t.Error(err)
		}
		if err := c.Save(filepath.Join(path, "no", "directory")); err == nil {
			t.Error("saved to a directory that does not exist")
		}
	})
}
