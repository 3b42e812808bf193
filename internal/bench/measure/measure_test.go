package main

import (
	"encoding/json"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/paulmach/orb"

	"mithaq/internal/export"
)

// The whole harness on a small registry, but for the load: every answer of the real program is what was counted, and the report says so.
func TestEveryAnswerIsCounted(t *testing.T) {
	folder := t.TempDir()
	binary := filepath.Join(folder, "mithaq")
	if out, err := exec.Command("go", "build", "-tags", "sqlite_fts5", "-o", binary, "mithaq/cmd/mithaq").CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	o := options{binary: binary, folder: folder, report: filepath.Join(folder, "benchmarks.md"), sizes: []int{600}, port: port, only: regexp.MustCompile("")}
	if err := run(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	raw, err := os.ReadFile(o.report)
	if err != nil {
		t.Fatal(err)
	}
	report := string(raw)
	for _, f := range export.Formats() {
		if f.ID != collectionFormat && !strings.Contains(report, "| "+f.ID+" | ") {
			t.Errorf("the report says nothing of %s", f.ID)
		}
	}
	for _, words := range []string{"### 600 sites", "clients asked for all sites and hung up", "| import of the records | ≤ 300 s | ", "| export of the sites as one GeoJSON | ", "`/fr/map`", "| the whole registry | 12 | "} {
		if !strings.Contains(report, words) {
			t.Errorf("the report lacks %q:\n%s", words, report)
		}
	}

	// Kept registries are used again.
	before, err := os.Stat(filepath.Join(folder, "600.db"))
	if err != nil {
		t.Fatal(err)
	}
	d, err := prepare(t.Context(), o, 600)
	if err != nil {
		t.Fatal(err)
	}
	if after, err := os.Stat(d.database); err != nil || !after.ModTime().Equal(before.ModTime()) {
		t.Errorf("generated again: %v, was %v (%v)", after.ModTime(), before.ModTime(), err)
	}

	// A program that forgets a site is found out: here the dump has one more than the registry.
	known, err := readDump(d.dump)
	if err != nil {
		t.Fatal(err)
	}
	known.sites[300].id += "-and-a-half"
	x := &trial{options: o, database: d.database, scratch: t.TempDir(), static: &nginx{}, known: known, chooser: newChooser(known)}
	var out sizeOutcome
	x.only = regexp.MustCompile("one feature|page of 10$|box|filter")
	if err := x.loads(t.Context(), &out); err != nil {
		t.Fatal(err)
	}
	if faults := out.faults(); len(faults) < 4 {
		t.Errorf("a changed id is found in %q alone", faults)
	}
}

// A box through its farthest site holds just as many as were asked for, unless several sites stand in one place.
func TestBoxesHoldWhatWasAskedFor(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	d := &dump{}
	for range 5000 {
		d.sites = append(d.sites, site{at: orb.Point{float64(r.IntN(9_000_000)-12_000_000) / 1e6, float64(r.IntN(9_000_000)+27_000_000) / 1e6}})
	}
	c := newChooser(d)
	for _, k := range []int{1, 2, 10, 100, 1000, 4999, 5000, 9000} {
		box := c.around(c.everything, d.sites[r.IntN(len(d.sites))].at, k)
		want := min(k, len(d.sites))
		if got := len(d.within(c.everything, box)); got != want {
			t.Errorf("%d sites in the box of %d", got, k)
		}
		smaller := box.Pad(-1e-6)
		if got := len(d.within(c.everything, smaller)); got >= want {
			t.Errorf("no site of %d stands on the edge", k)
		}
	}
}

// The tiles of one place at three zooms, as other programs number them.
func TestTileOf(t *testing.T) {
	tafraout := orb.Point{-8.98475, 29.69105}
	for _, tc := range []struct {
		zoom int
		want [2]int
	}{{0, [2]int{0, 0}}, {6, [2]int{26, 30}}, {8, [2]int{105, 121}}, {12, [2]int{1693, 1945}}} {
		if got := tileOf(tafraout, tc.zoom); got != tc.want {
			t.Errorf("zoom %d: %v, want %v", tc.zoom, got, tc.want)
		}
	}
}

// Real output of wrk 4.1 with the script.
const wrkSaid = `Running 2s test @ http://127.0.0.1:8311
  2 threads and 16 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   252.99us  443.14us  12.43ms   96.32%
    Req/Sec    36.96k     4.06k   46.20k    75.61%
  150684 requests in 2.10s, 34.63MB read
Requests/sec:  71775.05
Transfer/sec:     16.50MB

{"requests":150684,"bytes":36314844,"microseconds":2099392,"p50":186,"p95":502,"p99":2075,"errors":{"connect":0,"read":0,"write":0,"status":0,"timeout":0}}
`

func TestWrkIsRead(t *testing.T) {
	l, err := readWrk([]byte(wrkSaid))
	if err != nil || int(l.perSecond()) != 71775 || l.P50 != 186 || l.P95 != 502 || l.P99 != 2075 {
		t.Errorf("%+v, %.0f/s, %v", l, l.perSecond(), err)
	}
	for _, wrong := range []string{
		strings.Replace(wrkSaid, `"status":0`, `"status":3`, 1), strings.Replace(wrkSaid, `"timeout":0`, `"timeout":1`, 1), strings.Replace(wrkSaid, `"read":0`, `"read":1`, 1),
		"unable to connect to 127.0.0.1:8311 Connection refused\n", "",
	} {
		if l, err := readWrk([]byte(wrong)); err == nil {
			t.Errorf("%q is read as %+v", wrong, l)
		}
	}
}

func TestWrongAnswersDiffer(t *testing.T) {
	for _, tc := range []struct {
		read func([]byte) (tally, error)
		body string
		want tally
		says string // the difference, or why it can't be read; empty when the answer is right
	}{
		{readCollection, `{"features":[{"id":"a"},{"id":"b"}],"numberReturned":2,"numberMatched":7}`, tally{2, 7, []string{"a", "b"}}, ""},
		{readCollection, `{"features":[{"id":"a"},{"id":"b"}],"numberReturned":2}`, tally{2, untold, []string{"a", "b"}}, ""},
		{readCollection, `{"features":[{"id":"a"}],"numberReturned":1,"numberMatched":7}`, tally{2, 7, []string{"a", "b"}}, "holds 1 sites"},
		{readCollection, `{"features":[{"id":"a"},{"id":"b"}],"numberReturned":2,"numberMatched":6}`, tally{2, 7, []string{"a", "b"}}, "numberMatched 6"},
		{readCollection, `{"features":[{"id":"a"},{"id":"b"}],"numberReturned":2}`, tally{2, 7, []string{"a", "b"}}, "numberMatched -1"},
		{readCollection, `{"features":[{"id":"b"},{"id":"a"}],"numberReturned":2,"numberMatched":7}`, tally{2, 7, []string{"a", "b"}}, "in another order"},
		{readCollection, `{"features":[{"id":"a"}],"numberReturned":2,"numberMatched":7}`, tally{2, 7, nil}, "numberReturned"},
		{readCollection, `{"features":[{"id":"a"}`, tally{}, "unexpected end"},
		{readFeature, `{"type":"Feature","id":"a"}`, tally{1, untold, []string{"a"}}, ""},
		{readFeature, `{"type":"Feature","id":"b"}`, tally{1, untold, []string{"a"}}, "other sites"},
		{readFeature, `{"code":"not_found"}`, tally{1, untold, []string{"a"}}, "no feature"},
		{readTile, "", tally{0, untold, nil}, ""},
		{readTile, "", tally{5, untold, nil}, "holds 0 sites"},
	} {
		got, err := tc.read([]byte(tc.body))
		says := tc.want.differs(got)
		if err != nil {
			says = err.Error()
		}
		if (says == "") != (tc.says == "") || !strings.Contains(says, tc.says) {
			t.Errorf("%s: %q, want %q", tc.body, says, tc.says)
		}
	}
}

func TestMembersAreCounted(t *testing.T) {
	for _, tc := range []struct {
		text string
		want int // -1: the file is broken
	}{
		{`{"type":"FeatureCollection","features":[]}`, 0},
		{`{"about":[{"a":1}],"features":[{"id":"{\"","p":{"q":[{}]}},{"id":"]"}],"links":[{},{}]}`, 2},
		{`{"name":"features","more":[{}],"features" : [ {} ]}`, 1},
		{`{"features":[{"id":"a"},{"id":"b"`, -1},
		{`{"features":[{"id":"a`, -1},
	} {
		n, err := members(strings.NewReader(tc.text), "features")
		if err != nil {
			n = -1
		}
		if n != tc.want {
			t.Errorf("%s: %d, %v, want %d", tc.text, n, err, tc.want)
		}
	}
}

// A text that lies across the end of what was read is counted once.
func TestOccurrencesAcrossReads(t *testing.T) {
	text := strings.Repeat("<row a><row b>", 40)
	for size := range 60 {
		if n, err := occurrences(&slow{text, size + 1}, "<row "); n != 80 || err != nil {
			t.Errorf("in pieces of %d: %d, %v", size+1, n, err)
		}
	}
}

// slow gives at most size bytes at a time.
type slow struct {
	rest string
	size int
}

func (s *slow) Read(p []byte) (int, error) {
	n, err := strings.NewReader(s.rest).Read(p[:min(s.size, len(p))])
	s.rest = s.rest[n:]
	return n, err
}

// Every format has somebody who counts its rows.
func TestEveryFormatIsCounted(t *testing.T) {
	for _, f := range export.Formats() {
		if rowCounters[f.ID] == nil {
			t.Errorf("nothing counts the rows of %s", f.ID)
		}
	}
}

func TestPeakOfAProcess(t *testing.T) {
	if n := peakIn([]byte("Name:\tmithaq\nVmPeak:\t 2503456 kB\nVmHWM:\t   84212 kB\nVmRSS:\t   80000 kB\n")); n != 84212<<10 {
		t.Errorf("%d bytes", n)
	}
	if n := peakIn([]byte("Name:\tkthreadd\n")); n != 0 {
		t.Errorf("%d bytes of a process that has none", n)
	}
}

// What people wrote round the figures stays, and figures that were there go.
func TestFiguresAreReplaced(t *testing.T) {
	document := "# Benchmarks\n\n" + figuresBegin + "\nold\n" + figuresEnd + "\n\nBy hand.\n"
	text, err := withFigures(document, "new")
	if err != nil || strings.Contains(text, "old") || !strings.Contains(text, "new") || !strings.HasSuffix(text, "\n\nBy hand.\n") {
		t.Errorf("%q, %v", text, err)
	}
	again, err := withFigures(text, "new")
	if err != nil || again != text {
		t.Errorf("a second time: %q, %v", again, err)
	}
	for _, wrong := range []string{"# Benchmarks\n", figuresBegin + "\n", figuresEnd + "\n"} {
		if text, err := withFigures(wrong, "new"); err == nil {
			t.Errorf("%q became %q", wrong, text)
		}
	}
	if _, err := withFigures(emptyReport, "new"); err != nil {
		t.Errorf("an empty report: %v", err)
	}
}

// A run of a part leaves the other figures as they are, if they are of the same program.
func TestFiguresOfSeveralRuns(t *testing.T) {
	folder := t.TempDir()
	of := func(program, only string, sizes ...sizeOutcome) outcome {
		return outcome{Seconds: 1, Only: only, Machine: machine{Program: program, Day: only}, Sizes: sizes}
	}
	run := func(o outcome) outcome {
		t.Helper()
		sizes := o.Sizes
		o.Sizes = nil
		out, err := o.withEarlier(folder)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range sizes {
			out.add(s)
		}
		raw, err := json.Marshal(out)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(folder, figuresFile), raw, 0o600); err != nil {
			t.Fatal(err)
		}
		return out
	}
	boxes := func(peak int64) []measured {
		return []measured{{Name: "box", Goal: goal{Ratio: 0.1}, Peak: peak}, {Name: "count"}}
	}
	first := sizeOutcome{Sites: 100, Measures: boxes(1), Peak: 7, Browser: "a table", Streams: []stream{{What: "live", Clients: 1}}}
	if got := run(of("a", "box|live", first)); !reflect.DeepEqual(got.Sizes, []sizeOutcome{first}) || got.Only != "box|live" {
		t.Errorf("the first run: %+v", got)
	}
	again := sizeOutcome{Sites: 100, Measures: []measured{{Name: "tile"}, {Name: "box", Peak: 2}}, Peak: 3, Snapshot: &prepared{Bytes: 5}, Streams: []stream{{What: "prepared", Clients: 1}}}
	small := sizeOutcome{Sites: 10, HangUps: &hangingUp{Clients: 1}}
	whole := first
	whole.Measures = []measured{{Name: "box", Peak: 2}, {Name: "count"}, {Name: "tile"}}
	whole.Snapshot, whole.Streams = again.Snapshot, slices.Concat(first.Streams, again.Streams)
	if got := run(of("a", "tile", small, again)); !reflect.DeepEqual(got.Sizes, []sizeOutcome{small, whole}) || got.Only != "box|live|tile" || got.Machine.Day != "tile" {
		t.Errorf("the second run: %+v", got)
	}
	if got := run(of("b", "tile", small)); !reflect.DeepEqual(got.Sizes, []sizeOutcome{small}) || got.Only != "tile" {
		t.Errorf("another program: %+v", got)
	}
	if got := run(of("b", "", first)); !reflect.DeepEqual(got.Sizes, []sizeOutcome{first}) || got.Only != "" {
		t.Errorf("everything: %+v", got)
	}
	if got := run(of("b", "tile", small)); len(got.Sizes) != 2 || got.Only != "" {
		t.Errorf("a part after everything: %+v", got)
	}
}

// One turn that somebody else disturbed, ours or nginx's, isn't the one that is told.
func TestTheTurnInTheMiddle(t *testing.T) {
	turn := func(ours, nginx int) compared {
		return compared{Ours: loaded{Requests: ours, Microseconds: 1e6}, Nginx: loaded{Requests: nginx, Microseconds: 1e6}}
	}
	for name, all := range map[string][turns]compared{
		"ours disturbed":    {turn(300, 1000), turn(20, 1000), turn(310, 1000)},
		"nginx disturbed":   {turn(310, 1000), turn(300, 1000), turn(300, 100)},
		"both, in two of 3": {turn(20, 1000), turn(300, 100), turn(305, 1000)},
	} {
		if got := inTheMiddle(all).ratio(); got < 0.3 || got > 0.31 {
			t.Errorf("%s: %v", name, got)
		}
	}
}

// The rows of what was to be reached, from figures that are just enough and just too little.
func TestGoals(t *testing.T) {
	one := func(name string, g goal, perSecond, nginx int) measured {
		c := compared{Clients: 16, Ours: loaded{Requests: perSecond, Microseconds: 1e6, P50: 300}, Nginx: loaded{Requests: nginx, Microseconds: 1e6}}
		return measured{Name: name, Goal: g, Growth: true, Bytes: 1000, Loads: []compared{c, c}}
	}
	small := sizeOutcome{Sites: 10, Measures: []measured{one("page of 10", goal{}, 1, 1), one("box", goal{}, 1, 1), one("none in time", goal{}, 1, 1)}}
	small.Measures[0].Loads[0].Ours.P50, small.Measures[1].Bytes = 200, 300
	o := outcome{Sizes: []sizeOutcome{small, {
		Sites: 1000, Peak: 200_000_001,
		Measures: []measured{
			one("first page of 10", goal{Ratio: 0.30}, 300, 1000), one("page of 10", goal{Ratio: 0.30}, 299, 1000), one("at the end", goal{Part: 0.8, Of: "first page of 10"}, 240, 1000), one("of none", goal{Part: 0.8, Of: "nothing"}, 1, 1000),
			one("count", goal{PerSecond: 100}, 99, 1000), one("box", goal{Ratio: 0.10}, 100, 1000), one("none in time", goal{}, 0, 1000), {Name: "broken", Goal: goal{PerSecond: 1}, Fault: "wrong"},
		},
		FirstTiles: []firstTimes{{Tileset: "sites", Zoom: 6, Worst: 301, Largest: 200_000}},
		Files:      []wholeFile{{Format: liveFormat, FirstByte: 0.051}},
		Streams:    []stream{{What: "live", Clients: 1, MBPerSecond: 100}, {What: "prepared", Clients: 1, MBPerSecond: 49}, {What: "nginx", Clients: 1, MBPerSecond: 100}},
		Commands:   []commandRun{{Name: "import of the records", Seconds: 300, Peak: 100}},
	}}}
	o.Sizes[1].Measures[6].Loads[0].Ours = loaded{}
	var got []string
	for _, row := range o.goals() {
		got = append(got, strings.Join(row, " | "))
	}
	want := []string{
		"first page of 10 | ≥ 0.30 of nginx | 0.300 | reached",
		"page of 10 | ≥ 0.30 of nginx | 0.299 | **not reached**",
		"at the end | ≥ 0.80 of “first page of 10” | 0.80 | reached",
		"count | ≥ 100/s | 99/s | **not reached**",
		"box | ≥ 0.10 of nginx | 0.100 | reached",
		"tile of sites at zoom 6, for the first time | ≤ 300 ms | 301 ms | **not reached**",
		"tile of sites at zoom 6, the largest | ≤ 200 kB | 200 kB | reached",
		"all sites live, one GeoJSON feature a line, 1 client: first byte | ≤ 50 ms | 51 ms | **not reached**",
		"all sites live, one GeoJSON feature a line, 1 client | ≥ 100 MB/s | 100 MB/s | reached",
		"all sites as one GeoJSON, prepared, clients: 1 | ≥ 0.50 of nginx | 0.49 | **not reached**",
		"memory of the server in all of this | ≤ 200 MB | 200 MB | **not reached**",
		"import of the records | ≤ 300 s | 300 s | reached",
		"import of the records: memory | ≤ 200 MB | 0 MB | reached",
		"an answer of the same size, by the size of the registry | ≤ 1.5 times as long as at 10 | 1.50 (page of 10) | reached",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	if faults := o.Sizes[1].faults(); !slices.Equal(faults, []string{"broken: wrong"}) {
		t.Errorf("faults: %q", faults)
	}
	tables := o.tables()
	for _, words := range []string{"| box | 0.30 | 0.30 (answers of another size) |", "| page of 10 | 0.20 | 0.30 (1.50 times) |", "| none in time | 0.30 | – |", "**wrong**: wrong"} {
		if !strings.Contains(tables, words) {
			t.Errorf("no %q in\n%s", words, tables)
		}
	}
}

func TestComplaints(t *testing.T) {
	for _, tc := range []struct{ words, want string }{
		{"--- FAIL: TestPages (1.00s)\n    --- FAIL: TestPages//fr/map (1.00s)\n        speed_test.go:120: | `/fr/` | 300 |\n        speed_test.go:98: /fr/map answers 503\nFAIL\n", "98: /fr/map answers 503"},
		{"go: no such program\n", "go: no such program"},
	} {
		if got := complaints(tc.words); got != tc.want {
			t.Errorf("%q, want %q", got, tc.want)
		}
	}
}

func TestSizes(t *testing.T) {
	if sizes, err := parseSizes("1000000, 10000,10000"); err != nil || !slices.Equal(sizes, []int{10_000, 1_000_000}) {
		t.Errorf("%v, %v", sizes, err)
	}
	for _, wrong := range []string{"", "10k", "0", "10,,20"} {
		if sizes, err := parseSizes(wrong); err == nil {
			t.Errorf("%q: %v", wrong, sizes)
		}
	}
}
