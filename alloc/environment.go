// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"fmt"
	"io"
	"log/slog"
	"os"
	"strconv"
	"strings"
	"time"
)

// environmentVariable is the name of the environment variable that sets options of the default
// Allocator. GODEBUG does the same for the runtime.
const environmentVariable = "ASHLAR"

func init() {
	if text := os.Getenv(environmentVariable); text != "" {
		defaultAllocator.options = environmentOptions(text, os.Stderr)
		defaultAllocator.init() // as in NewAllocator: paths to the first block read no options
	}
}

// A setting describes one key of the environment variable.
type setting struct {
	key  string
	want string // describes the valid values, for error messages
	set  func(o *Options, value string) bool
}

// settings lists all keys in the order of the package documentation.
var settings = []setting{
	{"name", "", func(o *Options, v string) bool { o.Name = v; return v != "" && validName(v) }},
	{"limit", wantBytes, func(o *Options, v string) bool { return parseBytes(&o.Limit, v, "") }},
	{"decay", "a duration, for example 500ms, or never", setDecay},
	{"hugepages", "off, dense or all", setHugePages},
	{"profilerate", wantBytes + ", or off", func(o *Options, v string) bool {
		var n int64
		ok := parseBytes(&n, v, "off")
		o.ProfileRate = int(n)
		return ok && int64(o.ProfileRate) == n
	}},
	{"guardrate", "a number of blocks", func(o *Options, v string) bool { return parseNumber(&o.GuardRate, v) }},
	{"checked", wantNothing, func(o *Options, v string) bool { return parseSwitch(&o.Checked, v) }},
	{"quarantine", wantBytes + ", or none", func(o *Options, v string) bool { return parseBytes(&o.Quarantine, v, "none") }},
	{"leaks", wantStream, func(o *Options, v string) bool { o.Leaks = stream(v); return o.Leaks != nil }},
	{"log", wantStream, setLog},
	{"zeroonfree", wantNothing, func(o *Options, v string) bool { return parseSwitch(&o.Hardening.ZeroOnFree, v) }},
	{"randomorder", wantNothing, func(o *Options, v string) bool { return parseSwitch(&o.Hardening.RandomOrder, v) }},
	{"spanguards", wantNothing, func(o *Options, v string) bool { return parseSwitch(&o.Hardening.SpanGuards, v) }},
	{"large", "retain, unmap or keep", setPolicy},
	{"retain", wantBytes + ", or none", func(o *Options, v string) bool { return parseBytes(&o.Large.RetainBytes, v, "none") }},
	{"lazypurge", wantNothing, func(o *Options, v string) bool { return parseSwitch(&o.Large.LazyPurge, v) }},
	{"maxmappings", "a number of mappings", func(o *Options, v string) bool { return parseNumber(&o.Large.MaxMappings, v) }},
}

const (
	wantBytes   = "a number of bytes, for example 512KiB or 8GiB"
	wantNothing = "no value"
	wantStream  = "stderr or stdout"
)

// environmentOptions returns the options that text sets. For each mistake in text it writes a
// line to mistakes. Settings without a mistake take effect.
func environmentOptions(text string, mistakes io.Writer) Options {
	o, errs := parseEnvironment(text)
	for _, err := range errs {
		fmt.Fprintf(mistakes, "alloc: %s: %v\n", environmentVariable, err)
	}
	return o
}

// parseEnvironment returns the options that text sets, and an error for each mistake.
func parseEnvironment(text string) (o Options, errs []error) {
	for part := range strings.SplitSeq(text, ",") {
		if part = strings.TrimSpace(part); part == "" {
			continue
		}
		changed := o
		key, value, hasValue := strings.Cut(part, "=")
		if err := changed.set(key, value, hasValue); err != nil {
			errs = append(errs, err)
			continue
		}
		o = changed
	}
	return o, errs
}

// set sets the option that key names. It returns an error if the key is unknown, the value is
// not valid, or the platform cannot serve the option.
func (o *Options) set(key, value string, hasValue bool) error {
	var known []string
	for _, s := range settings {
		known = append(known, s.key)
		if s.key != key {
			continue
		}
		if (!hasValue && s.want != wantNothing) || (hasValue && s.want == wantNothing) || !s.set(o, value) {
			return fmt.Errorf("%s is %q, want %s", key, value, s.wanted())
		}
		if _, err := o.lacking(); err != nil {
			return fmt.Errorf("%s: %w", key, err)
		}
		return nil
	}
	return fmt.Errorf("unknown key %q, want one of %s", key, strings.Join(known, ", "))
}

func (s *setting) wanted() string {
	if s.want == "" {
		return fmt.Sprintf("1 to %d bytes of UTF-8 without control characters", nameBytes)
	}
	return s.want
}

func setDecay(o *Options, v string) bool {
	if v == "never" {
		o.Decay = -1
		return true
	}
	d, err := time.ParseDuration(v)
	o.Decay = d
	return err == nil && d >= 0
}

func setPolicy(o *Options, v string) bool {
	o.Large.Policy = RetainLarge
	for ; o.Large.Policy <= KeepLarge; o.Large.Policy++ {
		if o.Large.Policy.String() == v {
			return true
		}
	}
	return false
}

func setHugePages(o *Options, v string) bool {
	for o.HugePages = HugePagesOff; o.HugePages <= HugePagesAll; o.HugePages++ {
		if o.HugePages.String() == v {
			return true
		}
	}
	return false
}

func setLog(o *Options, v string) bool {
	w := stream(v)
	if w != nil {
		o.Logger = slog.New(slog.NewTextHandler(w, nil))
	}
	return w != nil
}

// stream returns the standard stream with the given name. It returns nil for other names.
func stream(name string) io.Writer {
	switch name {
	case "stderr":
		return os.Stderr
	case "stdout":
		return os.Stdout
	}
	return nil
}

func parseSwitch(b *bool, v string) bool {
	*b = true
	return v == ""
}

func parseNumber[T int | int64](n *T, v string) bool {
	i, err := strconv.ParseInt(v, 10, 64)
	*n = T(i)
	return err == nil && i >= 0 && int64(*n) == i
}

// byteUnits lists the units that GOMEMLIMIT accepts.
var byteUnits = []struct {
	name  string
	shift int
}{{"KiB", 10}, {"MiB", 20}, {"GiB", 30}, {"TiB", 40}, {"B", 0}, {"", 0}}

// parseBytes sets n to a number of bytes, or to −1 if the value is the word none.
func parseBytes(n *int64, v, none string) bool {
	if none != "" && v == none {
		*n = -1
		return true
	}
	for _, u := range byteUnits {
		digits, found := strings.CutSuffix(v, u.name)
		if !found {
			continue
		}
		i, err := strconv.ParseInt(digits, 10, 64)
		*n = i << u.shift
		return err == nil && i >= 0 && *n>>u.shift == i
	}
	return false
}
