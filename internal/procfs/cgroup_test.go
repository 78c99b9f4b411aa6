// SPDX-License-Identifier: Apache-2.0

package procfs

import (
	"errors"
	"io/fs"
	"testing"
	"testing/fstest"
)

// tree returns a file system with the given files.
func tree(files map[string]string) fs.FS {
	m := fstest.MapFS{}
	for name, text := range files {
		m[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return m
}

const (
	mountsV2     = "25 1 0:22 / /proc rw,nosuid - proc proc rw\n30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
	mountsV1     = "36 32 0:31 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n37 32 0:32 / /sys/fs/cgroup/memory rw shared:9 - cgroup cgroup rw,memory\n"
	mountsDocker = "37 32 0:32 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n"
	mountsHybrid = mountsV1 + "40 32 0:35 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
)

func TestCgroup(t *testing.T) {
	for name, c := range map[string]struct {
		files          map[string]string
		version        int
		limit, current int64
		missing        bool
	}{
		"version 2, in a container": {files: map[string]string{
			"proc/self/cgroup": "0::/\n", "proc/self/mountinfo": mountsV2,
			"sys/fs/cgroup/memory.max": "536870912\n", "sys/fs/cgroup/memory.high": "max\n", "sys/fs/cgroup/memory.current": "1048576\n",
		}, version: 2, limit: 512 << 20, current: 1 << 20},
		"version 2, the parent's limit is the lower one": {files: map[string]string{
			"proc/self/cgroup": "0::/a.slice/b.service\n", "proc/self/mountinfo": mountsV2,
			"sys/fs/cgroup/a.slice/memory.max":               "1000000\n",
			"sys/fs/cgroup/a.slice/memory.high":              "max\n",
			"sys/fs/cgroup/a.slice/b.service/memory.max":     "2000000\n",
			"sys/fs/cgroup/a.slice/b.service/memory.high":    "max\n",
			"sys/fs/cgroup/a.slice/b.service/memory.current": "4096\n",
		}, version: 2, limit: 1000000, current: 4096},
		"version 2, memory.high below memory.max": {files: map[string]string{
			"proc/self/cgroup": "0::/a\n", "proc/self/mountinfo": mountsV2,
			"sys/fs/cgroup/a/memory.max": "2000000\n", "sys/fs/cgroup/a/memory.high": "1500000\n", "sys/fs/cgroup/a/memory.current": "4096\n",
		}, version: 2, limit: 1500000, current: 4096},
		"version 2, no limit": {files: map[string]string{
			"proc/self/cgroup": "0::/a\n", "proc/self/mountinfo": mountsV2,
			"sys/fs/cgroup/a/memory.max": "max\n", "sys/fs/cgroup/a/memory.high": "max\n", "sys/fs/cgroup/a/memory.current": "4096\n",
		}, version: 2, current: 4096},
		"version 1": {files: map[string]string{
			"proc/self/cgroup": "5:cpu:/x\n4:memory:/m/n\n", "proc/self/mountinfo": mountsV1,
			"sys/fs/cgroup/memory/memory.limit_in_bytes":     "9223372036854771712\n",
			"sys/fs/cgroup/memory/m/memory.limit_in_bytes":   "700000000\n",
			"sys/fs/cgroup/memory/m/n/memory.limit_in_bytes": "9223372036854771712\n",
			"sys/fs/cgroup/memory/m/n/memory.usage_in_bytes": "12345678\n",
		}, version: 1, limit: 700000000, current: 12345678},
		"version 1, the group itself is mounted": {files: map[string]string{
			"proc/self/cgroup": "4:cpuacct,memory:/docker/abc\n", "proc/self/mountinfo": mountsDocker,
			"sys/fs/cgroup/memory/memory.limit_in_bytes": "300000000\n",
			"sys/fs/cgroup/memory/memory.usage_in_bytes": "5\n",
		}, version: 1, limit: 300000000, current: 5},
		"both, version 1 has the controller": {files: map[string]string{
			"proc/self/cgroup": "4:memory:/m\n0::/\n", "proc/self/mountinfo": mountsHybrid,
			"sys/fs/cgroup/memory/memory.limit_in_bytes":   "9223372036854771712\n",
			"sys/fs/cgroup/memory/m/memory.limit_in_bytes": "9000000\n",
			"sys/fs/cgroup/memory/m/memory.usage_in_bytes": "6\n",
			"sys/fs/cgroup/unified/cgroup.procs":           "1\n",
		}, version: 1, limit: 9000000, current: 6},
		"a path outside the mounted part": {files: map[string]string{
			"proc/self/cgroup": "0::/../../other\n", "proc/self/mountinfo": mountsV2,
			"sys/fs/cgroup/memory.max": "77\n", "sys/fs/cgroup/memory.current": "7\n",
		}, version: 2, limit: 77, current: 7},
		"no memory controller": {files: map[string]string{
			"proc/self/cgroup": "0::/\n", "proc/self/mountinfo": mountsV2,
		}, missing: true},
		"not Linux": {files: map[string]string{}, missing: true},
	} {
		t.Run(name, func(t *testing.T) {
			g, err := FindCgroup(tree(c.files))
			if c.missing {
				if !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("FindCgroup = %+v, %v, want fs.ErrNotExist", g, err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			limit, err := g.Limit()
			if g.Version != c.version || limit != c.limit || err != nil {
				t.Errorf("version %d, limit %d, %v; want %d, %d", g.Version, limit, err, c.version, c.limit)
			}
			if current, err := g.Current(); current != c.current || err != nil {
				t.Errorf("current %d, %v; want %d", current, err, c.current)
			}
		})
	}
}

// TestNonsense: a file with invalid contents causes an error that names it, and does not
// count as no limit.
func TestNonsense(t *testing.T) {
	g, err := FindCgroup(tree(map[string]string{
		"proc/self/cgroup": "0::/\n", "proc/self/mountinfo": mountsV2,
		"sys/fs/cgroup/memory.max": "lots\n", "sys/fs/cgroup/memory.current": "1\n",
	}))
	if err != nil {
		t.Fatal(err)
	}
	if limit, err := g.Limit(); err == nil {
		t.Errorf("Limit = %d for a file without a number", limit)
	}
}

func TestPressure(t *testing.T) {
	machine := "some avg10=1.50 avg60=0.00 avg300=0.00 total=1\nfull avg10=0.25 avg60=0.00 avg300=0.00 total=0\n"
	group := "some avg10=60.00 avg60=0.00 avg300=0.00 total=1\nfull avg10=20.50 avg60=0.00 avg300=0.00 total=0\n"
	files := tree(map[string]string{
		"proc/self/cgroup": "0::/\n", "proc/self/mountinfo": mountsV2, "sys/fs/cgroup/memory.current": "7\n",
		"proc/pressure/memory": machine, "sys/fs/cgroup/memory.pressure": group,
	})
	g, err := FindCgroup(files)
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		files fs.FS
		group *Cgroup
		want  Pressure
		fails bool
	}{
		"of the group":   {files, g, Pressure{60, 20.5}, false},
		"of the machine": {files, nil, Pressure{1.5, 0.25}, false},
		"version 1":      {files, &Cgroup{Version: 1}, Pressure{1.5, 0.25}, false},
		"none":           {tree(nil), nil, Pressure{}, true},
		"nonsense":       {tree(map[string]string{"proc/pressure/memory": "some avg10=x\n"}), nil, Pressure{}, true},
	} {
		got, err := ReadPressure(c.files, c.group)
		if got != c.want || (err != nil) != c.fails {
			t.Errorf("%s: %+v, %v; want %+v", name, got, err, c.want)
		}
	}
}
