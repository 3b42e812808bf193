package archive_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mithaq/geodata"
	"mithaq/internal/archive"
	"mithaq/internal/dossier"
	"mithaq/internal/feature"
	"mithaq/internal/gazetteer"
	"mithaq/internal/publish"
	"mithaq/internal/registry"
	"mithaq/internal/store/sqlite"
)

// start is when the first publication of a test is made; each later one is a day after.
var start = time.Date(2026, 3, 1, 12, 0, 0, 500, time.UTC)

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// trial is a registry that publishes, with an archive.
type trial struct {
	*publish.Publisher
	live   *sqlite.Store
	past   *archive.Archive
	dir    string
	opened atomic.Int32
	hold   chan struct{} // when there is one, a snapshot waits for it
	now    time.Time
}

func newTrial(t *testing.T) *trial {
	t.Helper()
	places, err := gazetteer.Default()
	check(t, err)
	live, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "live.db"))
	check(t, err)
	x := &trial{live: live, dir: filepath.Join(t.TempDir(), "snapshots"), now: start}
	x.Publisher = &publish.Publisher{Store: live, Places: places, Now: func() time.Time { return x.now }}
	check(t, os.MkdirAll(filepath.Join(x.dir, "left over"), 0o755))
	x.past, err = archive.New(archive.Config{Live: live, Places: places, Dir: x.dir, Open: func(ctx context.Context, path string) (archive.Store, error) {
		x.opened.Add(1)
		if x.hold != nil {
			select {
			case <-x.hold:
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
		return sqlite.Open(ctx, path)
	}})
	check(t, err)
	t.Cleanup(func() {
		check(t, x.past.Close())
		check(t, live.Close())
		if _, err := os.Stat(x.dir); !os.IsNotExist(err) {
			t.Errorf("the snapshots are still there: %v", err)
		}
	})
	return x
}

// publish publishes records a day after the last ones, and gives the moment.
func (x *trial) publish(t *testing.T, records ...registry.Record) time.Time {
	t.Helper()
	x.now = x.now.AddDate(0, 0, 1)
	_, err := x.Publish(t.Context(), publish.Request{Records: records, Author: "test", Reason: "test"})
	check(t, err)
	return x.now
}

// source is a record of its own whose title says which version it is.
func source(id registry.ID, title string) registry.Record {
	return &registry.Source{Header: registry.Header{Type: registry.TypeSource, ID: id}, Kind: registry.SourcePress, Lang: "fr",
		Titles: registry.Texts{{Lang: "fr", Text: title, Origin: registry.OriginRegistry}}, Rights: registry.RightsUnknown}
}

// told is all that a registry gives to read: records, features of a day, counts, words, history.
func told(t *testing.T, r registry.Reader) string {
	t.Helper()
	var out strings.Builder
	put := func(v any, err error) {
		t.Helper()
		check(t, err)
		raw, err := json.Marshal(v)
		check(t, err)
		out.Write(raw)
		out.WriteByte('\n')
	}
	ctx := t.Context()
	records, err := r.Records(ctx, registry.RecordQuery{})
	put(records, err)
	reaching, err := r.Records(ctx, registry.RecordQuery{Reaches: "09.581"})
	put(reaching, err)
	totals, err := r.Totals(ctx)
	put(totals, err)
	counts, err := r.CountsByPlace(ctx)
	put(counts, err)
	words, err := r.Words(ctx, "", 10_000)
	put(words, err)
	hits, err := r.Search(ctx, registry.SearchQuery{Terms: []registry.SearchTerm{{Words: []string{"zone", "tiznit"}}}, Limit: 100})
	put(len(hits), err)
	history, err := registry.History(ctx, r, registry.RevisionQuery{})
	for _, h := range history {
		put(fmt.Sprint(h.Record.Head().ID, h.Number, h.At, h.Hash, h.Previous, len(h.Differences())), err)
	}
	for _, q := range []registry.FeatureQuery{{Collection: feature.Sites, Day: "2026-01-01"}, {Collection: feature.Agreements, Day: "2026-01-01"},
		{Collection: feature.Communes, Detail: "low", Day: "2026-01-01", Limit: 5}, {Collection: feature.Sites, Day: "2026-01-01", Places: []registry.PlaceCode{"09.581"}}} {
		put(q, r.EachFeature(ctx, q, func(f registry.Feature) error {
			out.Write(f.JSON)
			out.WriteByte('\n')
			return nil
		}))
	}
	return out.String()
}

// shipped are the first records of the registry, those of one story.
func shipped(t *testing.T) (all []registry.Record) {
	t.Helper()
	raw, err := geodata.Files.ReadFile("records/tiznit.json")
	check(t, err)
	entries, problems := dossier.Read("tiznit.json", raw)
	if len(problems) > 0 {
		t.Fatal(problems[0])
	}
	for _, e := range entries {
		all = append(all, e.Record)
	}
	return all
}

// TestWhatWasReadIsReadAgain takes down all that the registry gives after each publication, and asks for the same later.
func TestWhatWasReadIsReadAgain(t *testing.T) {
	x := newTrial(t)
	check(t, x.ShippedBoundaries(t.Context()))
	type state struct {
		at   time.Time
		told string
	}
	states := []state{{start, told(t, x.live)}}
	add := func(records ...registry.Record) {
		at := x.publish(t, records...)
		states = append(states, state{at, told(t, x.live)})
	}
	add(shipped(t)...)
	var changed []registry.Record
	for _, r := range shipped(t) {
		if s, ok := r.(*registry.Site); ok {
			s.Place = nil // nobody knows any more where
			s.Names[0].Text = "Autre nom"
			changed = append(changed, s)
		}
	}
	add(changed[:3]...)
	add(shipped(t)...) // and back: the third version is the first
	add(source("src-new", "Nouvelle source"))
	for i, s := range states {
		until := s.at.Add(24*time.Hour - time.Nanosecond) // the next publication is a moment later
		for _, moment := range []time.Time{s.at, until} {
			r, err := x.past.At(t.Context(), moment)
			check(t, err)
			if got := told(t, r); got != s.told {
				t.Errorf("state %d at %s differs from what it was:\n%s", i, moment, firstDifference(got, s.told))
			}
			if v, err := r.Version(t.Context()); err != nil || v == "" {
				t.Error(v, err)
			}
		}
	}
	if r, err := x.past.At(t.Context(), x.now); err != nil || r != registry.Reader(x.live) {
		t.Errorf("the present is no snapshot: %T, %v", r, err)
	}
	if got := x.opened.Load(); got != 4 {
		t.Errorf("%d snapshots were made of 4 moments before the present", got)
	}
}

func firstDifference(got, want string) string {
	a, b := strings.Split(got, "\n"), strings.Split(want, "\n")
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return "got  " + a[i][:min(600, len(a[i]))] + "\nwant " + b[i][:min(600, len(b[i]))]
		}
	}
	return fmt.Sprintf("%d lines, want %d", len(a), len(b))
}

func title(t *testing.T, r registry.Reader, id registry.ID) string {
	t.Helper()
	x, err := r.Record(t.Context(), id)
	check(t, err)
	return x.Record.(*registry.Source).Titles[0].Text
}

func (x *trial) at(t *testing.T, ctx context.Context, moment time.Time) registry.Reader {
	t.Helper()
	r, err := x.past.At(ctx, moment)
	check(t, err)
	return r
}

func folders(t *testing.T, dir string) int {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil && !os.IsNotExist(err) {
		t.Fatal(err)
	}
	return len(entries)
}

// TestSnapshotsAreFew reads many moments: few snapshots stay, those being read stay whole, and none is made twice for readers at once.
func TestSnapshotsAreFew(t *testing.T) {
	x := newTrial(t)
	if folders(t, x.dir) != 0 {
		t.Error("what a stopped program left is still there")
	}
	var moments []time.Time
	for i := range 8 {
		moments = append(moments, x.publish(t, source("src", fmt.Sprintf("version %d", i+1))))
	}
	held, letGo := context.WithCancel(t.Context())
	first := x.at(t, held, moments[0])
	for i, m := range moments[:7] {
		ctx, done := context.WithCancel(t.Context())
		if got, want := title(t, x.at(t, ctx, m), "src"), fmt.Sprintf("version %d", i+1); got != want {
			t.Errorf("at %s: %s, want %s", m, got, want)
		}
		done()
	}
	if got := title(t, first, "src"); got != "version 1" {
		t.Errorf("a snapshot in use: %s", got)
	}
	wait(t, "the snapshots that nobody reads are gone", func() bool { return folders(t, x.dir) == 5 }) // four, and the one that is held
	letGo()
	wait(t, "the last reader has closed it", func() bool { return folders(t, x.dir) == 4 })

	before := x.opened.Load()
	var together sync.WaitGroup
	for range 20 {
		together.Go(func() {
			r, err := x.past.At(t.Context(), moments[1])
			if err != nil {
				t.Error(err)
				return
			}
			if s, err := r.Record(t.Context(), "src"); err != nil || s.Revision != 2 {
				t.Errorf("%v, %v", s, err)
			}
		})
	}
	together.Wait()
	if got := x.opened.Load() - before; got != 1 {
		t.Errorf("20 readers at once had %d snapshots made", got)
	}
	if _, err := x.at(t, t.Context(), start).Record(t.Context(), "src"); !isCode(err, registry.NotFound) {
		t.Errorf("before the first publication: %v", err)
	}
}

func wait(t *testing.T, what string, done func() bool) {
	t.Helper()
	for range 200 {
		if done() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("not so after 2 s: " + what)
}

func isCode(err error, code registry.Code) bool {
	var e *registry.Error
	return errors.As(err, &e) && e.Code == code
}

// TestWhoCannotWait is told to come back, and finds what was asked for then.
func TestWhoCannotWait(t *testing.T) {
	x := newTrial(t)
	at := x.publish(t, source("src", "un"))
	x.publish(t, source("src", "deux"))
	x.hold = make(chan struct{})
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Millisecond)
	defer cancel()
	if _, err := x.past.At(ctx, at); !isCode(err, registry.Unavailable) {
		t.Fatalf("%v, want unavailable", err)
	}
	close(x.hold)
	if got := title(t, x.at(t, t.Context(), at), "src"); got != "un" {
		t.Error(got)
	}
	if got := x.opened.Load(); got != 1 {
		t.Errorf("the work was begun %d times", got)
	}
}

// TestNoRoom says that it can't now, and does once there is room.
func TestNoRoom(t *testing.T) {
	x := newTrial(t)
	at := x.publish(t, source("src", "un"))
	x.publish(t, source("src", "deux"))
	check(t, os.WriteFile(x.dir, nil, 0o600)) // a file where the folder is to be
	if _, err := x.past.At(t.Context(), at); !isCode(err, registry.Unavailable) {
		t.Errorf("%v, want unavailable", err)
	}
	check(t, os.Remove(x.dir))
	if got := title(t, x.at(t, t.Context(), at), "src"); got != "un" {
		t.Error(got)
	}
}

// TestTextsOfThePast shows a text from when it was attached on, and only while its rights allow it today.
func TestTextsOfThePast(t *testing.T) {
	x := newTrial(t)
	open := source("src", "ouverte").(*registry.Source)
	open.Rights = registry.RightsOpen
	first := x.publish(t, open)
	x.now = first.Add(time.Hour)
	_, err := x.AttachText(t.Context(), "src", []byte("Une phrase."))
	check(t, err)
	second := x.publish(t, source("other", "autre"))
	x.publish(t, source("other", "encore autre"))
	if _, err := x.at(t, t.Context(), first).SourceText(t.Context(), "src"); !isCode(err, registry.NotFound) {
		t.Errorf("before it was attached: %v", err)
	}
	if text, err := x.at(t, t.Context(), second).SourceText(t.Context(), "src"); err != nil || string(text.Raw) != "Une phrase." {
		t.Errorf("after it was attached: %q, %v", text.Raw, err)
	}
	x.publish(t, source("src", "fermée")) // whose rights nobody knows
	if _, err := x.at(t, t.Context(), second).SourceText(t.Context(), "src"); !isCode(err, registry.NotFound) {
		t.Errorf("a text that may be shown no more: %v", err)
	}
}
