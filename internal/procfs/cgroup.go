// SPDX-License-Identifier: Apache-2.0

package procfs

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strings"
)

// A Cgroup is the control group to which the process' memory is charged.
type Cgroup struct {
	Version int // 1 or 2
	root    fs.FS
	dir     string // directory of the group, relative to root
	top     string // directory of the mounted hierarchy: dir or an ancestor of it
}

// FindCgroup finds the process' control group in /proc/self/cgroup and
// /proc/self/mountinfo. If both versions are mounted, it chooses the one with the memory
// controller.
func FindCgroup(root fs.FS) (*Cgroup, error) {
	groups, err := fs.ReadFile(root, "proc/self/cgroup")
	if err != nil {
		return nil, err
	}
	mounts, err := fs.ReadFile(root, "proc/self/mountinfo")
	if err != nil {
		return nil, err
	}
	for _, version := range [...]int{1, 2} {
		group, found := ownGroup(groups, version)
		if !found {
			continue
		}
		if within, point, found := mount(mounts, version); found {
			c := &Cgroup{Version: version, root: root, top: point, dir: place(group, within, point)}
			if _, err := c.Current(); err == nil || c.limited() {
				return c, nil
			}
		}
	}
	return nil, fmt.Errorf("procfs: the process has no control group with a memory controller: %w", fs.ErrNotExist)
}

// ownGroup returns the path of the process' group in a hierarchy. The lines of the file
// are
//
//	4:memory:/a/b      version 1
//	0::/a/b            version 2
func ownGroup(groups []byte, version int) (group string, found bool) {
	for line := range strings.Lines(string(groups)) {
		number, rest, _ := strings.Cut(strings.TrimSpace(line), ":")
		controllers, group, _ := strings.Cut(rest, ":")
		if version == 2 && number == "0" && controllers == "" || version == 1 && hasItem(controllers, "memory") {
			return group, true
		}
	}
	return "", false
}

// mount returns the mount point of a hierarchy, and the group that is visible there. The
// lines of mountinfo are
//
//	36 25 0:31 /root/of/mount /mount/point rw,... tags - cgroup cgroup rw,memory
func mount(mounts []byte, version int) (within, point string, found bool) {
	for line := range strings.Lines(string(mounts)) {
		own, fileSystem, _ := strings.Cut(strings.TrimSpace(line), " - ")
		f, g := strings.Fields(own), strings.Fields(fileSystem)
		if len(f) < 5 || len(g) < 3 {
			continue
		}
		if version == 2 && g[0] == "cgroup2" || version == 1 && g[0] == "cgroup" && hasItem(g[2], "memory") {
			return f[3], strings.TrimPrefix(f[4], "/"), true
		}
	}
	return "", "", false
}

// place returns the directory of a group. In a container the group's path may lie outside
// the mounted part; then the mounted directory is the group itself.
func place(group, within, point string) string {
	below, inside := strings.CutPrefix(group, strings.TrimSuffix(within, "/"))
	if !inside || strings.Contains(below, "..") {
		return point
	}
	return path.Join(point, below)
}

// Current returns the memory charged to the group in bytes, page cache included.
func (c *Cgroup) Current() (int64, error) {
	if c.Version == 1 {
		return readNumber(c.root, path.Join(c.dir, "memory.usage_in_bytes"))
	}
	return readNumber(c.root, path.Join(c.dir, "memory.current"))
}

// unlimited is the value, rounded to pages, that version 1 contains if there is no limit.
const unlimited = 1 << 62

// Limit returns the smallest limit of the group and its visible ancestors in bytes, 0 if
// there is none. In version 2 both memory.max and memory.high count as limits; above
// memory.high the kernel slows the group down.
func (c *Cgroup) Limit() (limit int64, err error) {
	files := []string{"memory.max", "memory.high"}
	if c.Version == 1 {
		files = []string{"memory.limit_in_bytes"}
	}
	for dir := c.dir; ; dir = path.Dir(dir) {
		for _, name := range files {
			n, err := c.readLimit(path.Join(dir, name))
			if err != nil {
				return 0, err
			}
			if n > 0 && (limit == 0 || n < limit) {
				limit = n
			}
		}
		if dir == c.top || !strings.HasPrefix(dir, c.top) {
			return limit, nil
		}
	}
}

// readLimit reads one limit. It returns 0 if there is no limit or no such file. The
// topmost group of version 2 has no such file.
func (c *Cgroup) readLimit(name string) (int64, error) {
	text, err := fs.ReadFile(c.root, name)
	if errors.Is(err, fs.ErrNotExist) || err == nil && string(bytes.TrimSpace(text)) == "max" {
		return 0, nil
	}
	n, err := readNumber(c.root, name)
	if n >= unlimited {
		n = 0
	}
	return n, err
}

func (c *Cgroup) limited() bool {
	limit, err := c.Limit()
	return err == nil && limit > 0
}

func hasItem(list, item string) bool {
	for part := range strings.SplitSeq(list, ",") {
		if part == item {
			return true
		}
	}
	return false
}
