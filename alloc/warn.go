// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"github.com/ashlar-go/ashlar/internal/procfs"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// A warning is a kind of event that Options.Logger reports once in an allocator's life.
type warning uint8

const (
	warnMappings warning = iota
	warnLimit
	warnMemory
	warnLocked
	warnKept
	warnHuge
	warnUnguard
	warnings
)

// What the kernel says; tests pretend.
var (
	maxMappings = vm.MaxMappings
	noHugePages = sync.OnceValue(func() bool { return procfs.NoHugePages(procfs.System()) })
)

// warn sends a warning to the logger, if there is one and it has not reported this kind yet.
// The caller holds no lock and is not pinned: a handler may do anything, even allocate.
func (a *Allocator) warn(w warning, message, advice string, attributes ...slog.Attr) {
	logger := a.options.Logger
	if logger == nil || a.warned[w].Load() || a.warned[w].Swap(true) {
		return
	}
	if name := a.options.Name; name != "" {
		attributes = append(attributes, slog.String("allocator", name))
	}
	attributes = append(attributes, slog.String("advice", advice))
	logger.LogAttrs(context.Background(), slog.LevelWarn, "ashlar: "+message, attributes...)
}

// warnRefused warns of an allocation of size bytes that failed for lack of memory.
func (a *Allocator) warnRefused(size int, err error) {
	if err == nil || a.options.Logger == nil {
		return
	}
	request := slog.Int("size", size)
	switch {
	case errors.Is(err, ErrLimit):
		a.warn(warnLimit, "the memory limit is reached",
			"allocations fail with ErrLimit: free memory, the heap profile shows what allocated it, or raise the limit with SetLimit",
			request, slog.Int64("limit", a.space.Limit()), slog.Int64("footprint", a.space.Footprint.Now()))
	case errors.Is(err, vm.ErrLockLimit):
		a.warn(warnLocked, "the limit of locked memory is reached",
			"the process locks its memory (mlockall): raise the limit with ulimit -l, LimitMEMLOCK= in a systemd unit, or CAP_IPC_LOCK",
			request, slog.Any("err", err))
	case errors.Is(err, ErrOutOfMemory):
		a.warn(warnMemory, "the kernel refused memory",
			"look at the limits of the process (ulimit -v, the control group), at vm.overcommit_memory, and at vm.max_map_count",
			request, slog.Int64("mappings", vm.Mappings()), slog.Int64("max_map_count", vm.MaxMappings()), slog.Any("err", err))
	}
}

// warnMany warns when half of the mappings that the kernel allows are in use. From then on
// large objects no longer get mappings of their own. The kernel still allows more mappings.
func (a *Allocator) warnMany() {
	if a.options.Logger == nil {
		return
	}
	now, limit := vm.Mappings(), maxMappings()
	if now < limit/2 {
		return
	}
	a.warn(warnMappings, "half of the mappings that the kernel allows are in use",
		"raise the number before mmap and munmap fail: sysctl -w vm.max_map_count=262144, and in /etc/sysctl.d to keep it",
		slog.Int64("mappings", now), slog.Int64("max_map_count", limit))
}

// warnUnreturned warns of memory that the kernel does not take back.
func (a *Allocator) warnUnreturned(err error) {
	if err == nil {
		return
	}
	a.warn(warnKept, "the kernel does not take memory back",
		"it is kept and tried again; if the cause is the number of mappings: sysctl -w vm.max_map_count=262144",
		slog.Int64("mappings", vm.Mappings()), slog.Int64("max_map_count", vm.MaxMappings()), slog.Any("err", err))
}

// warnSmallPages warns that huge pages are not used: the kernel returned an error, or it
// accepts the advice and ignores it.
func (a *Allocator) warnSmallPages(err error) {
	if a.options.Logger == nil || err == nil && !noHugePages() {
		return
	}
	a.warn(warnHuge, "the kernel refuses huge pages",
		"small ones are used; to allow them: echo madvise > /sys/kernel/mm/transparent_hugepage/enabled",
		slog.Any("err", err))
}

// warnUnguarded warns that freed memory of a checked arena stays accessible.
func (a *Allocator) warnUnguarded(err error) {
	a.warn(warnUnguard, "the kernel refuses to make freed memory inaccessible",
		"a use after Free or Reset of a checked arena does not fault, it finds junk; if the cause is the number of mappings: "+
			"sysctl -w vm.max_map_count=262144",
		slog.Int64("mappings", vm.Mappings()), slog.Int64("max_map_count", vm.MaxMappings()), slog.Any("err", err))
}
