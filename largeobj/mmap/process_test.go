// SPDX-License-Identifier: Apache-2.0

package mmap

import (
	"errors"
	"fmt"
	"os"
	"testing"

	"github.com/ashlar-go/ashlar/internal/vm"
)

func init() {
	children["inherit"] = addByDescriptor
	children["resize"] = resizeForever
}

// A process shares a memfd, which has no name, with a process that it gives the descriptor
// to.
func TestInheritedByChild(t *testing.T) {
	vm.Require(t, vm.Reopening)
	balanced(t)
	r := share(t, "", 50_000, SharedOptions{})
	paint(r.Bytes())
	f, err := r.File()
	must(t, err)
	cmd := ChildCommand("inherit")
	Inherit(cmd, f)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	must(t, errors.Join(f.Close(), r.Refresh()))
	if r.Len() != 100_000 {
		t.Fatalf("%d bytes", r.Len())
	}
	painted(t, r.Bytes()[:50_000])
	painted(t, r.Bytes()[50_000:])
}

// addByDescriptor is the other process: it makes the object longer.
func addByDescriptor() error {
	r, err := MapInherited(Inherited(), SharedOptions{})
	if err != nil {
		return err
	}
	if err := r.Resize(2 * r.Len()); err != nil {
		return err
	}
	paint(r.Bytes()[r.Len()/2:])
	return r.Close()
}

// resizes are the lengths that an object gets in turn.
var resizes = [...]int{3000, 9000, 200_000}

// A process that is killed while it resizes an object leaves it with one of the lengths,
// and with the bytes that are in all of them. Other processes go on.
func TestKilledWhileResizing(t *testing.T) {
	balanced(t)
	name := sharedName(t)
	r := share(t, name, resizes[0], SharedOptions{})
	paint(r.Bytes())
	rounds := 40
	if testing.Short() {
		rounds = 5
	}
	for range rounds {
		cmd := ChildCommand("resize")
		cmd.Env = append(cmd.Env, "OBJECT="+name)
		out, err := cmd.StdoutPipe()
		must(t, errors.Join(err, cmd.Start()))
		_, err = out.Read(make([]byte, 1)) // the child has begun to resize
		must(t, errors.Join(err, cmd.Process.Kill()))
		if cmd.Wait() == nil {
			t.Fatal("the child ended by itself")
		}
		again := share(t, name, 0, SharedOptions{})
		if n := again.Len(); n != resizes[0] && n != resizes[1] && n != resizes[2] {
			t.Fatalf("%d bytes", n)
		}
		painted(t, again.Bytes()[:resizes[0]])
		must(t, again.Resize(resizes[0]))
		must(t, again.Resize(resizes[2]))
		allZero(t, again.Bytes()[resizes[0]:])
		must(t, again.Close())
	}
}

// resizeForever resizes an object again and again, and fills the bytes that it adds. So if
// added bytes are zero later, a region has cleared them.
func resizeForever() error {
	r, err := MapShared(os.Getenv("OBJECT"), 0, SharedOptions{})
	if err != nil {
		return err
	}
	for i := 0; ; i++ {
		if err := r.Resize(resizes[i%len(resizes)]); err != nil {
			return err
		}
		added := r.Bytes()[resizes[0]:]
		for j := range added {
			added[j] = 0xa5
		}
		if i == 10 {
			fmt.Print("x")
		}
	}
}
