// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"flag"
	"fmt"
	"math"
	"time"

	"github.com/ashlar-go/ashlar/benchmarks/cacheserver/cores"
	"github.com/ashlar-go/ashlar/benchmarks/cacheserver/load"
)

// options are the program's flags.
type options struct {
	serve   string // name of a store; if set, the program is the server
	child   bool   // the server ends with its standard input
	listen  string
	shards  int
	bytes   int64 // that the store holds at most
	gogc    int   // of the form on the Go heap; 0 leaves it as it is
	repeats int

	load  load.Load
	mix   load.Mix
	flood time.Duration
	depth int // operations of a connection without an answer, in the flood

	apart   bool       // server and client have processors of their own
	servers *cores.Set // the servers' processors, if apart

	jsonFile string
	markdown bool
}

// parse reads the program's arguments.
func parse(arguments []string) (*options, error) {
	o := new(options)
	flags := flag.NewFlagSet("cacheserver", flag.ContinueOnError)
	flags.StringVar(&o.serve, "serve", "", "be the server, with this `store`: ashlar or goheap")
	flags.BoolVar(&o.child, "child", false, "end with the standard input; what the program calls itself with")
	flags.StringVar(&o.listen, "listen", "127.0.0.1:0", "`address` of the server")
	flags.IntVar(&o.shards, "shards", 256, "`number` of parts of the store on the Go heap, a power of two")
	mib := flags.Int64("mib", 2048, "`MiB` that the store holds at most")
	flags.IntVar(&o.gogc, "gogc", 0, "GOGC of the Go heap's form, in `percent`; 0 leaves it as it is")
	flags.IntVar(&o.repeats, "repeats", 1, "`number` of runs of each form")
	flags.IntVar(&o.load.Connections, "connections", 16, "`number` of connections")
	flags.Float64Var(&o.load.Rate, "rate", 40_000, "`operations` a second")
	flags.DurationVar(&o.load.Warmup, "warmup", 10*time.Second, "`time` under load before it counts")
	flags.DurationVar(&o.load.Duration, "d", 60*time.Second, "`time` under load that counts")
	flags.DurationVar(&o.flood, "flood", 10*time.Second, "`time` of the flood")
	flags.IntVar(&o.depth, "depth", 32, "`operations` of a connection on their way in the flood")
	flags.Float64Var(&o.mix.Gets, "gets", 0.5, "`share` of gets, the rest are sets")
	flags.Float64Var(&o.mix.Zipf, "zipf", 1.01, "`exponent` of the keys' distribution, above 1")
	flags.DurationVar(&o.mix.TTL, "ttl", 10*time.Minute, "`time` to live of values, at most")
	flags.IntVar(&o.mix.Min, "min", 64, "`bytes` of the shortest value")
	flags.IntVar(&o.mix.Max, "max", 8<<10, "`bytes` of the longest value")
	flags.Float64Var(&o.mix.Shape, "shape", 1, "`shape` of the lengths' bounded Pareto distribution; 0: log-uniform")
	keyspace := flags.Float64("keyspace", 1.25, "keys, as a `multiple` of how many the store holds")
	flags.BoolVar(&o.apart, "apart", false, "give the server one half of the processors, and the client the other (Linux)")
	flags.StringVar(&o.jsonFile, "json", "", "write all figures to this `file`")
	flags.BoolVar(&o.markdown, "markdown", false, "print the table as Markdown")
	if err := flags.Parse(arguments); err != nil {
		return nil, err
	}
	o.bytes = *mib << 20
	o.load.Window = 1 << 16
	o.mix.Keys = o.keys(*keyspace)
	return o, o.check(flags.NArg(), *keyspace)
}

const keyBytes = 11 // about the length of a key in the middle of a large keyspace

// keys returns how many keys there are if all of them would need so many times the bound.
func (o *options) keys(multiple float64) uint64 {
	return uint64(max(1, multiple*float64(o.bytes)/(o.mix.Mean()+keyBytes)))
}

// check refuses values that leave nothing to measure.
func (o *options) check(rest int, keyspace float64) error {
	switch {
	case rest > 0:
		return errors.New("there are only flags, no arguments")
	case o.bytes < 1<<20 || o.bytes > 1<<40:
		return errors.New("-mib must be at least 1 and at most 1048576")
	case o.repeats < 1 || o.depth < 1 || o.load.Connections < 1:
		return errors.New("-repeats, -depth and -connections must be at least 1")
	case !(o.load.Rate > 0) || math.IsInf(o.load.Rate, 1):
		return errors.New("-rate must be positive")
	case o.load.Duration <= 0 || o.flood <= 0 || o.load.Warmup < 0:
		return errors.New("-d and -flood must be positive, -warmup not negative")
	case !(keyspace > 0) || keyspace > 1000:
		return errors.New("-keyspace must be positive and at most 1000")
	}
	if err := o.mix.Check(); err != nil {
		return fmt.Errorf("these flags do not go together: %w", err)
	}
	return nil
}

// divide divides the processors between the servers and this process, the client.
func (o *options) divide() error {
	servers, client, err := cores.Split()
	if err != nil {
		return err
	}
	o.servers = servers
	return cores.Confine(client)
}
