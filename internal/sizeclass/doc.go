// SPDX-License-Identifier: Apache-2.0

// Package sizeclass is the geometry of small blocks: which block sizes exist,
// which of them serves a request, and how a span is cut into blocks.
//
// A size class is one of a few block sizes. The allocator rounds every request below
// [LargeMin] bytes up to the nearest class, so that a freed block serves any later request
// of its class. Blocks never have to be split or joined, and one short table describes
// them all. The price is internal fragmentation: the bytes of the block that were not
// requested. The section "Block sizes" states that price.
//
//   - [Class] names a class; [Of] finds the class of a size.
//   - [Info] is one row of the table: block size, span size, blocks, magic.
//   - [ClassCodeOf] encodes how much of a block is requested; [Class.Requested] decodes it.
//   - [GoodSize] returns the block size that a request gets.
//
// All functions are pure: they allocate and lock nothing, and any goroutine may call them
// at any time. The tables are constants, so nothing is filled at start-up. Arguments are not
// checked on the allocation path: a size outside 1 … LargeMin−1 gives a meaningless class,
// and a Class of [Count] or more has a row of zeros.
//
// The public package of the same name shows users the sizes and what rounding costs.
//
// # Block sizes
//
// The first 8 classes are 16, 32, … 128 bytes. From there on, 8 classes divide
// each doubling evenly, up to 128 KiB:
//
//	144 160 …  256   step   16   e = 0
//	288 320 …  512   step   32   e = 1
//	576 640 … 1024   step   64   e = 2
//	…
//	72K 80K … 128K   step   8K   e = 9
//
// These equations give the class c of a size in bytes, without reading a table:
//
//	x = ⌊(size−1) / 16⌋            whole granules below the last byte
//	e = max(⌊log₂ x⌋ − 3, 0)       doublings above the first 256 bytes
//	c = 8e + ⌊x / 2ᵉ⌋              the first term counts classes, the second steps
//
// These give the size of the class and its step, the distance to the class below:
//
//	step(c) = 16 · 2ᵉ
//	Size(c) = step(c) · (c − 8e + 1)
//
// It follows that
//
//	Size(c−1) < size ≤ Size(c)
//	Size(c) − size < step(c) ≤ Size(c) / 9     for sizes above 128
//
// The last line is the reason for 8 classes per doubling. The worst request wastes less
// than a ninth of its block, 11.1 %, and the mean over uniformly distributed sizes is
// 4.15 %. With 4 classes per doubling, as in jemalloc, the worst would be a fifth and the
// mean 8 %. The Go runtime's table wastes up to 15.8 %, and 5.2 % in the mean. With 16
// classes per doubling, the mean would be 2 % lower, but the caches of free blocks would be
// spread over twice as many classes. Because the steps are equal, a few instructions find
// the class of a size.
//
// Every size is a multiple of the 16-byte granule, so every block is aligned to 16 bytes.
//
// # Spans
//
// Blocks of a class are cut from spans, runs of whole pages of the page heap:
//
//	0         Size      2·Size                 Blocks·Size     Span
//	├─────────┼─────────┼─────────┬ ┄ ┄ ┬─────────┼─────────────┤
//	│ block 0 │ block 1 │ block 2 │     │ block   │ tail,       │
//	│         │         │         │     │ Blocks−1│ never used  │
//	└─────────┴─────────┴─────────┴ ┄ ┄ ┴─────────┴─────────────┘
//	page-aligned; it holds only blocks: states and headers are kept elsewhere
//
//	Span   = k · PageSize,  64 KiB ≤ Span ≤ 256 KiB
//	Blocks = ⌊Span / Size⌋ ≤ 4096
//	tail   = Span − Blocks·Size ≤ Span / 16
//
// Index finds the block that holds a byte of the span without a division:
//
//	Magic = ⌈2³⁵ / Size⌉
//	index = ⌊off · Magic / 2³⁵⌋ = ⌊off / Size⌋     for 0 ≤ off < Span
//
// Rounding Magic up has the effect of moving off by less than off·Size/2³⁵ bytes. The index
// is exact if that is less than one byte, which off < 2¹⁸ and Size ≤ 2¹⁷ ensure. A scale of
// 2³² would be too coarse for the largest classes. With a scale above 2³⁵, the magic of the
// smallest class would not fit in 32 bits. In the tail, the index is Blocks, which is no
// block's. (The method is from "Division by Invariant Integers using Multiplication",
// PLDI 1994.)
//
// # Size codes
//
// To report the requested bytes exactly, an allocator would have to store every size. This
// one has a state byte for each block, and six bits of the byte are free. They say in 64ths
// of a step how much of the block was requested. Computing the class needs e anyway, so one
// shift yields both, and one addition packs them:
//
//	y         = ⌊4(size−1) / 2ᵉ⌋
//	ClassCode = 512e + y = 64c + code
//
//	e = 0:  code = 4·b                b = size − smallest size of the class
//	e = 1:  code = 2·b
//	e = 2:  code = b
//	e > 2:  code = ⌊b / 2ᵉ⁻²⌋
//
// A class needs one sum of its size codes, and no count for each size. [Class.Requested]
// turns the sum back into bytes. The result is exact for blocks up to 1 KiB, and within
// 1/1024 of the bytes of larger blocks.
//
// # Generated code
//
// mktables.go generates tables.go, with the table and the constants. It makes the choices
// and gives their reasons. The header of tables.go lists every class with its waste.
package sizeclass

//go:generate go run mktables.go
