// SPDX-License-Identifier: Apache-2.0

package proflabel

import (
	"encoding/binary"
	"iter"
)

// MaxBytes is the largest length of encoded labels. Labels that do not fit are left out.
const MaxBytes = 1 << 10

// Append adds a label to encoded ones, if it fits.
func Append(labels []byte, key, value string) []byte {
	if len(labels)+len(key)+len(value)+2*binary.MaxVarintLen32 > MaxBytes {
		return labels
	}
	for _, s := range [...]string{key, value} {
		labels = binary.AppendUvarint(labels, uint64(len(s)))
		labels = append(labels, s...)
	}
	return labels
}

// All returns the keys and values of labels that Append encoded.
func All(labels string) iter.Seq2[string, string] {
	return func(yield func(key, value string) bool) {
		next := func() (s string) {
			n, size := binary.Uvarint([]byte(labels[:min(len(labels), binary.MaxVarintLen32)]))
			s, labels = labels[size:size+int(n)], labels[size+int(n):]
			return s
		}
		for rest := labels; rest != ""; rest = labels {
			key := next()
			if !yield(key, next()) {
				return
			}
		}
	}
}
