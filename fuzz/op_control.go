// SPDX-License-Identifier: Apache-2.0

package main

func (p *runner) trim(int) error {
	p.a.Trim()
	return p.reconcile()
}

// An ager makes memory older without waiting. The Inspector of an Allocator is one.
type ager interface{ Age() error }

// age lets as many ticks pass as one byte selects: up to 32, after which dense and sparse chunks have
// changed their pages. A tick may fail if the kernel refuses something.
func (p *runner) age(int) error {
	n := 1 + p.in.next()%32
	p.trace.note(n)
	for range n {
		if err := p.a.Inspect().(ager).Age(); err != nil && p.faults.fired.Load() == p.fired {
			return err
		}
	}
	return p.reconcile()
}

// limit sets a limit or, more often, removes it; one byte selects which.
func (p *runner) limit(int) error {
	x := p.in.next()
	p.trace.note(x)
	if x < 160 {
		p.setLimit(0)
		return nil
	}
	s, err := p.snapshot()
	if err != nil {
		return err
	}
	if x >= 248 {
		p.setLimit(s.Footprint.Now/2 + 1)
	} else {
		p.setLimit(s.Footprint.Now + int64(x-160)*(64<<10) + 1)
	}
	return nil
}

func (p *runner) stats(int) error { return p.reconcile() }

func (p *runner) check(int) error {
	if p.alone { // otherwise a limit might refuse the misuse of another runner
		if err := p.a.Inspect().Verify(); err != nil {
			return err
		}
	}
	return p.audit()
}

// fail makes kernel calls fail from now on; two bytes select which.
func (p *runner) fail(int) error {
	which, amount := p.in.next(), p.in.next()
	p.trace.note(which, amount)
	p.faults.arm(which, amount)
	return nil
}

func (p *runner) heal(int) error {
	disarm()
	return nil
}

// reopen closes a Local. Its next use opens it again.
func (p *runner) reopen(h int) error {
	if h > 0 {
		p.locals[h-1].Close()
	}
	return nil
}

// send sends a block to another runner, if its mailbox has room.
func (p *runner) send(h int) error {
	b := p.pick()
	if b == nil || b.slice != nil || len(p.friends) == 0 {
		return nil
	}
	if err := b.verify(); err != nil {
		return err
	}
	p.remove(b) // first: after sending, the block belongs to the other runner
	select {
	case p.friends[h%len(p.friends)].mail <- b:
		return nil
	default:
		return p.add(b, false)
	}
}

// receive takes the blocks that other runners have sent to this one, and frees every
// second one.
func (p *runner) receive(h int) error {
	for i := 0; ; i++ {
		select {
		case b := <-p.mail:
			if err := b.verify(); err != nil {
				return err
			}
			if err := p.add(b, false); err != nil {
				return err
			}
			if i%2 == 0 {
				if err := p.free(h, b); err != nil {
					return err
				}
			}
		default:
			return nil
		}
	}
}
