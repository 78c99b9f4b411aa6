// SPDX-License-Identifier: Apache-2.0

// Package sizeclass is the geometry of small blocks: which block sizes exist,
// which of them serves a request, and how a span is cut into blocks.
//
// A size class is one of a few block sizes. Every request below [LargeMin]
// bytes is rounded up to the nearest of them, so that a freed block fits any
// later request of its class: blocks never have to be split or joined, and
// one short table describes them all. The price is internal fragmentation,
// the bytes between what was asked for and what the block holds. This package
// chooses that price and states it.
//
//   - [Class] names a class; [Of] finds the class of a size.
//   - [Info] is one row of the table: block size, span size, blocks, magic.
//   - [FitOf] and [Class.Requested] encode how much of a block was asked for.
//   - [GoodSize] is the block size that a request gets.
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
// A size in bytes has class c by these equations, in which no table is read:
//
//	x = ⌊(size−1) / 16⌋            whole granules below the last byte
//	e = max(⌊log₂ x⌋ − 3, 0)       doublings above the first 256 bytes
//	c = 8e + ⌊x / 2ᵉ⌋              the first term counts classes, the second steps
//
// and the class has its size and its step, the distance to the class below:
//
//	step(c) = 16 · 2ᵉ
//	Size(c) = step(c) · (c − 8e + 1)
//
// so that
//
//	Size(c−1) < size ≤ Size(c)
//	Size(c) − size < step(c) ≤ Size(c) / 9     for sizes above 128
//
// The last line is the reason for 8 classes per doubling: the worst request
// wastes less than a ninth of its block, 11.1 %, and the mean over uniformly
// distributed sizes is 4.15 %. With 4 per doubling, as in jemalloc, it would
// be a fifth and 8 %; the Go runtime's table wastes up to 15.8 %, 5.2 % in the
// mean. With 16 per doubling, caches of free blocks would be spread over twice
// as many classes for another 2 %. Equal steps rather than tuned ones keep
// size → class in a handful of instructions.
//
// Every size is a multiple of the 16-byte granule, which is therefore the
// alignment of every block.
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
//	page-aligned; nothing but blocks: state and headers are kept elsewhere
//
//	Span   = k · PageSize,  64 KiB ≤ Span ≤ 256 KiB
//	Blocks = ⌊Span / Size⌋ ≤ 4096
//	tail   = Span − Blocks·Size ≤ Span / 16
//
// The block that holds a byte of the span is found without a division:
//
//	Magic = ⌈2³⁵ / Size⌉
//	index = ⌊off · Magic / 2³⁵⌋ = ⌊off / Size⌋     for 0 ≤ off < Span
//
// Rounding Magic up has the effect of moving off by less than off·Size/2³⁵
// bytes. The index is exact as long as that is less than one byte, which
// off < 2¹⁸ and Size ≤ 2¹⁷ ensure. A scale of 2³² would be too coarse for the
// largest classes, and beyond 2³⁵ the magic of the smallest would not fit in 32
// bits. (The method is that of "Division by Invariant Integers using
// Multiplication", PLDI 1994.) In the tail the index is Blocks, which is that
// of no block.
//
// # Fit codes
//
// To report requested bytes an allocator would have to store every size. Ours
// keeps one state byte per block anyway, and six bits of it are free: enough to
// say in 64ths of a step how much of the block was asked for. Since e is at hand
// when the class is computed, one shift yields both, and one addition packs them:
//
//	y   = ⌊4(size−1) / 2ᵉ⌋
//	fit = 512e + y = 64c + code
//
//	e = 0:  code = 4·b                b = size − smallest size of the class
//	e = 1:  code = 2·b
//	e = 2:  code = b
//	e > 2:  code = ⌊b / 2ᵉ⁻²⌋
//
// Codes add up, so that a class needs one sum of them and not one per size:
// [Class.Requested] turns the sum back into bytes, exactly for blocks up to
// 1 KiB, and within 1/1024 of the bytes of the blocks above.
//
// # Caveats
//
// Everything here is a pure function of constants: nothing is allocated,
// locked or filled at start-up, and all of it may be called from anywhere,
// concurrently. The functions of the allocation path do not check their
// argument: a size outside 1 … LargeMin−1 gives a meaningless class, and a
// Class of [Count] or more has a row of zeros.
//
// The table in tables.go is generated, and so are the constants; mktables.go
// makes the choices and gives their reasons. The header of tables.go lists
// every class with its waste.
package sizeclass

//go:generate go run mktables.go
