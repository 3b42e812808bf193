package main

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// outcome is what a run found out.
type outcome struct {
	Seconds int
	Only    string // what alone was measured; empty for everything
	Machine machine
	Sizes   []sizeOutcome
}

// sizeOutcome is what was found out of one registry.
type sizeOutcome struct {
	Sites         int
	DatabaseBytes int64
	Generated     commandRun
	Started       float64 // seconds until the program is ready, the last time
	Measures      []measured
	FirstTiles    []firstTimes
	Files         []wholeFile
	Streams       []stream
	Snapshot      *prepared
	HangUps       *hangingUp
	Commands      []commandRun
	Pages         []pageTimes
	Browser       string // a table
	BrowserFault  string
	Broken        []string // what ended a part of the measuring before its time
	Peak          int64    // bytes, of the server in everything
}

// faults are the measures that have no figures, and why.
func (s sizeOutcome) faults() (all []string) {
	add := func(what, fault string) {
		if fault != "" {
			all = append(all, what+": "+fault)
		}
	}
	for _, m := range s.Measures {
		add(m.Name, m.Fault)
	}
	for _, f := range s.FirstTiles {
		add(fmt.Sprintf("first tiles of %s at zoom %d", f.Tileset, f.Zoom), f.Fault)
	}
	for _, f := range s.Files {
		add("whole file, "+f.Format, f.Fault)
	}
	if s.Snapshot != nil {
		add("snapshot", s.Snapshot.Fault)
	}
	if s.HangUps != nil {
		add("hanging up", s.HangUps.Fault)
	}
	for _, c := range s.Commands {
		add(c.Name, c.Fault)
	}
	for _, p := range s.Pages {
		add(p.Path, p.Fault)
	}
	add("in a browser", s.BrowserFault)
	for _, fault := range s.Broken {
		add("broken off", fault)
	}
	return all
}

// empty says that nothing was measured at all.
func (s sizeOutcome) empty() bool {
	return len(s.Measures)+len(s.FirstTiles)+len(s.Files)+len(s.Commands)+len(s.Pages)+len(s.Broken) == 0 && s.Snapshot == nil && s.HangUps == nil && s.Browser+s.BrowserFault == ""
}

// measure finds a measure that has figures.
func (s sizeOutcome) measure(name string) (m measured, ok bool) {
	for _, m := range s.Measures {
		if m.Name == name && m.Fault == "" && len(m.Loads) > 0 {
			return m, true
		}
	}
	return m, false
}

func (s sizeOutcome) stream(what string, clients int) (found stream, ok bool) {
	for _, x := range s.Streams {
		if x.What == what && x.Clients == clients {
			return x, true
		}
	}
	return found, false
}

// Between these lines the report is written anew by each run; what people wrote around them stays.
const (
	figuresBegin = "<!-- figures: written by make bench -->"
	figuresEnd   = "<!-- end of figures -->"
)

// emptyReport is a document of figures alone.
const emptyReport = "# Benchmarks\n\nSee docs/benchmarks.md for how these figures are measured.\n\n" + figuresBegin + "\n" + figuresEnd + "\n"

// writeReport puts the tables into the document, which begins as emptyReport when there is none.
func writeReport(path string, o outcome) error {
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		raw, err = []byte(emptyReport), os.MkdirAll(filepath.Dir(path), 0o755)
	}
	if err != nil {
		return err
	}
	text, err := withFigures(string(raw), o.tables())
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return os.WriteFile(path, []byte(text), 0o644)
}

// withFigures is the document with other figures.
func withFigures(document, figures string) (string, error) {
	before, rest, ok := strings.Cut(document, figuresBegin)
	_, after, ends := strings.Cut(rest, figuresEnd)
	if !ok || !ends {
		return "", fmt.Errorf("it lacks the lines %q and %q, between which the figures go", figuresBegin, figuresEnd)
	}
	return before + figuresBegin + "\n\n" + strings.TrimSpace(figures) + "\n\n" + figuresEnd + after, nil
}

// tables are all figures.
func (o outcome) tables() string {
	var b strings.Builder
	b.WriteString("### The machine\n\n" + o.Machine.describe() + "\n")
	fmt.Fprintf(&b, "Each load lasted %d seconds. ", o.Seconds)
	if o.Only != "" {
		fmt.Fprintf(&b, "Only this was measured: `%s`. ", o.Only)
	}
	b.WriteString("Sizes are of answers before compression; MB are millions of bytes.\n\n")
	if n := len(o.Sizes); n > 0 {
		b.WriteString("### What was to be reached\n\n")
		fmt.Fprintf(&b, "At %s sites, with 16 clients where nothing else is said.\n\n", grouped(o.Sizes[n-1].Sites))
		writeTable(&b, []string{"measure", "to reach", "reached", ""}, o.goals())
		o.writeGrowth(&b)
	}
	for i := len(o.Sizes) - 1; i >= 0; i-- {
		o.Sizes[i].write(&b)
	}
	return b.String()
}

// writeTable writes rows under a head; nothing when there is no row.
func writeTable(b *strings.Builder, head []string, rows [][]string) {
	if len(rows) == 0 {
		return
	}
	b.WriteString("| " + strings.Join(head, " | ") + " |\n|" + strings.Repeat("---|", len(head)) + "\n")
	for _, row := range rows {
		for i, cell := range row {
			row[i] = strings.ReplaceAll(strings.ReplaceAll(cell, "\n", " "), "|", "\\|")
		}
		b.WriteString("| " + strings.Join(row, " | ") + " |\n")
	}
	b.WriteString("\n")
}

// What stands in the last column.
func verdict(reached bool) string {
	if reached {
		return "reached"
	}
	return "**not reached**"
}

func number(x float64, decimals int) string { return strconv.FormatFloat(x, 'f', decimals, 64) }

// rate is a number of answers a second, with as many digits as it is worth.
func rate(x float64) string {
	if x < 10 {
		return number(x, 1)
	}
	return grouped(int(x + 0.5))
}

func megabytes(n int64) string { return number(float64(n)/1e6, 0) }

// sixteen is the load with many clients.
func (m measured) sixteen() compared { return m.Loads[len(m.Loads)-1] }

// goals are the rows of what was to be reached, of the largest registry.
func (o outcome) goals() (rows [][]string) {
	s := o.Sizes[len(o.Sizes)-1]
	add := func(what, toReach, reached string, ok bool) {
		rows = append(rows, []string{what, toReach, reached, verdict(ok)})
	}
	for _, m := range s.Measures {
		m, ok := s.measure(m.Name)
		if !ok {
			continue
		}
		c := m.sixteen()
		if m.Goal.Ratio > 0 {
			add(m.Name, "≥ "+number(m.Goal.Ratio, 2)+" of nginx", number(c.ratio(), 3), c.ratio() >= m.Goal.Ratio)
		}
		if m.Goal.PerSecond > 0 {
			add(m.Name, "≥ "+rate(m.Goal.PerSecond)+"/s", rate(c.Ours.perSecond())+"/s", c.Ours.perSecond() >= m.Goal.PerSecond)
		}
		if of, ok := s.measure(m.Goal.Of); ok {
			part := c.Ours.perSecond() / of.sixteen().Ours.perSecond()
			add(m.Name, "≥ "+number(m.Goal.Part, 2)+" of “"+of.Name+"”", number(part, 2), part >= m.Goal.Part)
		}
	}
	for _, f := range s.FirstTiles {
		if f.Fault == "" {
			name := fmt.Sprintf("tile of %s at zoom %d", f.Tileset, f.Zoom)
			add(name+", for the first time", "≤ 300 ms", number(f.Worst, 0)+" ms", f.Worst <= 300)
			add(name+", the largest", "≤ 200 kB", number(float64(f.Largest)/1000, 0)+" kB", f.Largest <= 200_000)
		}
	}
	for _, f := range s.Files {
		if f.Format == liveFormat && f.Fault == "" {
			add("all sites live, one GeoJSON feature a line, 1 client: first byte", "≤ 50 ms", number(f.FirstByte*1000, 0)+" ms", f.FirstByte <= 0.050)
		}
	}
	if live, ok := s.stream("live", 1); ok {
		add("all sites live, one GeoJSON feature a line, 1 client", "≥ 100 MB/s", number(live.MBPerSecond, 0)+" MB/s", live.MBPerSecond >= 100)
	}
	for _, n := range clients {
		ours, ok := s.stream("prepared", n)
		theirs, too := s.stream("nginx", n)
		if ok && too {
			part := ours.MBPerSecond / theirs.MBPerSecond
			add(fmt.Sprintf("all sites as one GeoJSON, prepared, clients: %d", n), "≥ 0.50 of nginx", number(part, 2), part >= 0.5)
		}
	}
	if s.Peak > 0 {
		add("memory of the server in all of this", "≤ 200 MB", megabytes(s.Peak)+" MB", s.Peak <= 200e6)
	}
	for _, c := range s.Commands {
		if strings.HasPrefix(c.Name, "import") && c.Fault == "" {
			add(c.Name, "≤ 300 s", number(c.Seconds, 0)+" s", c.Seconds <= 300)
			add(c.Name+": memory", "≤ 200 MB", megabytes(c.Peak)+" MB", c.Peak <= 200e6)
		}
	}
	if slowest, of := o.worstGrowth(); of != "" {
		add("an answer of the same size, by the size of the registry", "≤ 1.5 times as long as at "+grouped(o.Sizes[0].Sites), number(slowest, 2)+" ("+of+")", slowest <= 1.5)
	}
	return rows
}

// growth is how many times as long an answer takes as in the smallest registry, by its median with one client. ok is false when the answers aren't of the
// same size.
func (o outcome) growth(name string, size int) (times float64, ok bool) {
	small, has := o.Sizes[0].measure(name)
	large, too := o.Sizes[size].measure(name)
	if !has || !too || small.Loads[0].Ours.P50 == 0 || large.Loads[0].Ours.P50 == 0 {
		return 0, false
	}
	if part := float64(large.Bytes) / float64(small.Bytes); part < 0.8 || part > 1.25 {
		return 0, false
	}
	return large.Loads[0].Ours.P50 / small.Loads[0].Ours.P50, true
}

// worstGrowth is the largest growth at the largest size, and of which measure; none with one size alone.
func (o outcome) worstGrowth() (times float64, of string) {
	if len(o.Sizes) < 2 {
		return 0, ""
	}
	for _, m := range o.Sizes[0].Measures {
		if g, ok := o.growth(m.Name, len(o.Sizes)-1); ok && m.Growth && g > times {
			times, of = g, m.Name
		}
	}
	return times, of
}

// writeGrowth writes how the same answers' times grow with the registry.
func (o outcome) writeGrowth(b *strings.Builder) {
	if len(o.Sizes) < 2 {
		return
	}
	head := []string{"measure"}
	for _, s := range o.Sizes {
		head = append(head, grouped(s.Sites)+" sites, ms")
	}
	var rows [][]string
	for _, m := range o.Sizes[0].Measures {
		if !m.Growth {
			continue
		}
		row := []string{m.Name}
		for i, s := range o.Sizes {
			one, ok := s.measure(m.Name)
			if !ok {
				row = append(row, "–")
				continue
			}
			cell := ms3(one.Loads[0].Ours.P50)
			if times, same := o.growth(m.Name, i); i > 0 && same {
				cell += " (" + number(times, 2) + " times)"
			} else if i > 0 && cell != ms3(0) {
				cell += " (answers of another size)"
			}
			row = append(row, cell)
		}
		rows = append(rows, row)
	}
	if len(rows) > 0 {
		b.WriteString("### Growth\n\nHalf of the answers to one client came within this time.\n\n")
		writeTable(b, head, rows)
	}
}

// write writes the tables of one registry.
func (s sizeOutcome) write(b *strings.Builder) {
	fmt.Fprintf(b, "### %s sites\n\n", grouped(s.Sites))
	fmt.Fprintf(b, "A database of %s MB, generated in %s s with at most %s MB of memory. The server was ready after %s s and had at most %s MB in everything below.\n\n",
		megabytes(s.DatabaseBytes), number(s.Generated.Seconds, 0), megabytes(s.Generated.Peak), number(s.Started, 2), megabytes(s.Peak))
	var rows [][]string
	for _, m := range s.Measures {
		answer := fmt.Sprintf("%s sites, %s kB", grouped(m.Features), number(float64(m.Bytes)/1000, 1))
		if m.Fault != "" {
			rows = append(rows, []string{m.Name, answer, "", "", "", "", "", "", "", "**wrong**: " + m.Fault})
			continue
		}
		for _, c := range m.Loads {
			rows = append(rows, []string{m.Name, answer, strconv.Itoa(c.Clients), rate(c.Ours.perSecond()), ms3(c.Ours.P50), ms3(c.Ours.P95), ms3(c.Ours.P99),
				rate(c.Nginx.perSecond()), number(c.ratio(), 3), megabytes(m.Peak)})
		}
	}
	writeTable(b, []string{"measure", "the answer in the middle", "clients", "answers/s", "p50, ms", "p95, ms", "p99, ms", "nginx, answers/s", "ratio", "peak memory, MB"}, rows)

	rows = nil
	for _, f := range s.FirstTiles {
		rows = append(rows, []string{f.Tileset, strconv.Itoa(f.Zoom), strconv.Itoa(f.Tiles), number(f.Middle, 1), number(f.Worst, 1), cmp.Or(f.Fault, number(float64(f.Largest)/1000, 1))})
	}
	writeHeaded(b, "Tiles that nobody asked for before, from a server that has just started:", []string{"tiles of", "zoom", "tiles", "in the middle, ms", "worst, ms", "largest, kB"}, rows)

	rows = nil
	for _, f := range s.Files {
		if f.Fault != "" {
			rows = append(rows, []string{f.Format, "", "", "", "", "**wrong**: " + f.Fault})
			continue
		}
		rows = append(rows, []string{f.Format, megabytes(f.Bytes), number(f.FirstByte*1000, 0), number(f.Seconds, 1), number(f.rate(), 1), megabytes(f.Peak)})
	}
	writeHeaded(b, "All sites as one file, made while one client takes it:", []string{"format", "MB", "first byte, ms", "seconds", "MB/s", "peak memory, MB"}, rows)

	rows = nil
	for _, x := range s.Streams {
		peak := ""
		if x.Peak > 0 {
			peak = megabytes(x.Peak)
		}
		rows = append(rows, []string{map[string]string{"live": "live, one feature a line", "prepared": "one FeatureCollection, prepared", "nginx": "the same file from nginx"}[x.What], strconv.Itoa(x.Clients), number(x.MBPerSecond, 0), peak})
	}
	writeHeaded(b, "All sites as GeoJSON, taken again and again:", []string{"", "clients", "MB/s in all", "peak memory, MB"}, rows)

	rows = nil
	for _, c := range s.Commands {
		rows = append(rows, []string{c.Name, number(c.Seconds, 1), cmp.Or(c.Fault, megabytes(c.Peak))})
	}
	if p := s.Snapshot; p != nil {
		rows = append(rows, []string{"preparing a snapshot of " + megabytes(p.Bytes) + " MB, by the server", number(p.Seconds, 1), cmp.Or(p.Fault, megabytes(p.Peak))})
	}
	writeHeaded(b, "What takes longer:", []string{"", "seconds", "peak memory, MB"}, rows)
	if h := s.HangUps; h != nil {
		fmt.Fprintf(b, "%s clients asked for all sites and hung up after 4 kB: %.1f s later the server had %d files and connections open, %d before. Its memory was %s MB at most.\n\n",
			grouped(h.Clients), h.Seconds, h.After, h.Before, megabytes(h.Peak))
	}

	rows = nil
	for _, p := range s.Pages {
		rows = append(rows, []string{"`" + p.Path + "`", number(p.First, 1), number(p.P50, 1), number(p.P95, 1), cmp.Or(p.Fault, number(float64(p.Compressed)/1000, 1))})
	}
	writeHeaded(b, "Pages for people, from a server that has just started, then up to twenty times more:", []string{"page", "first, ms", "p50, ms", "p95, ms", "document, kB compressed"}, rows)
	if s.Browser != "" {
		b.WriteString("The same as a slow phone opens them (see [checklist.md](checklist.md#on-a-slow-phone)):\n\n" + strings.TrimSpace(s.Browser) + "\n\n")
	}
	if s.BrowserFault != "" {
		b.WriteString("Not all of them were measured, or not all kept to their budgets:\n\n```\n" + s.BrowserFault + "\n```\n\n")
	}
}

// ms3 is microseconds as milliseconds; a dash when no answer came in the time of the load.
func ms3(microseconds float64) string {
	if microseconds == 0 {
		return "–"
	}
	return number(microseconds/1000, 2)
}

func writeHeaded(b *strings.Builder, sentence string, head []string, rows [][]string) {
	if len(rows) > 0 {
		b.WriteString(sentence + "\n\n")
		writeTable(b, head, rows)
	}
}
