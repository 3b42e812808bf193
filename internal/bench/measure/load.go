package main

import (
	"bytes"
	"cmp"
	"context"
	_ "embed"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// clients are the numbers of clients that ask at once.
var clients = []int{1, 16}

// loaded is what wrk saw.
type loaded struct {
	Requests     int
	Bytes        int64
	Microseconds int64
	P50, P95     float64 // microseconds from the question to the end of the answer
	P99          float64
	Errors       struct{ Connect, Read, Write, Status, Timeout int }
}

func (l loaded) perSecond() float64 {
	if l.Microseconds == 0 {
		return 0
	}
	return float64(l.Requests) / float64(l.Microseconds) * 1e6
}

//go:embed wrk.lua
var wrkScript []byte

// load has wrk ask for paths, one after the other, again and again. Any answer that isn't whole and a success is an error, and so are fewer
// bytes than the smallest answer has.
func load(ctx context.Context, scratch, address string, paths []string, connections int, how time.Duration, smallest int) (l loaded, err error) {
	script, list := filepath.Join(scratch, "wrk.lua"), filepath.Join(scratch, "paths")
	if err := os.WriteFile(script, wrkScript, 0o644); err != nil {
		return l, err
	}
	if err := os.WriteFile(list, []byte(strings.Join(paths, "\n")+"\n"), 0o644); err != nil {
		return l, err
	}
	threads, begin := "2", "0.25"
	if connections == 1 {
		threads, begin = "1", "0"
	}
	cmd := exec.CommandContext(ctx, "wrk", "-t"+threads, "-c"+strconv.Itoa(connections), "-d"+strconv.Itoa(int(how.Seconds()))+"s", "--timeout", "60s",
		"-s", script, "http://"+address, "--", list, begin)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return l, fmt.Errorf("wrk: %w %s", err, &stderr)
	}
	if l, err = readWrk(out); err != nil {
		return l, err
	}
	if l.Bytes < int64(l.Requests)*int64(smallest) {
		return l, fmt.Errorf("%d answers came in %d bytes: some are shorter than the smallest", l.Requests, l.Bytes)
	}
	return l, nil
}

// readWrk reads what the script's end writes.
func readWrk(out []byte) (l loaded, err error) {
	i := bytes.LastIndexByte(bytes.TrimSpace(out), '\n')
	if err := json.Unmarshal(out[i+1:], &l); err != nil {
		return l, fmt.Errorf("wrk says %q: %w", out, err)
	}
	if e := l.Errors; e.Connect+e.Read+e.Write+e.Status+e.Timeout > 0 {
		return l, fmt.Errorf("wrk met errors: %d connecting, %d reading, %d writing, %d wrong answers, %d that took too long", e.Connect, e.Read, e.Write, e.Status, e.Timeout)
	}
	return l, nil
}

// compared is a load on the program and the same on nginx, right after it.
type compared struct {
	Clients     int
	Ours, Nginx loaded
}

// turns is how often the program and nginx are asked by turns: whoever else uses the machine takes more from one of them in one turn, and from the other
// in the next.
const turns = 3

// inTheMiddle is the turn whose ratio is neither the best nor the worst.
func inTheMiddle(all [turns]compared) compared {
	slices.SortFunc(all[:], func(a, b compared) int { return cmp.Compare(a.ratio(), b.ratio()) })
	return all[turns/2]
}

func (c compared) ratio() float64 {
	if c.Nginx.perSecond() == 0 {
		return 0
	}
	return c.Ours.perSecond() / c.Nginx.perSecond()
}

// measured is what is known of a measure in the end.
type measured struct {
	Name      string
	Goal      goal
	Growth    bool
	Questions int // different ones
	Features  int // of the answer in the middle
	Bytes     int // likewise, uncompressed
	Loads     []compared
	Peak      int64
	Fault     string // why it has no figures; empty when it has
}

// loads asks every question once, compares the answers with what they must hold, and then asks them under load.
func (t *trial) loads(ctx context.Context, out *sizeOutcome) error {
	measures, err := t.chooser.measures(max(20, 200*t.seconds))
	if err != nil {
		return err
	}
	return t.serving(ctx, out, "", func(s *server) error {
		// What the program puts together for itself after its start would take a part of the processor from what is measured first.
		if _, _, err := s.get(ctx, "/fr/map"); err != nil {
			return err
		}
		for _, m := range measures {
			if !t.wants(m.name) {
				continue
			}
			one := measured{Name: m.name, Goal: m.goal, Growth: m.growth}
			if err := t.load(ctx, s, m, &one); ctx.Err() != nil {
				return ctx.Err()
			} else if err != nil {
				one.Fault = err.Error()
			}
			say("%d sites: %s", out.Sites, one)
			out.Measures = append(out.Measures, one)
		}
		return nil
	})
}

// patience bounds how long the questions of a measure are asked one by one, and a page again.
func (o options) patience() time.Duration {
	return max(10*time.Second, 10*time.Duration(o.seconds)*time.Second)
}

func (t *trial) load(ctx context.Context, s *server, m measure, one *measured) error {
	s.resetPeak()
	asked, err := ask(ctx, s.client, m, t.patience())
	one.Questions, one.Features, one.Bytes = asked.asked, middle(asked.features), middle(asked.sizes)
	if err != nil || t.seconds == 0 {
		one.Peak = s.peak()
		return err
	}
	ours := make([]string, asked.asked)
	for i := range ours {
		ours[i] = m.questions[i].path
	}
	theirs, err := t.static.sized(asked.sizes)
	if err != nil {
		return err
	}
	least := asked.sizes[0]
	for _, size := range asked.sizes {
		least = min(least, size)
	}
	how := time.Duration(t.seconds) * time.Second
	for _, connections := range clients {
		var all [turns]compared
		for i := range all {
			c := compared{Clients: connections}
			if c.Ours, err = load(ctx, t.scratch, t.address(), ours, connections, how, least); err != nil {
				return err
			}
			if c.Nginx, err = load(ctx, t.scratch, t.static.address, theirs, connections, how, least); err != nil {
				return fmt.Errorf("nginx: %w", err)
			}
			all[i] = c
		}
		one.Loads = append(one.Loads, inTheMiddle(all))
	}
	one.Peak = s.peak()
	return nil
}

// String says in a line how it went, for whoever waits.
func (m measured) String() string {
	text := fmt.Sprintf("%s (%d questions, %d sites, %d bytes)", m.Name, m.Questions, m.Features, m.Bytes)
	for _, c := range m.Loads {
		text += fmt.Sprintf("; %d: %.0f/s, %.3f of nginx, p99 %.2f ms", c.Clients, c.Ours.perSecond(), c.ratio(), c.Ours.P99/1000)
	}
	if m.Fault != "" {
		text += "; FAULT: " + m.Fault
	}
	return text
}
