// SPDX-License-Identifier: Apache-2.0

package buffer_test

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"strings"

	"github.com/ashlar-go/ashlar/alloc/buffer"
)

// A bufio.Writer writes lines into a buffer, and a bufio.Scanner reads them.
func Example_bufio() {
	b := buffer.New(nil)
	defer b.Close()
	w := bufio.NewWriter(b)
	for i := range 3 {
		fmt.Fprintf(w, "line %d\n", i)
	}
	if err := w.Flush(); err != nil {
		log.Fatal(err)
	}
	for s := bufio.NewScanner(b); s.Scan(); {
		fmt.Println(s.Text())
	}
	// Output:
	// line 0
	// line 1
	// line 2
}

// A document is encoded into a buffer and decoded from it.
func Example_json() {
	type stone struct{ Length, Width int }
	b := buffer.New(nil)
	defer b.Close()
	if err := json.NewEncoder(b).Encode([]stone{{3, 2}, {5, 1}}); err != nil {
		log.Fatal(err)
	}
	fmt.Print(b)
	var stones []stone
	if err := json.NewDecoder(b).Decode(&stones); err != nil {
		log.Fatal(err)
	}
	fmt.Println(len(stones), stones[1].Length)
	// Output:
	// [{"Length":3,"Width":2},{"Length":5,"Width":1}]
	// 2 5
}

// gzip compresses text into a buffer and decompresses it again.
func Example_gzip() {
	b := buffer.New(nil)
	defer b.Close()
	text := strings.Repeat("stone upon stone, ", 10_000)
	w := gzip.NewWriter(b)
	if _, err := io.WriteString(w, text); err != nil {
		log.Fatal(err)
	}
	if err := w.Close(); err != nil {
		log.Fatal(err)
	}
	fmt.Println(b.Len() < len(text)/100)
	r, err := gzip.NewReader(b)
	if err != nil {
		log.Fatal(err)
	}
	unpacked := buffer.New(nil)
	defer unpacked.Close()
	n, err := unpacked.ReadFrom(r)
	fmt.Println(n == int64(len(text)), err)
	// Output:
	// true
	// true <nil>
}

func ExamplePool() {
	p := buffer.NewPool(nil)
	b := p.Get(5000)
	fmt.Println(len(b), cap(b))
	p.Put(b)
	// Output: 5000 5120
}

// Libraries that go back and change bytes they have written need a File.
func ExampleFile() {
	f := buffer.NewFile(nil)
	defer f.Close()
	fmt.Fprint(f, "length ????, stones")
	if _, err := f.WriteAt([]byte("six "), 7); err != nil {
		log.Fatal(err)
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		log.Fatal(err)
	}
	text, err := io.ReadAll(f)
	fmt.Printf("%s, %v\n", text, err)
	// Output: length six , stones, <nil>
}
