// SPDX-License-Identifier: Apache-2.0

package alloc

import (
	"errors"
	"fmt"
	"math"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/ashlar-go/ashlar/internal/sizeclass"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// TestEnvironment: each key sets its option.
func TestEnvironment(t *testing.T) {
	for text, want := range map[string]func(o *Options) bool{
		"":                   func(o *Options) bool { return o.Limit == 0 && !o.Checked && o.Leaks == nil && o.Logger == nil },
		" , ,":               func(o *Options) bool { return o.Limit == 0 },
		"name=my cache":      func(o *Options) bool { return o.Name == "my cache" },
		"limit=8GiB":         func(o *Options) bool { return o.Limit == 8<<30 },
		"limit=0":            func(o *Options) bool { return o.Limit == 0 },
		"limit=123":          func(o *Options) bool { return o.Limit == 123 },
		"limit=7B":           func(o *Options) bool { return o.Limit == 7 },
		"limit=5TiB":         func(o *Options) bool { return o.Limit == 5<<40 },
		"decay=250ms":        func(o *Options) bool { return o.Decay == 250*time.Millisecond },
		"decay=never":        func(o *Options) bool { return o.Decay < 0 },
		"hugepages=dense":    func(o *Options) bool { return o.HugePages == HugePagesDense },
		"hugepages=all":      func(o *Options) bool { return o.HugePages == HugePagesAll },
		"hugepages=off":      func(o *Options) bool { return o.HugePages == HugePagesOff },
		"profilerate=64KiB":  func(o *Options) bool { return o.ProfileRate == 64<<10 },
		"profilerate=off":    func(o *Options) bool { return o.ProfileRate == -1 },
		"guardrate=5000":     func(o *Options) bool { return o.GuardRate == 5000 },
		"checked":            func(o *Options) bool { return o.Checked },
		"quarantine=1MiB":    func(o *Options) bool { return o.Quarantine == 1<<20 },
		"quarantine=none":    func(o *Options) bool { return o.Quarantine == -1 },
		"leaks=stderr":       func(o *Options) bool { return o.Leaks == os.Stderr },
		"leaks=stdout":       func(o *Options) bool { return o.Leaks == os.Stdout },
		"log=stderr":         func(o *Options) bool { return o.Logger != nil },
		"zeroonfree":         func(o *Options) bool { return o.Hardening.ZeroOnFree },
		"randomorder":        func(o *Options) bool { return o.Hardening.RandomOrder },
		"spanguards":         func(o *Options) bool { return o.Hardening.SpanGuards },
		"large=unmap":        func(o *Options) bool { return o.Large.Policy == UnmapLarge },
		"large=keep":         func(o *Options) bool { return o.Large.Policy == KeepLarge },
		"large=retain":       func(o *Options) bool { return o.Large.Policy == RetainLarge },
		"retain=1GiB":        func(o *Options) bool { return o.Large.RetainBytes == 1<<30 },
		"retain=none":        func(o *Options) bool { return o.Large.RetainBytes == -1 },
		"lazypurge":          func(o *Options) bool { return o.Large.LazyPurge },
		"maxmappings=100":    func(o *Options) bool { return o.Large.MaxMappings == 100 },
		"checked, limit=1,,": func(o *Options) bool { return o.Checked && o.Limit == 1 },
	} {
		o, errs := parseEnvironment(text)
		if len(errs) == 1 && errors.Is(errs[0], ErrUnsupported) { // TestEnvironmentOfPlatform
			continue
		}
		if len(errs) > 0 || !want(&o) {
			t.Errorf("%q gives %+v, %v", text, o, errs)
		}
		if err := o.check("test"); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}

// TestEnvironmentMistakes: a mistake is reported with its key and the allowed values. It
// changes nothing, and the other settings take effect.
func TestEnvironmentMistakes(t *testing.T) {
	for text, words := range map[string]string{
		"limits=8GiB":          `unknown key "limits", want one of name, limit, `,
		"=5":                   `unknown key "", want`,
		"Checked":              `unknown key "Checked"`,
		"limit":                `limit is "", want a number of bytes, for example 512KiB or 8GiB`,
		"limit=":               `limit is ""`,
		"limit=8GB":            `limit is "8GB", want a number of bytes`,
		"limit=-1":             `limit is "-1"`,
		"limit=1e9":            `limit is "1e9"`,
		"limit=none":           `limit is "none"`,
		"limit=9000000000GiB":  `limit is "9000000000GiB"`,
		"decay=5":              `decay is "5", want a duration, for example 500ms, or never`,
		"decay=-1s":            `decay is "-1s"`,
		"profilerate=none":     `profilerate is "none", want a number of bytes, for example 512KiB or 8GiB, or off`,
		"guardrate=1.5":        `guardrate is "1.5", want a number of blocks`,
		"guardrate=-1":         `guardrate is "-1"`,
		"checked=yes":          `checked is "yes", want no value`,
		"checked=":             `checked is "", want no value`,
		"leaks=/tmp/leaks":     `leaks is "/tmp/leaks", want stderr or stdout`,
		"log=file":             `log is "file", want stderr or stdout`,
		"hugepages=some":       `hugepages is "some", want off, dense or all`,
		"hugepages":            `hugepages is ""`,
		"large=forget":         `large is "forget", want retain, unmap or keep`,
		"maxmappings=many":     `maxmappings is "many", want a number of mappings`,
		"name=":                `name is "", want 1 to 100 bytes of UTF-8`,
		"name=\x01":            `name is "\x01", want`,
		"quarantine=lots":      `quarantine is "lots"`,
		"guardrate=" + tooLong: `guardrate is "` + tooLong + `"`,
	} {
		o, errs := parseEnvironment("zeroonfree," + text + ",randomorder")
		if len(errs) != 1 || !strings.Contains(errs[0].Error(), words) {
			t.Errorf("%q: %v, want %q", text, errs, words)
		}
		if want := (Options{Hardening: Hardening{ZeroOnFree: true, RandomOrder: true}}); fmt.Sprint(o) != fmt.Sprint(want) {
			t.Errorf("%q gives %+v", text, o)
		}
	}
	if _, errs := parseEnvironment("a,b,checked,c=5"); len(errs) != 3 {
		t.Errorf("three mistakes: %v", errs)
	}
}

// TestEnvironmentOfPlatform: an option that the platform lacks is reported as NewAllocator
// reports it, and changes nothing. The other settings take effect.
func TestEnvironmentOfPlatform(t *testing.T) {
	for text, c := range map[string]struct {
		set     func(o *Options)
		feature vm.Feature
	}{
		"spanguards":     {func(o *Options) { o.Hardening.SpanGuards = true }, vm.Guards},
		"guardrate=5000": {func(o *Options) { o.GuardRate = 5000 }, vm.Guards},
		"hugepages=all":  {func(o *Options) { o.HugePages = HugePagesAll }, vm.HugePages},
	} {
		var mistakes strings.Builder
		o := environmentOptions("zeroonfree,"+text+",randomorder", &mistakes)
		if a, err := NewAllocator(o); err != nil {
			t.Errorf("%q: the options from the environment: %v", text, err)
		} else {
			closeIt(t, a)
		}
		want := Options{Hardening: Hardening{ZeroOnFree: true, RandomOrder: true}}
		said := ""
		key, _, _ := strings.Cut(text, "=")
		switch {
		case vm.Able(c.feature) && key == "spanguards" && vm.PageSize() > sizeclass.PageSize:
			said = fmt.Sprintf("alloc: ASHLAR: spanguards: %v: guard pages of %d bytes: the kernel's pages have %d\n",
				ErrUnsupported, sizeclass.PageSize, vm.PageSize())
		case vm.Able(c.feature):
			c.set(&want)
		default:
			said = fmt.Sprintf("alloc: ASHLAR: %s: %v: not supported on %s\n", key, c.feature, vm.Platform())
		}
		if fmt.Sprint(o) != fmt.Sprint(want) {
			t.Errorf("%q: the options are %+v", text, o)
		}
		if mistakes.String() != said {
			t.Errorf("%q: reported %q, want %q", text, mistakes.String(), said)
		}
	}
}

const tooLong = "99999999999999999999"

// TestEnvironmentDocumented: the package documentation lists the keys.
func TestEnvironmentDocumented(t *testing.T) {
	doc, err := os.ReadFile("doc.go")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(doc), "# The environment\n")
	section, _, _ = strings.Cut(section, "\n// # ")
	var listed []string
	for _, m := range regexp.MustCompile(`(?m)^//	([a-z]+)\b`).FindAllStringSubmatch(section, -1) {
		listed = append(listed, m[1])
	}
	var keys []string
	for _, s := range settings {
		keys = append(keys, s.key)
	}
	if !found || fmt.Sprint(listed) != fmt.Sprint(keys) {
		t.Errorf("the documentation lists %v, the keys are %v", listed, keys)
	}
}

func init() { children["environment"] = printDefaults }

// printDefaults prints the options of the default Allocator.
func printDefaults() error {
	a := Default()
	p, err := a.Malloc(100)
	if err != nil {
		return err
	}
	fmt.Println(a.Profile().Rate(), a.Inspect().GuardRate(), a.space.Limit(), a.checker() != nil, a.options.Name)
	defer a.Free(p)
	return nil
}

// TestEnvironmentOfProcess: the default Allocator of a process has the options from the
// environment. A mistake is reported on standard error, once.
func TestEnvironmentOfProcess(t *testing.T) {
	needProcesses(t)
	unguarded := ""
	if !vm.Able(vm.Guards) {
		unguarded = "alloc: ASHLAR: guardrate: guard pages: not supported on " + vm.Platform() + "\n"
	}
	for _, c := range []struct{ text, out, errors string }{
		{"", fmt.Sprintf("%d 0 0 false \n", DefaultProfileRate), ""},
		{"checked,guardrate=5000,limit=8MiB,profilerate=off,name=x y", fmt.Sprintf("-1 %d 8388608 true x y\n", guardRate(5000)), unguarded},
		{"checked,limit=8", fmt.Sprintf("%d 0 8 true \n", DefaultProfileRate), ""},
		{"guardrat=5,limit=8MiB", fmt.Sprintf("%d 0 8388608 false \n", DefaultProfileRate),
			"alloc: ASHLAR: unknown key \"guardrat\", want one of "},
	} {
		cmd := exec.Command(os.Args[0], "-test.run=^$")
		cmd.Env = append(os.Environ(), childVar+"=environment", "ASHLAR="+c.text, "GORACE=atexit_sleep_ms=0")
		var errors strings.Builder
		cmd.Stderr = &errors
		out, err := cmd.Output()
		if c.text == "checked,limit=8" { // the limit does not allow it
			if err == nil || !strings.Contains(errors.String(), ErrLimit.Error()) {
				t.Errorf("%q: %v, %s", c.text, err, errors.String())
			}
			continue
		}
		if err != nil || string(out) != c.out || !strings.HasPrefix(errors.String(), c.errors) || strings.Count(errors.String(), "\n") != min(len(c.errors), 1) {
			t.Errorf("%q: %v\nprinted %q, want %q\nerrors  %q, want %q", c.text, err, out, c.out, errors.String(), c.errors)
		}
	}
}

func TestParseBytes(t *testing.T) {
	var n int64
	if !parseBytes(&n, fmt.Sprint(int64(math.MaxInt64)), "") || n != math.MaxInt64 {
		t.Errorf("the largest number is %d", n)
	}
	for _, bad := range []string{"8388608TiB", "9223372036854775808", "KiB", "B", "1 KiB", "1KB", ""} {
		if parseBytes(&n, bad, "") {
			t.Errorf("%q is %d", bad, n)
		}
	}
}
