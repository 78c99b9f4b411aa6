// SPDX-License-Identifier: Apache-2.0

//go:build !ashlar_heap

package arena

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/ashlar-go/ashlar/internal/vm"
)

// fullDisk is the environment variable with the directory where the child process mounts a
// small file system.
const fullDisk = "ASHLAR_FULL_DISK"

// TestFileDiskFull fills a file system with a plain file and with an arena. Committed data
// stay. Later data stay in memory, and are committed after there is room again.
func TestFileDiskFull(t *testing.T) {
	vm.Require(t, vm.Preallocation)
	cmd := exec.Command(os.Args[0], "-test.run", "^TestFileDiskFullChild$", "-test.v")
	cmd.Env = append(os.Environ(), fullDisk+"="+t.TempDir())
	cmd.SysProcAttr = &syscall.SysProcAttr{ // root of its own namespaces may mount
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{HostID: os.Getgid(), Size: 1}},
	}
	out, err := cmd.CombinedOutput()
	switch {
	case len(out) == 0 && err != nil:
		t.Skipf("no namespaces: %v", err)
	case err != nil:
		t.Errorf("%v: %s", err, out)
	case strings.Contains(string(out), "SKIP"):
		t.Skipf("%s", out)
	}
}

func TestFileDiskFullChild(t *testing.T) {
	dir := os.Getenv(fullDisk)
	if dir == "" {
		t.Skip("run by TestFileDiskFull")
	}
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=4m"); err != nil {
		t.Skipf("mount: %v", err)
	}
	ballast, path := filepath.Join(dir, "ballast"), filepath.Join(dir, "arena")
	if err := os.WriteFile(ballast, make([]byte, 2<<20), 0o600); err != nil {
		t.Fatal(err)
	}
	f := openFile(t, path, FileOptions{Capacity: 64 << 20})
	kept, why := fillDisk(f)
	if !errors.Is(why, ErrNoSpace) || !strings.Contains(why.Error(), path) {
		t.Fatalf("after %d commits: %v, want ErrNoSpace with the path", kept, why)
	}
	copied := filepath.Join(t.TempDir(), "copy") // the state that a reader would find now
	contents, err := os.ReadFile(path)
	if err == nil {
		err = os.WriteFile(copied, contents, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	if n, err := countPieces(copied); n != kept || err != nil {
		t.Errorf("the file holds %d commits, %v; %d were made", n, err, kept)
	}
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if err := f.Sync(); err != nil {
		t.Fatalf("with room again: %v", err)
	}
	if more, _ := fillDisk(f); more == 0 {
		t.Error("nothing could be added after room was made")
	}
}

type pieces struct {
	Count  int64
	Newest Ref[piece]
}

type piece struct {
	Next  Ref[piece]
	Bytes [32 << 10]byte
}

// fillDisk adds pieces and commits each until that fails. The program can write to all
// allocated memory without Catch.
func fillDisk(f *File) (committed int64, err error) {
	for range 1000 {
		if err := addPiece(f); err != nil {
			return committed, err
		}
		if err := f.Sync(); err != nil {
			return committed, err
		}
		committed++
	}
	return committed, errors.New("the disk is never full")
}

func addPiece(f *File) error {
	root, err := Root[pieces](f)
	if err != nil {
		return err
	}
	r, err := NewRef[piece](f)
	if err != nil {
		return err
	}
	p, number := r.Get(f), byte(root.Count+1)
	for i := range p.Bytes {
		p.Bytes[i] = number
	}
	p.Next, root.Newest = root.Newest, r
	root.Count++
	return nil
}

// countPieces opens a file of pieces and checks all of them.
func countPieces(path string) (int64, error) {
	f, err := Open(path, FileOptions{ReadOnly: true, Verify: true})
	if err != nil {
		return 0, err
	}
	root, err := Root[pieces](f)
	if err != nil {
		return 0, errors.Join(err, f.Close())
	}
	count := root.Count
	n := count
	for r := root.Newest; !r.IsNil(); n-- {
		p := r.Get(f)
		if want := bytes.Repeat([]byte{byte(n)}, len(p.Bytes)); !bytes.Equal(p.Bytes[:], want) {
			return count, fmt.Errorf("piece %d has other bytes", n)
		}
		r = p.Next
	}
	if n != 0 {
		return count, fmt.Errorf("%d pieces are missing", n)
	}
	return count, f.Close()
}
