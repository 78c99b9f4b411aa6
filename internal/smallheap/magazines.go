// SPDX-License-Identifier: Apache-2.0

package smallheap

// magazines is a stack of magazines. The depot's lock guards it.
//
//	count  = magazines on the stack
//	blocks = Σ n over them
type magazines struct {
	top    uintptr
	count  int
	blocks int
}

func (l *magazines) push(m uintptr) {
	magazineAt(m).next = l.top
	l.top = m
	l.count++
	l.blocks += int(magazineAt(m).n)
}

func (l *magazines) pop() uintptr {
	m := l.top
	if m != 0 {
		l.top = magazineAt(m).next
		l.count--
		l.blocks -= int(magazineAt(m).n)
	}
	return m
}

// cut keeps the topmost keep magazines and returns the others.
func (l *magazines) cut(keep int) (rest magazines) {
	var top magazines
	for range keep {
		top.push(l.pop())
	}
	rest, *l = *l, magazines{}
	for range keep {
		l.push(top.pop())
	}
	return rest
}
