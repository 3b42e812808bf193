// Command measure is the benchmark: it serves synthetic registries with bin/mithaq, asks what people and programs ask, and writes how fast and
// in how much memory the answers came, beside nginx serving static files of the same sizes in the same run.
//
// It trusts nothing that it measures. What an answer must hold is counted beforehand, in memory, from the sites that were dumped when the
// registry was generated; an answer that differs has no figures in the report, and ends the run with a failure. All questions are chosen
// by a seed, so two runs ask the same ones.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// options are the settings of a run.
type options struct {
	binary  string // the program that is measured
	folder  string // keeps the generated registries between runs
	report  string // the document whose tables are written anew
	sizes   []int  // in sites
	seconds int    // how long each load lasts; 0 checks the answers and puts no load on anything
	port    int    // of the program; nginx has the next one
	only    *regexp.Regexp
}

func main() {
	var o options
	var sizes, only string
	flag.StringVar(&o.binary, "binary", "bin/mithaq", "the program that is measured")
	flag.StringVar(&o.folder, "folder", "build/bench", "keeps the generated registries")
	flag.StringVar(&o.report, "report", "docs/benchmarks.md", "the document whose tables are written anew")
	flag.StringVar(&sizes, "sizes", "10000,100000,1000000", "numbers of sites")
	flag.IntVar(&o.seconds, "seconds", 5, "length of each load; 0 only checks the answers")
	flag.IntVar(&o.port, "port", 8790, "port of the program on 127.0.0.1; nginx has the next one")
	flag.StringVar(&only, "only", "", "measures only what this regular expression meets the name of")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := func() (err error) {
		if o.sizes, err = parseSizes(sizes); err != nil {
			return err
		}
		if o.only, err = regexp.Compile(only); err != nil {
			return fmt.Errorf("-only: %w", err)
		}
		return run(ctx, o)
	}()
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "measure:", err)
		os.Exit(1)
	}
}

func parseSizes(text string) (sizes []int, err error) {
	for part := range strings.SplitSeq(text, ",") {
		n, err := strconv.Atoi(strings.TrimSpace(part))
		if err != nil || n < 1 {
			return nil, fmt.Errorf("-sizes %s: takes numbers of sites, separated by commas", text)
		}
		sizes = append(sizes, n)
	}
	slices.Sort(sizes)
	return slices.Compact(sizes), nil
}

// run measures every size and writes the report after each, so that what was measured stays when a later one fails.
func run(ctx context.Context, o options) error {
	for _, path := range []*string{&o.binary, &o.folder, &o.report} {
		absolute, err := filepath.Abs(*path)
		if err != nil {
			return err
		}
		*path = absolute
	}
	if err := os.MkdirAll(o.folder, 0o755); err != nil {
		return err
	}
	out, err := outcome{Seconds: o.seconds, Machine: thisMachine(o.binary), Only: o.only.String()}.withEarlier(o.folder)
	if err != nil {
		return err
	}
	var wrong []error
	for i, sites := range o.sizes {
		one, err := measureSize(ctx, o, sites, i == len(o.sizes)-1)
		if err != nil {
			return errors.Join(append(wrong, fmt.Errorf("%d sites: %w", sites, err))...)
		}
		for _, fault := range one.faults() {
			wrong = append(wrong, fmt.Errorf("%d sites: %s", sites, fault))
		}
		out.add(one)
		if err := writeReport(o.report, out); err != nil {
			return err
		}
		raw, err := json.MarshalIndent(out, "", "\t")
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(o.folder, figuresFile), raw, 0o644); err != nil {
			return err
		}
	}
	say("the report is in %s", o.report)
	return errors.Join(wrong...)
}

// say tells whoever waits what is going on.
func say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, "%s  %s\n", time.Now().Format(time.TimeOnly), fmt.Sprintf(format, args...))
}

// wants reports whether something is to be measured.
func (o options) wants(name string) bool { return o.only == nil || o.only.MatchString(name) }

func (o options) address() string { return "127.0.0.1:" + strconv.Itoa(o.port) }

func (o options) nginxAddress() string { return "127.0.0.1:" + strconv.Itoa(o.port+1) }

// measureSize measures one registry. last is the largest, on which browsers open the pages.
func measureSize(ctx context.Context, o options, sites int, last bool) (out sizeOutcome, err error) {
	out = sizeOutcome{Sites: sites}
	data, err := prepare(ctx, o, sites)
	if err != nil {
		return out, err
	}
	out.Generated, out.DatabaseBytes = data.stamp.Generated, data.stamp.DatabaseBytes
	say("%d sites: reading what was dumped", sites)
	known, err := readDump(data.dump)
	if err != nil {
		return out, err
	}
	if len(known.sites) != sites {
		return out, fmt.Errorf("%d sites were dumped", len(known.sites))
	}
	scratch, err := os.MkdirTemp(o.folder, "run-")
	if err != nil {
		return out, err
	}
	defer os.RemoveAll(scratch)
	database := filepath.Join(scratch, "registry.db") // a copy: serving may migrate it
	if err := copyFile(data.database, database); err != nil {
		return out, err
	}
	static, err := startNginx(ctx, o, filepath.Join(scratch, "nginx"))
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, static.stop()) }()

	t := &trial{options: o, database: database, scratch: scratch, static: static, known: known, chooser: newChooser(known)}
	parts := []func(context.Context, *sizeOutcome) error{t.pages, t.firstTiles, t.loads, t.wholeFiles, t.hangUps, t.snapshot, t.commands}
	if last {
		parts = append(parts, t.browser)
	}
	for _, part := range parts {
		if err := part(ctx, &out); ctx.Err() != nil {
			return out, ctx.Err()
		} else if err != nil {
			say("%d sites: %v", sites, err)
			out.Broken = append(out.Broken, err.Error()) // the other parts are measured all the same
		}
	}
	if out.empty() {
		return out, fmt.Errorf("nothing that is measured is called %s", o.only)
	}
	return out, nil
}

// trial is what the parts of a size's measuring share.
type trial struct {
	options
	database, scratch string
	static            *nginx
	known             *dump
	chooser           *chooser
}

// serving runs f while the program serves the registry, freshly started, and notes the most memory that it had.
func (t *trial) serving(ctx context.Context, out *sizeOutcome, downloads string, f func(*server) error) (err error) {
	s, err := startServer(ctx, t.binary, t.address(), t.database, downloads)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	if err := f(s); err != nil {
		return err
	}
	out.Peak = max(out.Peak, s.highest())
	out.Started = s.started.Seconds()
	return nil
}
