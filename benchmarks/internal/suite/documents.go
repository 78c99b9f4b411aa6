// SPDX-License-Identifier: Apache-2.0

package suite

import "fmt"

func init() { register(140, documents()) }

const (
	documentRequests = 2000 // of a goroutine
	documentDepth    = 4
	documentMembers  = 6
	documentText     = 64 // bytes of a text at most
)

// documents is what a service does that parses a document for each request, such as JSON: it builds a tree
// of nodes with keys and texts, walks the tree for an answer, and drops it.
func documents() *Workload {
	return &Workload{
		Name:       "documents",
		Goroutines: []int{1, 2},
		Largest:    documentText,
		InArenas:   true,
		OnlyInGo:   true,
		Operation:  "document",
		parameters: func(_ int, scale float64) string {
			return fmt.Sprintf("%d requests a goroutine; trees %d deep of up to %d members, keys of 4–16 B, texts of 1–%d B",
				scaled(documentRequests, scale), documentDepth, documentMembers, documentText)
		},
		prepare: func(t *Team) func() {
			return func() {
				t.each(func(w *worker) {
					for range t.rounds(documentRequests) {
						d := builder{w: w}
						root := d.object(documentDepth)
						if nodes, sum := root.walk(); nodes != d.nodes || sum != d.sum {
							w.team.corrupted(&Corruption{0, d.size, byte(d.sum), byte(sum)})
						}
						w.account(d.size)
						w.arena.Reset()
						w.account(-d.size)
						w.ops++
					}
				})
			}
		},
	}
}

// A builder makes one document, and keeps what a walk must find.
type builder struct {
	w     *worker
	nodes int
	size  int // bytes
	sum   int // of the first bytes of all texts and of the numbers
}

// nodeSize is the size of a node on a 64-bit system, in bytes.
const nodeSize = 72

// object makes an object with members. A member is a text or a number, or less often another object.
func (d *builder) object(depth int) *Node {
	random := &d.w.random
	object := d.node()
	for range 2 + random.below(documentMembers-1) {
		var member *Node
		switch kind := random.below(10); {
		case kind < 5 && depth > 1:
			member = d.object(depth - 1)
		case kind < 8:
			member = d.node()
			member.Text = d.text(1 + random.below(documentText))
			d.sum += int(member.Text[0])
		default:
			member = d.node()
			number := random.below(1000)
			member.Number = float64(number)
			d.sum += number
		}
		member.Key = d.text(4 + random.below(13))
		member.Next, object.First = object.First, member
	}
	return object
}

func (d *builder) node() *Node {
	d.nodes++
	d.size += nodeSize
	return d.w.arena.Node()
}

// text makes a text of one letter, so that a walk can tell whether the text is intact.
func (d *builder) text(n int) []byte {
	text := d.w.arena.Bytes(n)
	letter := byte('a' + d.w.random.below(26))
	for i := range text {
		text[i] = letter
	}
	d.size += n
	return text
}

// walk counts n and the nodes below it, and adds up their contents. A text that is not intact adds a number
// that no intact text adds.
func (n *Node) walk() (nodes, sum int) {
	nodes, sum = 1, int(n.Number)
	if len(n.Text) > 0 {
		sum += int(n.Text[0])
	}
	for _, text := range [][]byte{n.Key, n.Text} {
		if len(text) > 0 && !repeated(text, text[0]) {
			sum += 1 << 30
		}
	}
	for member := n.First; member != nil; member = member.Next {
		more, part := member.walk()
		nodes, sum = nodes+more, sum+part
	}
	return nodes, sum
}
