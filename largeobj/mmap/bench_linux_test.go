// SPDX-License-Identifier: Apache-2.0

//go:build !ashlar_heap

package mmap_test

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ashlar-go/ashlar/largeobj/mmap"
)

// These benchmarks compare mapping a file with reading it. benchmarks/REGIONS.md says how
// to run them, and has the results.

const benchFileSize = 256 << 20

// newBenchFile writes the file that a benchmark reads, and returns how many lines it has.
func newBenchFile(b *testing.B) (path string, lines int) {
	b.Helper()
	path = filepath.Join(b.TempDir(), "lines")
	return path, writeLines(b, path, benchFileSize)
}

// cool drops the file from the kernel's cache.
func cool(b *testing.B, path string) {
	b.Helper()
	f, err := os.Open(path)
	if err != nil {
		b.Fatal(err)
	}
	err = errors.Join(f.Sync(), unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED), f.Close())
	if err != nil {
		b.Fatal(err)
	}
}

// withRegion maps the file, gives advice, and runs f with its bytes.
func withRegion(path string, advice []mmap.Advice, f func([]byte) error) error {
	r, err := mmap.MapFile(path, mmap.FileOptions{})
	if err != nil {
		return err
	}
	for _, a := range advice {
		err = errors.Join(err, r.Advise(a))
	}
	return errors.Join(err, r.Catch(f), r.Close())
}

// lineCounters are the ways to count lines.
var lineCounters = []struct {
	peer  string
	count func(path string) (int, error)
}{
	{"map", countMapped()},
	{"map+sequential", countMapped(mmap.AdviseSequential)},
	{"map+willneed", countMapped(mmap.AdviseWillNeed)},
	{"map+populate", countMapped(mmap.AdvisePopulateRead)},
	{"scanner", countScanned},
	{"read-1MiB", countRead},
}

func countMapped(advice ...mmap.Advice) func(string) (int, error) {
	return func(path string) (lines int, err error) {
		err = withRegion(path, advice, func(text []byte) error {
			lines = bytes.Count(text, []byte{'\n'})
			return nil
		})
		return lines, err
	}
}

func countScanned(path string) (lines int, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	s := bufio.NewScanner(f)
	for s.Scan() {
		lines++
	}
	return lines, s.Err()
}

func countRead(path string) (lines int, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	buffer := make([]byte, 1<<20)
	for {
		n, err := f.Read(buffer)
		lines += bytes.Count(buffer[:n], []byte{'\n'})
		if errors.Is(err, io.EOF) {
			return lines, nil
		}
		if err != nil {
			return lines, err
		}
	}
}

// BenchmarkLines counts the lines of the whole file. It opens, maps and closes the file
// each time.
func BenchmarkLines(b *testing.B) {
	path, want := newBenchFile(b)
	for _, cache := range []string{"warm", "cold"} {
		for _, c := range lineCounters {
			b.Run("cache="+cache+"/peer="+c.peer, func(b *testing.B) {
				b.SetBytes(benchFileSize)
				var spent time.Duration
				for range b.N {
					if cache == "cold" {
						b.StopTimer()
						cool(b, path)
						b.StartTimer()
					}
					before := processorTime(b)
					if got, err := c.count(path); err != nil || got != want {
						b.Fatalf("%d lines, want %d: %v", got, want, err)
					}
					spent += processorTime(b) - before
				}
				b.ReportMetric(float64(spent.Nanoseconds())/float64(b.N), "cpu-ns/op")
			})
		}
	}
}

// processorTime returns the processor time of the process. On a busy machine it varies less
// than the elapsed time.
func processorTime(b *testing.B) time.Duration {
	b.Helper()
	var used unix.Rusage
	if err := unix.Getrusage(unix.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}

const (
	randomReads = 10_000 // in one operation
	randomBytes = 64
)

// randomReaders are the ways to read at given places of a file.
var randomReaders = []struct {
	peer string
	read func(path string, places []int64) (sum int, err error)
}{
	{"map", readMapped()},
	{"map+random", readMapped(mmap.AdviseRandom)},
	{"map+willneed", readMapped(mmap.AdviseWillNeed)},
	{"map+populate", readMapped(mmap.AdvisePopulateRead)},
	{"pread", readAt},
}

func readMapped(advice ...mmap.Advice) func(string, []int64) (int, error) {
	return func(path string, places []int64) (sum int, err error) {
		err = withRegion(path, advice, func(b []byte) error {
			for _, at := range places {
				sum += add(b[at : at+randomBytes])
			}
			return nil
		})
		return sum, err
	}
}

func readAt(path string, places []int64) (sum int, err error) {
	f, err := os.Open(path)
	if err != nil {
		return 0, err
	}
	defer f.Close()
	buffer := make([]byte, randomBytes)
	for _, at := range places {
		if _, err := f.ReadAt(buffer, at); err != nil {
			return 0, err
		}
		sum += add(buffer)
	}
	return sum, nil
}

func add(b []byte) (sum int) {
	for _, c := range b {
		sum += int(c)
	}
	return sum
}

// BenchmarkRandom opens the file, reads 64 bytes at each of 10,000 random places, and
// closes it. So each operation includes the page faults of that many places.
func BenchmarkRandom(b *testing.B) {
	path, _ := newBenchFile(b)
	places := somewhere()
	want, err := readAt(path, places)
	if err != nil {
		b.Fatal(err)
	}
	for _, cache := range []string{"warm", "cold"} {
		for _, c := range randomReaders {
			b.Run("cache="+cache+"/peer="+c.peer, func(b *testing.B) {
				for range b.N {
					if cache == "cold" {
						b.StopTimer()
						cool(b, path)
						b.StartTimer()
					}
					if got, err := c.read(path, places); err != nil || got != want {
						b.Fatalf("sum %d, want %d: %v", got, want, err)
					}
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/randomReads, "ns/read")
			})
		}
	}
}

// somewhere returns random offsets, the same in each call.
func somewhere() []int64 {
	rng := rand.New(rand.NewPCG(1, 2))
	places := make([]int64, randomReads)
	for i := range places {
		places[i] = rng.Int64N(benchFileSize - randomBytes)
	}
	return places
}

// BenchmarkRandomKept reads at one random place of a file that stays mapped or open, after
// all pages have been read once.
func BenchmarkRandomKept(b *testing.B) {
	path, _ := newBenchFile(b)
	places := somewhere()
	b.Run("peer=map", func(b *testing.B) {
		err := withRegion(path, []mmap.Advice{mmap.AdvisePopulateRead}, func(text []byte) error {
			b.ResetTimer()
			for i := range b.N {
				at := places[i%len(places)]
				sink += add(text[at : at+randomBytes])
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	})
	b.Run("peer=pread", func(b *testing.B) {
		f, err := os.Open(path)
		if err != nil {
			b.Fatal(err)
		}
		defer f.Close()
		buffer := make([]byte, randomBytes)
		for i := range b.N {
			if _, err := f.ReadAt(buffer, places[i%len(places)]); err != nil {
				b.Fatal(err)
			}
			sink += add(buffer)
		}
	})
}

var sink int
