// SPDX-License-Identifier: Apache-2.0

//go:build ignore

// Mktables chooses the geometry of the size classes and writes it as tables.go.
//
//	go run mktables.go [-o file]    "-" is standard output
//
// It refuses to write a table that breaks one of the bounds below.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"go/format"
	"log"
	"os"
)

// The choices. All sizes are in bytes.
const (
	granuleShift = 4 // 16 bytes: the alignment that any Go or C type needs
	granule      = 1 << granuleShift
	stepsShift   = 3 // 8 classes per doubling: the worst request wastes under 1/9 of its block
	steps        = 1 << stepsShift
	largeMin     = 128 << 10 // from this size on, a mapping for each object costs little next to its memory

	pageShift = 13
	pageSize  = 1 << pageShift

	minSpan   = 64 << 10  // amortizes the span's metadata and the trip to the page heap
	maxSpan   = 256 << 10 // one live block keeps its whole span from being unmapped
	maxBlocks = 4096      // bounds the state bytes of a span
	tailShare = 16        // at most 1/16 of a span, 6.25 %, lies beyond its last block

	// With this shift the magic of the smallest block fits in 32 bits, and the
	// index is exact for every offset below maxSpan in every class.
	magicShift = 35
)

// Bounds of internal waste.
const (
	shareFrom  = steps * granule // requests from this size on are judged by share, smaller ones by bytes
	worstBytes = granule - 1     // below shareFrom
	worstShare = 0.125           // of the block, from shareFrom on
	meanShare  = 0.045           // of the block, over uniform sizes
)

type class struct {
	size, span, blocks int
	magic              uint64
	smallest           int // the smallest request that the class serves
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("mktables: ")
	out := flag.String("o", "tables.go", "file to write; - is standard output")
	flag.Parse()

	classes := makeClasses()
	for _, c := range classes {
		check(c)
	}
	src, err := format.Source(render(classes))
	if err != nil {
		log.Fatal(err)
	}
	if *out == "-" {
		_, err = os.Stdout.Write(src)
	} else {
		err = os.WriteFile(*out, src, 0o644)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// makeClasses lists the classes in ascending order. Up to 2·steps granules, the step is one
// granule. Then the step doubles whenever the size has doubled.
func makeClasses() []class {
	var classes []class
	step, below := granule, 0
	for below < largeMin {
		if below == 2*steps*step {
			step *= 2
		}
		size := below + step
		span := spanFor(size)
		classes = append(classes, class{
			size:     size,
			span:     span,
			blocks:   span / size,
			magic:    (1<<magicShift + uint64(size) - 1) / uint64(size),
			smallest: below + 1,
		})
		below = size
	}
	return classes
}

// spanFor chooses the span of a class: the smallest one with a tolerable tail. In a small
// span, fewer blocks have to be free before the span can be given back. Blocks of more than
// a page leave tails of about whole pages, and a span has few such blocks. For these,
// spanFor chooses a span without a tail if it is at most twice as long.
func spanFor(block int) int {
	span := smallestSpan(block, tailShare)
	if block <= pageSize {
		return span
	}
	if full := smallestSpan(block, maxSpan); full <= 2*span {
		return full
	}
	return span
}

// smallestSpan returns the smallest span whose tail is at most 1/share of it,
// or a span beyond maxSpan when there is none.
func smallestSpan(block, share int) int {
	span := minSpan
	for span <= maxSpan && (span < block || span%block*share > span) {
		span += pageSize
	}
	return span
}

// check ends the program if c breaks a bound. It tries the magic on every offset, because
// a proof of it can be wrong.
func check(c class) {
	tail := c.span - c.blocks*c.size
	waste := c.size - c.smallest
	switch {
	case c.size%granule != 0:
		log.Fatalf("block of %d: not a multiple of the granule", c.size)
	case c.span%pageSize != 0 || c.span < minSpan || c.span > maxSpan:
		log.Fatalf("block of %d: no span, %d is out of range", c.size, c.span)
	case c.blocks < 1 || c.blocks > maxBlocks:
		log.Fatalf("block of %d: %d blocks in a span", c.size, c.blocks)
	case tail*tailShare > c.span:
		log.Fatalf("block of %d: %s of the span is tail", c.size, percent(tail, c.span))
	case c.smallest <= shareFrom && waste > worstBytes:
		log.Fatalf("block of %d: wastes %d bytes", c.size, waste)
	case c.smallest > shareFrom && float64(waste) > worstShare*float64(c.size):
		log.Fatalf("block of %d: wastes %s", c.size, percent(waste, c.size))
	case c.magic >= 1<<32:
		log.Fatalf("block of %d: magic %#x does not fit in 32 bits", c.size, c.magic)
	}
	for off := range uint64(c.span) {
		if off*c.magic>>magicShift != off/uint64(c.size) {
			log.Fatalf("block of %d: magic %#x is wrong at offset %d", c.size, c.magic, off)
		}
	}
}

func render(classes []class) []byte {
	var b bytes.Buffer
	p := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }

	p("// SPDX-License-Identifier: Apache-2.0\n")
	p("// Code generated by mktables.go; DO NOT EDIT.\n")
	p("package sizeclass\n")
	renderWaste(p, classes)
	p("\nconst (")
	p("// Granule is the smallest block size and the unit of all block sizes, in bytes.")
	p("// Every block is aligned to it.")
	p("Granule = 1 << granuleShift\n")
	p("// PageShift is the binary logarithm of PageSize.")
	p("PageShift = %d\n", pageShift)
	p("// PageSize is the unit of the page heap, in bytes: spans are whole pages.")
	p("// The page size of the kernel may be smaller or larger.")
	p("PageSize = 1 << PageShift\n")
	p("// LargeMin is the smallest request, in bytes, that no class serves.")
	p("LargeMin = %d << 10\n", largeMin>>10)
	p("// Count is the number of classes.")
	p("Count = %d\n", len(classes))
	p("// MagicShift is the binary logarithm of the number by which Info.Magic is scaled.")
	p("MagicShift = %d\n", magicShift)
	p("granuleShift = %d", granuleShift)
	p("stepsShift = %d", stepsShift)
	p("steps = 1 << stepsShift // classes per doubling")
	p(")\n")
	p("// table has a row for every value of a Class, so that indexing it needs no bounds")
	p("// check. The rows from Count on are zero and never read.")
	p("var table = [1 << 8]Info{")
	for i, c := range classes {
		p("%d: {Size: %d, Span: %d, Blocks: %d, Magic: %#x},", i, c.size, c.span, c.blocks, c.magic)
	}
	p("}")
	return b.Bytes()
}

// renderWaste writes the comment that lists every class with its waste.
func renderWaste(p func(string, ...any), classes []class) {
	var worst, worstTail class // by share
	sum := 0.0                 // of the shares that each size wastes
	p("// class  block bytes  span bytes  blocks  tail waste  worst waste")
	for i, c := range classes {
		tail, waste := c.span-c.blocks*c.size, c.size-c.smallest
		p("// %5d  %11d  %10d  %6d  %10s  %11s",
			i, c.size, c.span, c.blocks, percent(tail, c.span), percent(waste, c.size))
		for size := c.smallest; size <= min(c.size, largeMin-1); size++ {
			sum += float64(c.size-size) / float64(c.size)
		}
		if c.smallest > shareFrom && (worst.size == 0 || waste*worst.size > (worst.size-worst.smallest)*c.size) {
			worst = c
		}
		if worstTail.size == 0 || tail*worstTail.span > (worstTail.span%worstTail.size)*c.span {
			worstTail = c
		}
	}
	mean := sum / (largeMin - 1)
	if mean > meanShare {
		log.Fatalf("the mean waste is %.2f %%", 100*mean)
	}
	p("//")
	p("// Tail waste is the share of the span beyond its last block. Worst waste is the share")
	p("// of the block that the smallest request of the class leaves unused.")
	p("//")
	p("//\tworst waste, sizes from %d B    %s of the block (%d B in %d B)",
		shareFrom, percent(worst.size-worst.smallest, worst.size), worst.smallest, worst.size)
	p("//\tworst waste, sizes below        %d bytes", worstBytes)
	p("//\tmean waste, uniform sizes       %.2f %% of the block (1 B to %d B)", 100*mean, largeMin-1)
	p("//\tworst tail waste                %s of the span (blocks of %d B)",
		percent(worstTail.span%worstTail.size, worstTail.span), worstTail.size)
}

func percent(part, whole int) string {
	return fmt.Sprintf("%.2f %%", 100*float64(part)/float64(whole))
}
