// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"bytes"

	"github.com/ashlar-go/ashlar/internal/raw"
)

// A pattern fills memory that no one may use. It holds its bytes twice, so that a whole period
// can be read from any offset of the first.
type pattern [2 * patternPeriod]byte

const patternPeriod = 1 << 12

// The patterns of checked blocks. None has a zero, the commonest byte that is written
// out of place; that of redzones depends on the address, so that a piece of one that was
// copied elsewhere is no redzone there.
var (
	freshPattern = newPattern(func(int) byte { return 0xa5 })
	freedPattern = newPattern(func(int) byte { return 0xdf })
	zonePattern  = newPattern(func(i int) byte { return byte(0xb0 | (i+i>>4+i>>8)&0xf) })
)

func newPattern(at func(i int) byte) (p pattern) {
	for i := range p {
		p[i] = at(i % patternPeriod)
	}
	return p
}

// at returns the pattern of the n bytes at addr, or of as many of them as fit into a period.
func (p *pattern) at(addr, n uintptr) []byte {
	return p[addr%patternPeriod:][:min(n, patternPeriod)]
}

// fillWith fills the n bytes at addr.
func fillWith(p *pattern, addr, n uintptr) {
	raw.InPieces(n, func(at, n uintptr) {
		for at += addr; n > 0; {
			k := uintptr(copy(raw.Bytes(at, n), p.at(at, n)))
			at, n = at+k, n-k
		}
	})
}

// changed returns how many of the n bytes at addr differ from the pattern, and the address of
// the first.
func (p *pattern) changed(addr, n uintptr) (first uintptr, count int) {
	raw.InPieces(n, func(at, n uintptr) {
		f, c := p.changedPiece(addr+at, n)
		if count == 0 {
			first = f
		}
		count += c
	})
	return first, count
}

// changedPiece is changed for one piece.
func (p *pattern) changedPiece(addr, n uintptr) (first uintptr, count int) {
	for n > 0 {
		want := p.at(addr, n)
		got := raw.Bytes(addr, uintptr(len(want)))
		if !bytes.Equal(got, want) {
			for i := range got {
				if got[i] == want[i] {
					continue
				}
				if count == 0 {
					first = addr + uintptr(i)
				}
				count++
			}
		}
		addr, n = addr+uintptr(len(want)), n-uintptr(len(want))
	}
	return first, count
}
