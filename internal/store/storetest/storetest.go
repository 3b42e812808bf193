// Package storetest is the contract of registry.Store as tests: whatever passes Run may keep a registry. It knows the registry's
// types alone, makes its own tiny records and features, and never looks under a store.
package storetest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/paulmach/orb"

	"mithaq/internal/edtf"
	"mithaq/internal/registry"
)

// Run runs the suite. open gives an empty store, and closes it when its test ends.
func Run(t *testing.T, open func(t *testing.T) registry.Store) {
	for _, part := range []struct {
		name string
		run  func(*testing.T, registry.Store)
	}{
		{"RevisionsChain", revisionsChain},
		{"RevisionsChainAlikeEverywhere", func(t *testing.T, s registry.Store) { chainAlike(t, s, open(t)) }},
		{"RevisionsAreRead", revisionsAreRead},
		{"LastRevision", lastRevision},
		{"Listed", listed},
		{"AgreementDates", agreementDates},
		{"RecordsByID", recordsByID},
		{"Records", records},
		{"PlacesOfRecords", placesOfRecords},
		{"Marks", marks},
		{"Counts", counts},
		{"Outlines", outlines},
		{"FeaturesByDay", featuresByDay},
		{"FeaturesByBox", featuresByBox},
		{"FeaturesByDate", featuresByDate},
		{"FeaturesByCounting", featuresByCounting},
		{"FeaturesByUnit", featuresByUnit},
		{"SpotsOfFeatures", spotsOfFeatures},
		{"FeaturesByValue", featuresByValue},
		{"FeaturesByListAndAgreement", featuresByListAndAgreement},
		{"FeaturesByFilter", featuresByFilter},
		{"FilterWithTheRest", filterWithTheRest},
		{"FilterIsRefused", filterIsRefused},
		{"LargestFilters", largestFilters},
		{"RandomFilters", randomFilters},
		{"FeaturesAreReplaced", featuresAreReplaced},
		{"BoundariesAreReplaced", boundariesAreReplaced},
		{"YieldEndsTheStream", yieldEndsTheStream},
		{"WalkUnderWrites", walkUnderWrites},
		{"Search", search},
		{"SearchByTerms", searchByTerms},
		{"Words", vocabulary},
		{"VersionCountsPublications", versionCounts},
		{"SourceText", sourceText},
		{"FailedWriteLeavesNothing", failedWriteLeavesNothing},
		{"DanglingReferenceIsAConflict", danglingReference},
		{"WriterReadsItsOwnWrites", writerReadsItsOwnWrites},
		{"ReadersBesideAWriter", readersBesideAWriter},
		{"CancelledContext", cancelledContext},
	} {
		t.Run(part.name, func(t *testing.T) { part.run(t, open(t)) })
	}
}

// day is a day on which features are asked for where the day doesn't matter.
const day edtf.Day = "2026-01-01"

// published is when test records are published.
var published = time.Date(2026, 1, 2, 3, 4, 5, 678_000_000, time.UTC)

func head(t registry.Type, id registry.ID) registry.Header { return registry.Header{Type: t, ID: id} }

func titled(s string) registry.Texts {
	return registry.Texts{{Lang: "fr", Text: s, Origin: registry.OriginRegistry}}
}

func source(id registry.ID) *registry.Source {
	return &registry.Source{Header: head(registry.TypeSource, id), Kind: registry.SourceOfficial, Lang: "fr", Titles: titled("Source"), Rights: registry.RightsOpen}
}

func agreement(id registry.ID, known registry.Documentation, title string) *registry.Agreement {
	return &registry.Agreement{Header: head(registry.TypeAgreement, id), Kind: registry.PartnershipAgreement, Documentation: known, Titles: titled(title)}
}

func site(id registry.ID, agreements ...registry.ID) *registry.Site {
	return &registry.Site{Header: head(registry.TypeSite, id), Kind: registry.CraftZone, Names: titled("Zone"), Status: registry.StatusAnnounced, Agreements: agreements}
}

func amendment(id, target registry.ID) *registry.Amendment {
	return &registry.Amendment{Header: head(registry.TypeAmendment, id), Target: target, Titles: titled("Avenant")}
}

// write runs f in one transaction and fails the test on an error.
func write(t *testing.T, s registry.Store, f func(registry.Writer) error) {
	t.Helper()
	if err := s.Write(t.Context(), f); err != nil {
		t.Fatal(err)
	}
}

// put publishes records together, as role "test".
func put(t *testing.T, s registry.Store, records ...registry.Record) {
	t.Helper()
	write(t, s, func(w registry.Writer) error { return appendAll(t.Context(), w, records...) })
}

func appendAll(ctx context.Context, w registry.Writer, records ...registry.Record) error {
	for _, r := range records {
		if err := w.Append(registry.Revision{Record: r, Author: "test", Reason: "test", At: published})(ctx); err != nil {
			return err
		}
	}
	return nil
}

// derive stores what is derived from a record.
func derive(t *testing.T, s registry.Store, d registry.Derived) {
	t.Helper()
	write(t, s, func(w registry.Writer) error { return w.Derive(d)(t.Context()) })
}

func get(t *testing.T, r registry.Reader, id registry.ID) registry.Stored {
	t.Helper()
	x, err := r.Record(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// wantCode checks that err is a *registry.Error with this code and a message for the public.
func wantCode(t *testing.T, err error, want registry.Code) {
	t.Helper()
	var e *registry.Error
	if !errors.As(err, &e) || e.Code != want || e.Message == "" {
		t.Errorf("error %v, want one with code %s and a message", err, want)
	}
}

func ids(stored []registry.Stored) string {
	var out []string
	for _, x := range stored {
		out = append(out, string(x.ID()))
	}
	return strings.Join(out, " ")
}

// spot is a feature at a point, or without geometry.
func spot(collection, id string, g orb.Geometry, places ...registry.PlaceCode) registry.Feature {
	return registry.Feature{Collection: collection, ID: id, Geometry: g, Places: places,
		JSON: fmt.Appendf(nil, `{"type":"Feature","id":%q,"geometry":%s,"properties":{}}`, id, registry.AppendGeometry(nil, g))}
}

// found lists the ids that a query streams.
func found(t *testing.T, r registry.Reader, q registry.FeatureQuery) string {
	t.Helper()
	if q.Collection == "" {
		q.Collection = "sites"
	}
	if q.Day == "" {
		q.Day = day
	}
	var out []string
	if err := r.EachFeature(t.Context(), q, func(f registry.Feature) error {
		out = append(out, f.ID)
		return nil
	}); err != nil {
		t.Fatalf("%+v: %v", q, err)
	}
	return strings.Join(out, " ")
}

var hashForm = regexp.MustCompile(`^[0-9a-f]{64}$`)

func revisionsChain(t *testing.T, s registry.Store) {
	_, err := s.Record(t.Context(), "accord")
	wantCode(t, err, registry.NotFound)

	hashes := map[string]int{}
	for n := 1; n <= 3; n++ {
		r := agreement("accord", registry.Documented, fmt.Sprintf("Accord <%d> & l’été \"à\" مراكش", n%2)) // the third is the first again
		write(t, s, func(w registry.Writer) error {
			return w.Append(registry.Revision{Record: r, Author: "test", Reason: "test", At: published.Add(time.Duration(n) * time.Hour)})(t.Context())
		})
		x := get(t, s, "accord")
		if x.Revision != n || !x.Updated.Equal(published.Add(time.Duration(n)*time.Hour)) || x.Updated.Location() != time.UTC {
			t.Errorf("revision %d at %s; want %d, UTC", x.Revision, x.Updated, n)
		}
		if !hashForm.MatchString(x.Hash) || hashes[x.Hash] > 0 {
			t.Errorf("hash of revision %d: %q, as of revision %d", n, x.Hash, hashes[x.Hash])
		}
		hashes[x.Hash] = n
		want, _ := registry.Canonical(r)
		if got, _ := registry.Canonical(x.Record); string(got) != string(want) {
			t.Errorf("came back as %s, not %s", got, want)
		}
	}
	put(t, s, source("other"))
	if x := get(t, s, "other"); x.Revision != 1 {
		t.Errorf("revisions count by record: the first of another is %d", x.Revision)
	}
}

// revisionsAreRead publishes records several times and asks for their versions by record, place, what they are about, and page by page.
func revisionsAreRead(t *testing.T, s registry.Store) {
	publishAt := func(at time.Time, reason string, records ...registry.Record) {
		t.Helper()
		write(t, s, func(w registry.Writer) error {
			for _, r := range records {
				if err := w.Append(registry.Revision{Record: r, Author: "test", Reason: reason, At: at})(t.Context()); err != nil {
					return err
				}
			}
			return nil
		})
	}
	publishAt(published, "first", source("src"), agreement("accord", registry.Documented, "Un"), site("site", "accord"))
	publishAt(published.Add(time.Hour), "second", agreement("accord", registry.Documented, "Deux"))
	publishAt(published.Add(2*time.Hour), "third", source("other"))
	derive(t, s, registry.Derived{Record: "site", Own: []registry.PlaceCode{"09"}, Touches: []registry.PlaceCode{"09"}})
	derive(t, s, registry.Derived{Record: "accord", Touches: []registry.PlaceCode{"09"}})

	names := func(q registry.RevisionQuery) string {
		t.Helper()
		found, err := s.Revisions(t.Context(), q)
		if err != nil {
			t.Fatalf("%+v: %v", q, err)
		}
		var out []string
		for _, x := range found {
			out = append(out, fmt.Sprintf("%s.%d", x.Record.Head().ID, x.Number))
		}
		return strings.Join(out, " ")
	}
	all, err := s.Revisions(t.Context(), registry.RevisionQuery{})
	if err != nil || len(all) != 5 {
		t.Fatalf("%d revisions, %v", len(all), err)
	}
	for _, tc := range []struct {
		q    registry.RevisionQuery
		want string
	}{
		{registry.RevisionQuery{}, "other.1 accord.2 site.1 accord.1 src.1"},
		{registry.RevisionQuery{Order: registry.OldestFirst}, "src.1 accord.1 site.1 accord.2 other.1"},
		{registry.RevisionQuery{Limit: 2}, "other.1 accord.2"},
		{registry.RevisionQuery{Limit: 2, After: all[1].Seq}, "site.1 accord.1"},
		{registry.RevisionQuery{Limit: 9, After: all[3].Seq}, "src.1"},
		{registry.RevisionQuery{Limit: 2, After: all[3].Seq, Order: registry.OldestFirst}, "site.1 accord.2"},
		{registry.RevisionQuery{UpTo: all[2].Seq, Order: registry.OldestFirst}, "src.1 accord.1 site.1"},
		{registry.RevisionQuery{Records: []registry.ID{"accord"}}, "accord.2 accord.1"},
		{registry.RevisionQuery{Records: []registry.ID{"src", "other"}}, "other.1 src.1"},
		{registry.RevisionQuery{Records: []registry.ID{"nothing"}}, ""},
		{registry.RevisionQuery{Records: []registry.ID{"accord"}, Numbers: []int{1, 7}}, "accord.1"},
		{registry.RevisionQuery{Reaches: "09"}, "accord.2 site.1 accord.1"},
		{registry.RevisionQuery{Reaches: "01"}, ""},
		{registry.RevisionQuery{About: "accord"}, "accord.2 site.1 accord.1"},
		{registry.RevisionQuery{About: "other"}, "other.1"},
		{registry.RevisionQuery{About: "accord", Reaches: "09", Records: []registry.ID{"site"}}, "site.1"},
	} {
		if got := names(tc.q); got != tc.want {
			t.Errorf("%+v: %q, want %q", tc.q, got, tc.want)
		}
	}
	second := all[1]
	first := all[3]
	if second.Author != "test" || second.Reason != "second" || !second.At.Equal(published.Add(time.Hour)) || second.At.Location() != time.UTC {
		t.Errorf("came back as %s, %s, %s", second.Author, second.Reason, second.At)
	}
	if first.Previous != "" || second.Previous != first.Hash || second.Hash != get(t, s, "accord").Hash {
		t.Errorf("the chain is broken: %q, %q after %q", first.Previous, second.Previous, first.Hash)
	}
	body, _ := registry.Canonical(first.Record)
	if seal, err := first.Seal(first.Previous, first.Number, body); err != nil || seal != first.Hash {
		t.Errorf("the seal of what came back is %s, not %s (%v)", seal, first.Hash, err)
	}
}

// listed walks the records by their names.
func listed(t *testing.T, s registry.Store) {
	put(t, s, source("src-b"), agreement("accord", registry.Documented, "Un"), source("src-a"))
	for _, tc := range []struct {
		after registry.ID
		limit int
		want  string
	}{
		{"", 0, "agreement accord, source src-a, source src-b"}, {"", 1, "agreement accord"}, {"accord", 1, "source src-a"}, {"src-b", 0, ""}, {"b", 0, "source src-a, source src-b"},
	} {
		var out []string
		err := s.EachListed(t.Context(), tc.after, tc.limit, func(x registry.Listed) error {
			if !x.Updated.Equal(published) {
				t.Errorf("%s was published %s", x.ID, x.Updated)
			}
			out = append(out, string(x.Type)+" "+string(x.ID))
			return nil
		})
		if got := strings.Join(out, ", "); err != nil || got != tc.want {
			t.Errorf("after %q, %d: %q, %v; want %q", tc.after, tc.limit, got, err, tc.want)
		}
	}
	for n, want := range map[int]string{1: "[accord src-a]", 2: "[src-a]", 3: "[]", 4: "[]"} {
		if got, err := s.EveryNth(t.Context(), n); err != nil || fmt.Sprint(got) != want {
			t.Errorf("every %d: %s, %v; want %s", n, got, err, want)
		}
	}
	stop := errors.New("enough")
	if err := s.EachListed(t.Context(), "", 0, func(registry.Listed) error { return stop }); !errors.Is(err, stop) {
		t.Error(err)
	}
}

// agreementDates asks for every date of the agreements as they are published now.
func agreementDates(t *testing.T, s registry.Store) {
	dated := func(id registry.ID, duration string, steps ...string) *registry.Agreement {
		a := agreement(id, registry.Documented, "Accord")
		if duration != "" {
			a.Duration = edtf.MustParse(duration)
		}
		for _, text := range steps {
			step := registry.Step{Kind: registry.StepSigned}
			if text != "" {
				step.Date = edtf.MustParse(text)
			}
			a.Steps = append(a.Steps, step)
		}
		return a
	}
	ask := func(want ...string) {
		t.Helper()
		dates, err := s.AgreementDates(t.Context())
		var got []string
		for _, d := range dates {
			got = append(got, d.String())
		}
		slices.Sort(got)
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("%q, %v; want %q", got, err, want)
		}
	}
	ask()
	put(t, s, dated("one", "2016/2019", "2016-02", ""), dated("two", "", "2016-02", "2021?-07-26"), dated("none", ""), site("zone", "one"))
	ask("2016-02", "2016/2019", "2021?-07-26")
	put(t, s, dated("one", "../2014"))
	ask("../2014", "2016-02", "2021?-07-26")
}

// lastRevision asks which revision was the last, to fractions of a second.
func lastRevision(t *testing.T, s registry.Store) {
	last := func(moment time.Time) string {
		t.Helper()
		seq, err := s.LastRevision(t.Context(), moment)
		if err != nil {
			t.Fatal(err)
		}
		if seq == 0 {
			return ""
		}
		found, err := s.Revisions(t.Context(), registry.RevisionQuery{UpTo: seq, Limit: 1})
		if err != nil || len(found) != 1 || found[0].Seq != seq {
			t.Fatalf("revision %d: %v, %v", seq, found, err)
		}
		return string(found[0].Record.Head().ID)
	}
	if got := last(published); got != "" {
		t.Errorf("an empty registry has a last revision %q", got)
	}
	second := time.Date(2026, 5, 1, 10, 0, 5, 0, time.UTC)
	for _, x := range []struct {
		id registry.ID
		at time.Time
	}{
		{"a", second}, {"b", second.Add(600 * time.Millisecond)}, {"c", second.Add(678 * time.Millisecond)},
		{"d", second.Add(time.Hour)}, {"e", second.Add(30 * time.Minute)}, // somebody set the clock back
	} {
		write(t, s, func(w registry.Writer) error {
			return w.Append(registry.Revision{Record: source(x.id), Author: "test", Reason: "test", At: x.at})(t.Context())
		})
	}
	for _, tc := range []struct {
		after time.Duration
		want  string
	}{
		{-time.Nanosecond, ""}, {0, "a"}, {599 * time.Millisecond, "a"}, {600 * time.Millisecond, "b"}, {678 * time.Millisecond, "c"},
		{time.Second, "c"}, {45 * time.Minute, "e"}, {2 * time.Hour, "e"},
	} {
		if got := last(second.Add(tc.after)); got != tc.want {
			t.Errorf("%s later: %q, want %q", tc.after, got, tc.want)
		}
	}
	if got := last(second.Add(time.Second).In(time.FixedZone("", -3600))); got != "c" {
		t.Errorf("in another time zone: %q", got)
	}
}

// chainAlike publishes the same in two stores: hashes are the same, and differ once anything before them differs.
func chainAlike(t *testing.T, a, b registry.Store) {
	first, second := agreement("accord", registry.Documented, "Un"), agreement("accord", registry.Documented, "Deux")
	put(t, a, first)
	put(t, b, first)
	if x, y := get(t, a, "accord").Hash, get(t, b, "accord").Hash; x != y {
		t.Errorf("the same revision has the hashes %s and %s", x, y)
	}
	put(t, a, second)
	put(t, b, agreement("accord", registry.Mentioned, "Un"), second)
	put(t, a, second)
	if x, y := get(t, a, "accord"), get(t, b, "accord"); x.Revision != 3 || y.Revision != 3 || x.Hash == y.Hash {
		t.Errorf("after another history: revisions %d, %d; hashes %s, %s", x.Revision, y.Revision, x.Hash, y.Hash)
	}
}

func recordsByID(t *testing.T, s registry.Store) {
	var all []registry.ID
	write(t, s, func(w registry.Writer) error {
		for i := range 1_203 { // more than one statement may bind
			id := registry.ID(fmt.Sprintf("s-%04d", i))
			all = append(all, id)
			if err := appendAll(t.Context(), w, source(id)); err != nil {
				return err
			}
		}
		return nil
	})
	slices.Reverse(all)
	got, err := s.RecordsByID(t.Context(), all)
	if err != nil || len(got) != len(all) {
		t.Fatal(len(got), err)
	}
	for i, x := range got {
		if x.ID() != all[i] {
			t.Fatalf("record %d is %s, asked for %s", i, x.ID(), all[i])
		}
	}
	for _, tc := range []struct {
		asked []registry.ID
		want  string
	}{
		{nil, ""},
		{[]registry.ID{"nobody"}, ""},
		{[]registry.ID{"s-0002", "nobody", "s-0001"}, "s-0002 s-0001"},
		{[]registry.ID{"s-0002", "s-0001", "s-0002"}, "s-0002 s-0001"}, // asked twice, answered once
		{[]registry.ID{"S-0001", "s-0001 ", "s-0001'--", ""}, ""},
	} {
		got, err := s.RecordsByID(t.Context(), tc.asked)
		if err != nil || ids(got) != tc.want {
			t.Errorf("%v: %q, %v; want %q", tc.asked, ids(got), err, tc.want)
		}
	}
}

func records(t *testing.T, s registry.Store) {
	put(t, s, source("src"))
	put(t, s, agreement("accord", registry.Documented, "Un"))
	put(t, s, agreement("autre", registry.Mentioned, "Autre"))
	put(t, s, site("site", "accord", "autre"))
	put(t, s, amendment("avenant", "accord"))
	derive(t, s, registry.Derived{Record: "accord", Own: []registry.PlaceCode{"09.581"}, Touches: []registry.PlaceCode{"09.581", "09", "09.581.01.05"}})
	derive(t, s, registry.Derived{Record: "autre", Own: []registry.PlaceCode{registry.Country}})
	derive(t, s, registry.Derived{Record: "site", Own: []registry.PlaceCode{"09.581.01.05"}, Touches: []registry.PlaceCode{"09.581.01.05", "09.581", "09"}})
	type q = registry.RecordQuery
	type ts = []registry.Type
	for _, tc := range []struct {
		q    q
		want string
	}{
		{q{}, "avenant site autre accord src"},
		{q{Limit: 2}, "avenant site"},
		{q{Limit: 99}, "avenant site autre accord src"},
		{q{Types: ts{registry.TypeAgreement}}, "autre accord"},
		{q{Types: ts{registry.TypeAgreement, registry.TypeSource}, Limit: 2}, "autre accord"},
		{q{Types: ts{registry.TypeEvent}}, ""},
		{q{Reaches: "09"}, "site accord"},
		{q{Reaches: "09.581.01.05"}, "site accord"},
		{q{Reaches: "0"}, ""},
		{q{Reaches: "09.58"}, ""}, // a code is no prefix
		{q{Reaches: registry.Country}, "autre"},
		{q{At: "09"}, ""},
		{q{At: "09.581"}, "accord"},
		{q{At: "09.581.01.05"}, "site"},
		{q{At: registry.Country}, "autre"},
		{q{PointsTo: []registry.ID{"accord"}}, "avenant site"},
		{q{PointsTo: []registry.ID{"accord", "autre"}}, "avenant site"},
		{q{PointsTo: []registry.ID{"avenant"}}, ""},
		{q{PointsTo: []registry.ID{"accord"}, Types: ts{registry.TypeSite}, Reaches: "09.581", At: "09.581.01.05"}, "site"},
	} {
		got, err := s.Records(t.Context(), tc.q)
		if err != nil || ids(got) != tc.want {
			t.Errorf("%+v: %q, %v; want %q", tc.q, ids(got), err, tc.want)
		}
	}
	// The newest revision comes first, and references are those of the published revision alone.
	put(t, s, site("site", "autre"))
	for want, query := range map[string]q{
		"site avenant autre accord src": {},
		"avenant":                       {PointsTo: []registry.ID{"accord"}},
		"site":                          {PointsTo: []registry.ID{"autre"}},
	} {
		if got, err := s.Records(t.Context(), query); err != nil || ids(got) != want {
			t.Errorf("after a revision, %+v: %q, %v; want %q", query, ids(got), err, want)
		}
	}
}

// Marks are taken once, by type and in the order of publication, and end with their transaction.
func marks(t *testing.T, s registry.Store) {
	put(t, s, source("src"), agreement("b", registry.Documented, "B"), agreement("a", registry.Documented, "A"), site("z", "a"), site("y", "a"), site("x", "b"), amendment("m", "a"))
	ctx := t.Context()
	count := func(w registry.Writer, want int) {
		t.Helper()
		if n, err := w.CountMarked(ctx); err != nil || n != want {
			t.Errorf("%d marked, %v; want %d", n, err, want)
		}
	}
	take := func(w registry.Writer, typ registry.Type, limit int) (taken string) {
		t.Helper()
		bodies, err := w.TakeMarked(ctx, typ, limit)
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range bodies {
			x, err := b.Decode()
			if err != nil {
				t.Fatal(err)
			}
			if want := get(t, w, x.ID()); x.Hash != want.Hash || x.Revision != want.Revision || !x.Updated.Equal(want.Updated) {
				t.Errorf("%+v, want %+v", x, want)
			}
			taken += string(x.ID()) + " "
		}
		return taken
	}
	write(t, s, func(w registry.Writer) error {
		count(w, 0)
		if err := w.MarkByID(ctx, []registry.ID{"a", "nobody", "a", "y"}); err != nil {
			return err
		}
		count(w, 2)
		if err := w.Mark(ctx, registry.RecordQuery{Types: []registry.Type{registry.TypeSite, registry.TypeAmendment}, PointsTo: []registry.ID{"a"}}); err != nil {
			return err
		}
		count(w, 4)
		for _, tc := range []struct {
			typ   registry.Type
			limit int
			want  string
		}{{registry.TypeSite, 1, "z "}, {registry.TypeSite, 9, "y "}, {registry.TypeSite, 9, ""}, {registry.TypeAgreement, 9, "a "}} {
			if got := take(w, tc.typ, tc.limit); got != tc.want {
				t.Errorf("%s: took %q, want %q", tc.typ, got, tc.want)
			}
		}
		count(w, 1)
		return nil
	})
	write(t, s, func(w registry.Writer) error {
		count(w, 0)
		if err := w.Mark(ctx, registry.RecordQuery{}); err != nil {
			return err
		}
		count(w, 7)
		found, err := w.Undecoded(ctx, registry.RecordQuery{Types: []registry.Type{registry.TypeAgreement}})
		if err != nil || len(found) != 2 {
			t.Errorf("%d agreements, %v", len(found), err)
		}
		return nil
	})
}

func placesOfRecords(t *testing.T, s registry.Store) {
	put(t, s, agreement("accord", registry.Documented, "Un"), agreement("autre", registry.Documented, "Autre"))
	want := []registry.PlacedAt{
		{Pointer: "/place", Resolution: registry.Resolution{Match: registry.MatchAlias, Code: "09.581", Score: 0.875, Similar: true}},
		{Pointer: "/components/0/place", Resolution: registry.Resolution{Match: registry.MatchAmbiguous, Score: 0.5, Candidates: []registry.PlaceCode{"09.581.01.05", "09.581.03.03"}}},
	}
	derive(t, s, registry.Derived{Record: "accord", Places: want})
	derive(t, s, registry.Derived{Record: "autre", Places: want[:1]})
	for range 2 {
		if got := get(t, s, "accord").Places; fmt.Sprint(got) != fmt.Sprint(want) {
			t.Errorf("places %v, want %v", got, want)
		}
		derive(t, s, registry.Derived{Record: "accord", Places: want}) // replaces, doesn't add
	}
	derive(t, s, registry.Derived{Record: "accord"})
	if got := get(t, s, "accord").Places; len(got) > 0 {
		t.Errorf("places %v stayed", got)
	}
	if got := get(t, s, "autre").Places; len(got) != 1 {
		t.Errorf("another record's places: %v", got)
	}
}

func counts(t *testing.T, s registry.Store) {
	if got, err := s.Totals(t.Context()); err != nil || got != (registry.Totals{}) {
		t.Errorf("totals of nothing: %+v, %v", got, err)
	}
	if got, err := s.CountsByPlace(t.Context()); err != nil || len(got) != 0 {
		t.Errorf("counts of nothing: %v, %v", got, err)
	}
	dated := agreement("accord", registry.Documented, "Un")
	dated.Steps = []registry.Step{{Kind: registry.StepAnnounced, Date: edtf.MustParse("2023")}, {Kind: registry.StepSigned, Date: edtf.MustParse("2024-05")}}
	undated := agreement("autre", registry.Documented, "Autre")
	undated.Steps = []registry.Step{{Kind: registry.StepAnnounced, Date: edtf.MustParse("2023")}, {Kind: registry.StepSigned}}
	put(t, s, source("src"), dated, undated, agreement("nom", registry.Mentioned, "Nom"), site("site", "accord"), site("perdu", "autre"), amendment("avenant", "accord"),
		&registry.Organisation{Header: head(registry.TypeOrganisation, "org"), Kind: registry.OrgUnknown, Names: titled("Org")},
		&registry.Event{Header: head(registry.TypeEvent, "salon"), Kind: registry.EventFair, Titles: titled("Salon")})
	const commune, second, province = registry.PlaceCode("09.581.01.05"), registry.PlaceCode("09.581.03.03"), registry.PlaceCode("09.581")
	at := func(code registry.PlaceCode) []registry.PlacedAt {
		return []registry.PlacedAt{{Pointer: "/place", Resolution: registry.Resolution{Match: registry.MatchExact, Code: code, Score: 1}}}
	}
	write(t, s, func(w registry.Writer) error {
		var boundaries []registry.Feature
		for _, code := range []registry.PlaceCode{commune, second} {
			for _, detail := range []string{"low", "medium", "high"} {
				f := spot("communes", string(code), orb.Point{-9, 29}, code)
				f.Detail = detail
				boundaries = append(boundaries, f)
			}
		}
		if err := w.PutBoundaries(t.Context(), "one", boundaries); err != nil {
			return err
		}
		for _, d := range []registry.Derived{
			{Record: "accord", Counted: registry.CountedDocumented, Touches: []registry.PlaceCode{commune, province, "09"}},
			{Record: "autre", Counted: registry.CountedUndated, Own: []registry.PlaceCode{province}, Touches: []registry.PlaceCode{province, "09"}, Places: at(province)},
			{Record: "nom", Counted: registry.CountedMentioned, Own: []registry.PlaceCode{second}, Touches: []registry.PlaceCode{second, province, "09"}, Places: at(second)},
			{Record: "site", Counted: registry.CountedSite, Own: []registry.PlaceCode{commune}, Touches: []registry.PlaceCode{commune, province, "09"}, Places: at(commune)},
			{Record: "perdu", Counted: registry.CountedNowhere, Touches: []registry.PlaceCode{province, "09"}, Places: []registry.PlacedAt{{Pointer: "/place", Resolution: registry.Resolution{Match: registry.MatchUnresolved}}}},
			{Record: "avenant", Counted: "amendment", Touches: []registry.PlaceCode{commune, province, "09"}},
			{Record: "salon", Counted: "event", Own: []registry.PlaceCode{province}, Touches: []registry.PlaceCode{province, "09"}},
		} {
			if err := w.Derive(d)(t.Context()); err != nil {
				return err
			}
		}
		return nil
	})
	// Commune 09.581.03.03 has a mentioned agreement only: it is not counted among those that something documented is placed in.
	want := registry.Totals{Agreements: 2, Mentioned: 1, Amendments: 1, Sites: 2, Organisations: 1, Sources: 1, Communes: 1, SitesNotLocated: 1, AgreementsUndated: 1}
	if got, err := s.Totals(t.Context()); err != nil || got != want {
		t.Errorf("totals %+v, %v; want %+v", got, err, want)
	}
	all := registry.PlaceCounts{Agreements: 2, Mentioned: 1, Amendments: 1, Sites: 2, Events: 1}
	wantBy := map[registry.PlaceCode]registry.PlaceCounts{commune: {Agreements: 1, Amendments: 1, Sites: 1}, second: {Mentioned: 1}, province: all, "09": all}
	if got, err := s.CountsByPlace(t.Context()); err != nil || fmt.Sprint(got) != fmt.Sprint(wantBy) {
		t.Errorf("counts %v, %v; want %v", got, err, wantBy)
	}
}

func outlines(t *testing.T, s registry.Store) {
	a, b := agreement("a", registry.Documented, "A"), agreement("b", registry.Mentioned, "B")
	a.Parties = []registry.Party{{Organisation: "org", Role: registry.RoleLead, NameAsWritten: "Org"}, {Role: registry.RoleLead, NameAsWritten: "Autres"}, {Organisation: "org", Role: registry.RoleFunder, NameAsWritten: "Org"}}
	put(t, s, &registry.Organisation{Header: head(registry.TypeOrganisation, "org"), Kind: registry.OrgUnknown, Names: titled("Org")}, a, b, site("s", "a", "b"), site("alone"))
	write(t, s, func(w registry.Writer) error {
		signed := registry.Feature{Collection: "agreements", ID: "a", Date: edtf.MustParse("2015/2016-03"), Places: []registry.PlaceCode{"09", "09.581"}, JSON: []byte("{}"), Where: map[string]string{"kind": "cooperation", "documentation": "documented"}}
		until := spot("sites", "s", orb.Point{-9.5, 29.5}, "09")
		until.Unit, until.Until, until.Where = "09", "2024-05-01", map[string]string{"kind": "craft_zone", "status": "open", "location_precision": "region"}
		until.JSON = []byte(`{"properties":{"agreements":["b","a"],"works":["creation"],"trades":["pottery","carpets"],"shops_created":25,"shops_qualifier":"about","surface_m2":1000.5,"surface_qualifier":"at_least"}}`)
		from := registry.Feature{Collection: "sites", ID: "s", From: "2024-05-01", JSON: []byte(`{"properties":{"agreements":["a"],"shops_restored":3,"shops_qualifier":"exact"}}`)}
		nowhere := spot("sites", "alone", orb.Point{-3, 34}, "")
		nowhere.JSON = []byte(`{"properties":{}}`)
		for _, d := range []registry.Derived{{Record: "a", Features: []registry.Feature{signed}}, {Record: "b", Features: []registry.Feature{{Collection: "agreements", ID: "b", JSON: []byte("{}")}}},
			{Record: "s", Features: []registry.Feature{until, from}}, {Record: "alone", Features: []registry.Feature{nowhere}}} {
			if err := w.Derive(d)(t.Context()); err != nil {
				return err
			}
		}
		return nil
	})
	figure := func(f *registry.Figure) string {
		if f == nil {
			return "-"
		}
		return fmt.Sprint(f.Qualifier, " ", f.Value, " ", f.Unit)
	}
	var sites []string
	err := s.EachSiteOutline(t.Context(), func(o registry.SiteOutline) error {
		var under []registry.ID
		if o.Agreements != nil {
			under = *o.Agreements
		}
		sites = append(sites, fmt.Sprintf("%s %s..%s %s %s %v %v in %q, %s, %t, %t; %s, %s, %s; %v", o.ID, o.From, o.Until, o.Sort.Kind, o.Sort.Status, o.Craft.Works, o.Craft.Trades,
			o.Spot.Unit, o.Spot.Precision, o.Spot.Located, o.Spot.Bound != nil, figure(o.Figures.Created), figure(o.Figures.Restored), figure(o.Figures.Surface), under))
		return nil
	})
	slices.Sort(sites)
	want := []string{
		`alone ..   [] [] in "", , true, true; -, -, -; []`,
		`s ..2024-05-01 craft_zone open [creation] [pottery carpets] in "09", region, true, false; about 25 count, -, at_least 1000.5 m2; [a b]`,
		`s 2024-05-01..   [] [] in "", , false, false; -, exact 3 count, -; [a]`,
	}
	if err != nil || !slices.Equal(sites, want) {
		t.Errorf("sites in outline: %v\n%s\nwant\n%s", err, strings.Join(sites, "\n"), strings.Join(want, "\n"))
	}
	var agreements []string
	err = s.EachAgreementOutline(t.Context(), func(o registry.AgreementOutline) error {
		agreements = append(agreements, fmt.Sprintf("%s %s %s %t %s..%s %v %v %v", o.ID, o.Kind, o.Documentation, o.Dated, o.First, o.Last, o.Touches, o.Parties, o.Programmes))
		return nil
	})
	if want := []string{"b   false .. [] [] []", "a cooperation documented true 2015-01-01..2016-03-31 [09 09.581] [org] []"}; err != nil || !slices.Equal(agreements, want) {
		t.Errorf("agreements in outline: %v\n%s\nwant\n%s", err, strings.Join(agreements, "\n"), strings.Join(want, "\n"))
	}
}

func featuresByDay(t *testing.T, s registry.Store) {
	put(t, s, site("site"))
	var stretches []registry.Feature
	for _, x := range []struct{ from, until edtf.Day }{{"", "2024-05-01"}, {"2024-05-01", "2025-06-30"}, {"2025-06-30", ""}} {
		f := spot("sites", "site", orb.Point{-9.5, 29.5}, "09")
		f.From, f.Until, f.JSON = x.from, x.until, fmt.Appendf(nil, `{"from":%q}`, x.from)
		stretches = append(stretches, f)
	}
	derive(t, s, registry.Derived{Record: "site", Features: stretches})
	for asked, want := range map[edtf.Day]int{
		"0000-01-01": 0, "1999-12-31": 0, "2024-04-30": 0,
		"2024-05-01": 1, "2025-06-29": 1,
		"2025-06-30": 2, "2026-01-01": 2, "9999-12-31": 2,
	} {
		var got []registry.Feature
		if err := s.EachFeature(t.Context(), registry.FeatureQuery{Collection: "sites", Day: asked}, func(f registry.Feature) error {
			got = append(got, f)
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if len(got) != 1 {
			t.Errorf("%s: %d features", asked, len(got))
			continue
		}
		w := stretches[want]
		if f := got[0]; f.From != w.From || f.Until != w.Until || string(f.JSON) != string(w.JSON) || !orb.Equal(f.Geometry, w.Geometry) || f.ID != w.ID || f.Collection != "sites" || f.Detail != "" {
			t.Errorf("%s: %+v, want %+v", asked, f, w)
		}
	}
}

func featuresByBox(t *testing.T, s registry.Store) {
	put(t, s, site("a"))
	// None of these is a 32-bit float: an index of 32-bit floats alone would err on one side or the other.
	west, south, east, north := -9.731695312345678, 29.697412345678901, -9.100000000000001, 30.123456789012345
	features := []registry.Feature{
		spot("sites", "box", orb.Polygon{{{west, south}, {east, south}, {east, north}, {west, north}, {west, south}}}),
		spot("sites", "far-east", orb.Point{179.9, -17}),
		spot("sites", "far-west", orb.Point{-179.9, -17}),
		spot("sites", "hook", orb.Polygon{{{20, 50}, {30, 50}, {30, 60}, {28, 60}, {28, 52}, {22, 52}, {22, 60}, {20, 60}, {20, 50}}}),
		spot("sites", "nowhere", nil),
		spot("sites", "origin", orb.Point{0, 0}),
		spot("sites", "point", orb.Point{west, -40.1}),
		spot("sites", "split", orb.MultiPoint{{-179.5, -17}, {179.5, -17}}),
	}
	derive(t, s, registry.Derived{Record: "a", Features: features})
	box := func(w, s, e, n float64) orb.Bound { return orb.Bound{Min: orb.Point{w, s}, Max: orb.Point{e, n}} }
	up := func(x float64) float64 { return math.Nextafter(x, math.Inf(1)) }
	down := func(x float64) float64 { return math.Nextafter(x, math.Inf(-1)) }
	for _, tc := range []struct {
		name  string
		boxes []orb.Bound
		want  string
	}{
		{"the world", []orb.Bound{box(-180, -90, 180, 90)}, "box far-east far-west hook origin point split"},
		{"around", []orb.Bound{box(-10, 29, -9, 31)}, "box"},
		{"within", []orb.Bound{box(-9.5, 29.8, -9.4, 29.9)}, "box"},
		{"itself", []orb.Bound{box(west, south, east, north)}, "box"},
		{"touches its west edge", []orb.Bound{box(-20, 29, west, 31)}, "box"},
		{"a hair west of it", []orb.Bound{box(-20, 29, down(west), 31)}, ""},
		{"touches its east edge", []orb.Bound{box(east, 29, -5, 31)}, "box"},
		{"a hair east of it", []orb.Bound{box(up(east), 29, -5, 31)}, ""},
		{"touches its south edge", []orb.Bound{box(-10, 20, -9, south)}, "box"},
		{"a hair south of it", []orb.Bound{box(-10, 20, -9, down(south))}, ""},
		{"touches its north edge", []orb.Bound{box(-10, north, -9, 40)}, "box"},
		{"a hair north of it", []orb.Bound{box(-10, up(north), -9, 40)}, ""},
		{"a point, and nothing else", []orb.Bound{box(west, -40.1, west, -40.1)}, "point"},
		{"a hair beside the point", []orb.Bound{box(up(west), -40.1, 0, -40)}, ""},
		{"no area", []orb.Bound{box(0, 0, 0, 0)}, "origin"},
		{"across 180°", []orb.Bound{box(179, -20, 180, -10), box(-180, -20, -179, -10)}, "far-east far-west split"},
		{"two that overlap give each once", []orb.Bound{box(-10, 29, -9, 31), box(-11, 28, -9, 32)}, "box"},
		{"upside down", []orb.Bound{box(10, 10, -10, -10)}, ""},
		{"between the parts, on none", []orb.Bound{box(-10, -18, 10, -16)}, ""},
		{"in the hook's bend", []orb.Bound{box(23, 53, 27, 59)}, ""},
		{"through the hook, no corner of either in the other", []orb.Bound{box(19, 54, 31, 55)}, "hook"},
		{"inside the hook's side", []orb.Bound{box(20.5, 53, 21, 54)}, "hook"},
		{"touches the hook's bend", []orb.Bound{box(23, 52, 27, 59)}, "hook"},
	} {
		if got := found(t, s, registry.FeatureQuery{Boxes: tc.boxes, Located: registry.LocatedYes}); got != tc.want {
			t.Errorf("%s: %q, want %q", tc.name, got, tc.want)
		}
		n, err := s.Count(t.Context(), registry.FeatureQuery{Collection: "sites", Day: day, Boxes: tc.boxes, Located: registry.LocatedYes})
		if err != nil || n != len(strings.Fields(tc.want)) {
			t.Errorf("%s: counts %d (%v), want %q", tc.name, n, err, tc.want)
		}
	}
	if got := found(t, s, registry.FeatureQuery{Boxes: []orb.Bound{box(0, 0, 1, 1)}}); got != "nowhere origin" {
		t.Errorf("a box hides what is nowhere: %q", got)
	}
	if got := found(t, s, registry.FeatureQuery{}); !strings.Contains(got, "nowhere") {
		t.Errorf("a feature without geometry is lost where no box is asked for: %q", got)
	}
	if got := found(t, s, registry.FeatureQuery{Boxes: []orb.Bound{box(-180, -90, 180, 90)}, After: "box", Limit: 2}); got != "far-east far-west" {
		t.Errorf("a page of a box: %q", got)
	}
}

func featuresByDate(t *testing.T, s registry.Store) {
	put(t, s, site("a"))
	var features []registry.Feature
	for id, date := range map[string]string{"day": "2016-02-10", "ends": "../2015", "month": "2016-02", "never": "", "span": "2015-09/2016-03", "starts": "2017/..", "unknown": "2018/"} {
		f := spot("sites", id, nil)
		if date != "" {
			f.Date = edtf.MustParse(date)
		}
		features = append(features, f)
	}
	derive(t, s, registry.Derived{Record: "a", Features: features})
	for _, tc := range []struct {
		first, last edtf.Day
		want        string
	}{
		{"", "", "day ends month never span starts unknown"},
		{"2016-02-10", "2016-02-10", "day month never span"},
		{"2016-02-29", "2016-02-29", "month never span"},
		{"2016-03-01", "2016-12-31", "never span"},
		{"", "2015-09-01", "ends never span"},
		{"", "2000-01-01", "ends never"},
		{"2016-04-01", "", "never starts unknown"},
		{"2017-12-31", "2017-12-31", "never starts"},
		{"0000-01-01", "9999-12-31", "day ends month never span starts unknown"},
	} {
		if got := found(t, s, registry.FeatureQuery{During: registry.Days{First: tc.first, Last: tc.last}}); got != tc.want {
			t.Errorf("%s/%s: %q, want %q", tc.first, tc.last, got, tc.want)
		}
	}
	if e, err := s.Extent(t.Context(), "sites"); err != nil || e != (registry.Extent{}) {
		t.Errorf("open on both sides and nowhere: %+v, %v", e, err)
	}
	derive(t, s, registry.Derived{Record: "a", Features: []registry.Feature{
		{Collection: "agreements", ID: "a", Geometry: orb.Point{-9, 30}, Date: edtf.MustParse("2016-02"), JSON: []byte("{}")},
		{Collection: "agreements", ID: "b", Geometry: orb.Point{-8, 31}, Date: edtf.MustParse("2015"), JSON: []byte("{}")},
	}})
	e, err := s.Extent(t.Context(), "agreements")
	if err != nil || e.Bound == nil || *e.Bound != (orb.Bound{Min: orb.Point{-9, 30}, Max: orb.Point{-8, 31}}) || e.Days != (registry.Days{First: "2015-01-01", Last: "2016-02-29"}) {
		t.Errorf("extent %+v, %v", e, err)
	}
}

// Counting, leaving out, and going back a page see the same features as the stream.
func featuresByCounting(t *testing.T, s registry.Store) {
	many(t, s, 25)
	all := strings.Fields(found(t, s, registry.FeatureQuery{}))
	if len(all) != 25 {
		t.Fatalf("%d features", len(all))
	}
	q := registry.FeatureQuery{Collection: "sites", Day: day}
	for limit, want := range map[int]int{0: 25, 10: 10, 25: 25, 26: 25} {
		q.Limit = limit
		if n, err := s.Count(t.Context(), q); err != nil || n != want {
			t.Errorf("at most %d: %d, %v", limit, n, err)
		}
	}
	if n, err := s.Count(t.Context(), registry.FeatureQuery{Collection: "sites", Day: day, After: all[5], Offset: 3}); err != nil || n != 16 {
		t.Errorf("after six and three more: %d, %v", n, err)
	}
	if got, want := found(t, s, registry.FeatureQuery{Offset: 7, Limit: 3}), strings.Join(all[7:10], " "); got != want {
		t.Errorf("leaving out 7: %q, want %q", got, want)
	}
	if got, want := found(t, s, registry.FeatureQuery{Offset: 23}), strings.Join(all[23:], " "); got != want {
		t.Errorf("leaving out 23: %q, want %q", got, want)
	}
	for _, x := range []struct {
		after       string
		offset, max int
		want        []string
		more        bool
	}{{"", 0, 10, all[:10], true}, {all[4], 0, 20, all[5:], false}, {"", 20, 10, all[20:], false}, {"", 0, 24, all[:24], true}, {all[24], 0, 1, nil, false}} {
		var want []string
		if err := s.EachFeature(t.Context(), registry.FeatureQuery{Collection: "sites", Day: day}, func(f registry.Feature) error {
			if slices.Contains(x.want, f.ID) {
				want = append(want, string(f.JSON))
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		last := ""
		if len(x.want) > 0 {
			last = x.want[len(x.want)-1]
		}
		var got registry.FeatureTexts
		err := s.FeatureTexts(t.Context(), registry.FeatureQuery{Collection: "sites", Day: day, After: x.after, Offset: x.offset, Limit: x.max}, func(p registry.FeatureTexts) error {
			got = p
			got.JSON = slices.Clone(p.JSON)
			return nil
		})
		if err != nil || string(got.JSON) != strings.Join(want, ",\n") || got.N != len(x.want) || got.Last != last || got.More != x.more {
			t.Errorf("%d after %q and %d more: %+v, %v; want %q", x.max, x.after, x.offset, got, err, x.want)
		}
	}
	for after, want := range map[int]string{9: "", 10: all[0], 19: all[9], 24: all[14]} {
		if got, err := s.PageBefore(t.Context(), registry.FeatureQuery{Collection: "sites", Day: day, After: all[after]}, 10); err != nil || got != want {
			t.Errorf("before the page after %s: %q, %v; want %q", all[after], got, err, want)
		}
	}
}

// A spot tells of each feature that is somewhere what the feature does.
func spotsOfFeatures(t *testing.T, s registry.Store) {
	put(t, s, site("a"))
	precisely := func(p registry.Precision, unit registry.PlaceCode, f registry.Feature) registry.Feature {
		f.Unit, f.Where = unit, map[string]string{"kind": f.ID, "location_precision": string(p)}
		return f
	}
	before := spot("sites", "gone", orb.Point{1, 1})
	before.Until = "2025-06-01"
	small := orb.Polygon{{{1, 1}, {1.25, 1}, {1, 1.5}, {1, 1}}}
	features := []registry.Feature{
		precisely(registry.PrecisionPoint, "", spot("sites", "exact", orb.Point{1.1, 1.2})),
		precisely(registry.PrecisionCommune, "09.581.01.05", spot("sites", "commune", orb.Point{1, 1}, "09", "09.581", "09.581.01.05")),
		precisely(registry.PrecisionCommune, "09.581.01.05", spot("sites", "same commune", orb.Point{1, 1}, "09", "09.581", "09.581.01.05")),
		precisely(registry.PrecisionFootprint, "09.581", spot("sites", "area", small, "09", "09.581")),
		precisely(registry.PrecisionPoint, "", spot("sites", "points", orb.MultiPoint{{1, 1}}, "04")),
		precisely(registry.PrecisionCountry, "", spot("sites", "nowhere", nil)),
		spot("sites", "far", orb.Point{30, 30}), before, spot("agreements", "a", orb.Point{1, 1}),
	}
	derive(t, s, registry.Derived{Record: "a", Features: features})
	near := []orb.Bound{{Min: orb.Point{0, 0}, Max: orb.Point{1.2, 1.2}}}
	for _, tc := range []struct {
		q    registry.FeatureQuery
		want []string
	}{
		{registry.FeatureQuery{}, []string{"exact", "commune", "same commune", "area", "points", "far"}},
		{registry.FeatureQuery{Boxes: near}, []string{"exact", "commune", "same commune", "area", "points"}},
		{registry.FeatureQuery{Boxes: near, Where: map[string]string{"location_precision": "commune"}}, []string{"commune", "same commune"}},
		{registry.FeatureQuery{Boxes: near, Places: []registry.PlaceCode{"04"}}, []string{"points"}},
		{registry.FeatureQuery{Units: []registry.PlaceCode{"09.581"}}, []string{"area"}},
		{registry.FeatureQuery{Located: registry.LocatedNo}, []string{"exact", "commune", "same commune", "area", "points", "far"}},
		{registry.FeatureQuery{Limit: 1, Order: registry.AnyOrder}, []string{"exact", "commune", "same commune", "area", "points", "far"}},
		{registry.FeatureQuery{Day: "2025-01-01", Boxes: near}, []string{"exact", "commune", "same commune", "area", "points", "gone"}},
		{registry.FeatureQuery{Collection: "communes"}, nil},
	} {
		tc.q.Collection, tc.q.Day = cmp.Or(tc.q.Collection, "sites"), cmp.Or(tc.q.Day, day)
		var got, want []string
		if err := s.EachSpot(t.Context(), tc.q, func(at registry.Spot) error { got = append(got, fmt.Sprint(at)); return nil }); err != nil {
			t.Fatalf("%+v: %v", tc.q, err)
		}
		for _, id := range tc.want {
			f := features[slices.IndexFunc(features, func(f registry.Feature) bool { return f.ID == id })]
			_, point := f.Geometry.(orb.Point)
			want = append(want, fmt.Sprint(registry.Spot{Box: f.Geometry.Bound(), Point: point, Precision: registry.Precision(f.Where["location_precision"]), Unit: f.Unit}))
		}
		slices.Sort(got)
		slices.Sort(want)
		if !slices.Equal(got, want) {
			t.Errorf("%+v: %q, want %q", tc.q, got, want)
		}
	}
	enough := errors.New("enough")
	if err := s.EachSpot(t.Context(), registry.FeatureQuery{Collection: "sites", Day: day}, func(registry.Spot) error { return enough }); !errors.Is(err, enough) {
		t.Errorf("an error of yield: %v", err)
	}
}

func featuresByUnit(t *testing.T, s registry.Store) {
	put(t, s, site("a"))
	in := func(unit registry.PlaceCode, f registry.Feature) registry.Feature {
		f.Unit = unit
		return f
	}
	until := func(day edtf.Day, f registry.Feature) registry.Feature {
		f.Until = day
		return f
	}
	derive(t, s, registry.Derived{Record: "a", Features: []registry.Feature{
		in("09.581.01.05", spot("sites", "a", orb.Point{1, 1}, "09", "09.581", "09.581.01.05")),
		in("09.581.01.05", spot("sites", "b", orb.Point{2, 2}, "09", "09.581", "09.581.01.05")),
		in("09.581", spot("sites", "c", orb.Point{1, 1}, "09", "09.581")),
		in("09.581", spot("sites", "d", nil, "09", "09.581")),
		spot("sites", "e", orb.Point{3, 3}),
		until("2025-06-01", in("04", spot("sites", "f", orb.Point{1, 1}, "04"))),
		in("09.581.01.05", spot("agreements", "a", orb.Point{1, 1})),
	}})
	near := []orb.Bound{{Min: orb.Point{0, 0}, Max: orb.Point{1.5, 1.5}}}
	for _, tc := range []struct {
		q    registry.FeatureQuery
		want string
	}{
		{registry.FeatureQuery{}, "map[:1 09.581:1 09.581.01.05:2]"}, // d is nowhere
		{registry.FeatureQuery{Day: "2025-01-01"}, "map[:1 04:1 09.581:1 09.581.01.05:2]"},
		{registry.FeatureQuery{Places: []registry.PlaceCode{"09"}}, "map[09.581:1 09.581.01.05:2]"},
		{registry.FeatureQuery{Boxes: near}, "map[09.581:1 09.581.01.05:1]"},
		{registry.FeatureQuery{Units: []registry.PlaceCode{"", "04"}}, "map[:1]"},
		{registry.FeatureQuery{Collection: "agreements"}, "map[09.581.01.05:1]"},
		{registry.FeatureQuery{Collection: "communes"}, "map[]"},
	} {
		tc.q.Collection, tc.q.Day = cmp.Or(tc.q.Collection, "sites"), cmp.Or(tc.q.Day, day)
		if got, err := s.CountsByUnit(t.Context(), tc.q); err != nil || fmt.Sprint(got) != tc.want {
			t.Errorf("%+v: %v, %v; want %s", tc.q, got, err, tc.want)
		}
	}
	for _, tc := range []struct {
		q    registry.FeatureQuery
		want string
	}{
		{registry.FeatureQuery{Units: []registry.PlaceCode{"09.581"}}, "c d"},
		{registry.FeatureQuery{Units: []registry.PlaceCode{"", "09.581.01.05"}}, "a b e"},
		{registry.FeatureQuery{Units: []registry.PlaceCode{"09"}}, ""},
	} {
		if got := found(t, s, tc.q); got != tc.want {
			t.Errorf("in %q: %q, want %q", tc.q.Units, got, tc.want)
		}
	}
	var got []string
	q := registry.FeatureQuery{Collection: "sites", Day: day, Boxes: near, Located: registry.LocatedYes, Order: registry.AnyOrder}
	if err := s.EachFeature(t.Context(), q, func(f registry.Feature) error { got = append(got, f.ID); return nil }); err != nil {
		t.Fatal(err)
	}
	if slices.Sort(got); strings.Join(got, " ") != "a c" {
		t.Errorf("in any order: %q", got)
	}
}

func featuresByValue(t *testing.T, s registry.Store) {
	put(t, s, site("a"))
	where := func(f registry.Feature, pairs ...string) registry.Feature {
		f.Where = map[string]string{}
		for i := 0; i < len(pairs); i += 2 {
			f.Where[pairs[i]] = pairs[i+1]
		}
		return f
	}
	derive(t, s, registry.Derived{Record: "a", Features: []registry.Feature{
		where(spot("sites", "a", nil, "09", "09.581"), "kind", "craft_zone", "status", "open"),
		where(spot("sites", "b", orb.Point{1, 1}, "09", "09.581", "09.581.01.05"), "kind", "craft_zone", "status", "announced"),
		where(spot("sites", "c", orb.Point{2, 2}, "04"), "kind", "craft_market"),
		where(spot("sites", "d", orb.Point{2, 2}, "04", "09")),
		where(spot("agreements", "a", nil, "09"), "kind", "craft_zone"),
	}})
	type w = map[string]string
	type c = []registry.PlaceCode
	for _, tc := range []struct {
		q    registry.FeatureQuery
		want string
	}{
		{registry.FeatureQuery{}, "a b c d"},
		{registry.FeatureQuery{Collection: "agreements"}, "a"},
		{registry.FeatureQuery{Collection: "nothing"}, ""},
		{registry.FeatureQuery{Detail: "low"}, ""},
		{registry.FeatureQuery{ID: "c"}, "c"},
		{registry.FeatureQuery{ID: "z"}, ""},
		{registry.FeatureQuery{After: "b"}, "c d"},
		{registry.FeatureQuery{After: "bb", Limit: 1}, "c"},
		{registry.FeatureQuery{After: "d"}, ""},
		{registry.FeatureQuery{Limit: 3}, "a b c"},
		{registry.FeatureQuery{Places: c{"09"}}, "a b d"},
		{registry.FeatureQuery{Places: c{"09", "04"}}, "d"}, // every one of them
		{registry.FeatureQuery{Places: c{"09", "09.581.01.05"}}, "b"},
		{registry.FeatureQuery{Places: c{"09.5"}}, ""},
		{registry.FeatureQuery{Where: w{"kind": "craft_zone"}}, "a b"},
		{registry.FeatureQuery{Where: w{"kind": "craft_zone", "status": "open"}}, "a"},
		{registry.FeatureQuery{Where: w{"kind": "CRAFT_ZONE"}}, ""},
		{registry.FeatureQuery{Where: w{"kind": "x' OR '1'='1"}}, ""},
		{registry.FeatureQuery{Where: w{"kind": ""}}, ""}, // a feature without the value doesn't have the empty one
		{registry.FeatureQuery{Where: w{"kind": "craft_zone"}, Places: c{"09"}, After: "a", Limit: 5, Boxes: []orb.Bound{{Min: orb.Point{0, 0}, Max: orb.Point{3, 3}}}}, "b"},
	} {
		if got := found(t, s, tc.q); got != tc.want {
			t.Errorf("%+v: %q, want %q", tc.q, got, tc.want)
		}
	}
	for _, column := range registry.FeatureColumns {
		derive(t, s, registry.Derived{Record: "a", Features: []registry.Feature{where(spot("sites", "a", nil), column, "yes")}})
		if got := found(t, s, registry.FeatureQuery{Where: w{column: "yes"}}); got != "a" {
			t.Errorf("column %s is not kept: %q", column, got)
		}
	}
}

func featuresByListAndAgreement(t *testing.T, s registry.Store) {
	org := &registry.Organisation{Header: head(registry.TypeOrganisation, "org"), Kind: registry.OrganisationKinds[0], Names: titled("Office")}
	other := &registry.Organisation{Header: head(registry.TypeOrganisation, "other"), Kind: registry.OrganisationKinds[0], Names: titled("Agence")}
	programme := &registry.Programme{Header: head(registry.TypeProgramme, "plan"), Titles: titled("Plan")}
	signed := agreement("signed", registry.Documented, "Accord")
	signed.Parties = []registry.Party{{NameAsWritten: "Office", Organisation: "org"}}
	signed.Obligations = []registry.Obligation{{Organisation: "other"}} // owes something, and is no party for that
	planned := agreement("planned", registry.Documented, "Accord")
	planned.Programmes = []registry.ProgrammeLink{{Programme: "plan"}}
	put(t, s, org, other, programme, signed, planned, site("a", "signed", "planned"), site("b", "planned"))
	of := func(id, properties string, g orb.Geometry) registry.Feature {
		f := spot("sites", id, g)
		f.JSON = fmt.Appendf(nil, `{"type":"Feature","id":%q,"geometry":null,"properties":%s}`, id, properties)
		return f
	}
	derive(t, s, registry.Derived{Record: "a", Features: []registry.Feature{
		of("a", `{"works":["creation","equipment"],"utilities":["water"],"trades":[],"agreements":["signed","planned"]}`, orb.Point{1, 1}),
		of("b", `{"works":["creation"],"utilities":[],"trades":["pottery"],"agreements":["planned"]}`, nil),
		of("c", `{}`, nil),
	}})
	dated := func(id, date string) registry.Derived {
		f := spot("agreements", id, nil)
		f.Date = edtf.MustParse(date)
		return registry.Derived{Record: registry.ID(id), Features: []registry.Feature{f}}
	}
	derive(t, s, dated("signed", "2015-12/2016-01"))
	derive(t, s, dated("planned", "2021?-07-26"))
	type l = map[string]string
	for _, tc := range []struct {
		q    registry.FeatureQuery
		want string
	}{
		{registry.FeatureQuery{Year: 2014}, ""},
		{registry.FeatureQuery{Year: 2015}, "a"},
		{registry.FeatureQuery{Year: 2016}, "a"},
		{registry.FeatureQuery{Year: 2021}, "a b"},
		{registry.FeatureQuery{Year: 2021, Collection: "agreements"}, "planned"},
		{registry.FeatureQuery{Lists: l{"works": "creation"}}, "a b"},
		{registry.FeatureQuery{Lists: l{"works": "equipment"}}, "a"},
		{registry.FeatureQuery{Lists: l{"works": "creat"}}, ""},
		{registry.FeatureQuery{Lists: l{"utilities": "water", "works": "creation"}}, "a"},
		{registry.FeatureQuery{Lists: l{"trades": "pottery"}}, "b"},
		{registry.FeatureQuery{Lists: l{"trades": "' OR '1'='1"}}, ""},
		{registry.FeatureQuery{Party: "org"}, "a"},
		{registry.FeatureQuery{Party: "other"}, ""},
		{registry.FeatureQuery{Party: "plan"}, ""},
		{registry.FeatureQuery{Programme: "plan"}, "a b"},
		{registry.FeatureQuery{Programme: "plan", Party: "org"}, "a"},
		{registry.FeatureQuery{Located: registry.LocatedYes}, "a"},
		{registry.FeatureQuery{Located: registry.LocatedNo}, "b c"},
	} {
		if got := found(t, s, tc.q); got != tc.want {
			t.Errorf("%+v: %q, want %q", tc.q, got, tc.want)
		}
	}
}

func featuresAreReplaced(t *testing.T, s registry.Store) {
	put(t, s, site("a"), site("b"))
	world := []orb.Bound{{Min: orb.Point{-180, -90}, Max: orb.Point{180, 90}}}
	derive(t, s, registry.Derived{Record: "b", Features: []registry.Feature{spot("sites", "b", orb.Point{3, 3}, "09")}, Search: []string{"bois"}})
	for n := range 3 {
		derive(t, s, registry.Derived{Record: "a", Own: []registry.PlaceCode{"09"}, Search: []string{fmt.Sprintf("mot%d", n)},
			Features: []registry.Feature{spot("sites", "a", orb.Point{float64(n), 1}, registry.PlaceCode(fmt.Sprintf("0%d", n)))}})
		here := []orb.Bound{{Min: orb.Point{float64(n), 1}, Max: orb.Point{float64(n), 1}}}
		if got := found(t, s, registry.FeatureQuery{Boxes: world}) + "|" + found(t, s, registry.FeatureQuery{Boxes: here}); got != "a b|a" {
			t.Errorf("derived %d times: %q", n+1, got)
		}
		for k := range 3 {
			want := map[bool]string{true: "a"}[k == n]
			if got := found(t, s, registry.FeatureQuery{Places: []registry.PlaceCode{registry.PlaceCode(fmt.Sprintf("0%d", k))}}); got != want {
				t.Errorf("derived %d times, place 0%d: %q, want %q", n+1, k, got, want)
			}
			hits, err := s.Search(t.Context(), wordsQuery(9, []string{fmt.Sprintf("mot%d", k)}...))
			if err != nil || len(hits) != len(want) {
				t.Errorf("derived %d times, word mot%d: %v, %v", n+1, k, hits, err)
			}
		}
	}
	derive(t, s, registry.Derived{Record: "a"})
	if got := found(t, s, registry.FeatureQuery{}); got != "b" {
		t.Errorf("after nothing was derived of a: %q", got)
	}
	if got, err := s.Records(t.Context(), registry.RecordQuery{Reaches: "09"}); err != nil || len(got) > 0 {
		t.Errorf("a still reaches 09: %v, %v", ids(got), err)
	}
}

func boundariesAreReplaced(t *testing.T, s registry.Store) {
	put(t, s, site("a"))
	derive(t, s, registry.Derived{Record: "a", Features: []registry.Feature{spot("sites", "a", orb.Point{1, 1})}})
	boundary := func(detail, id string) registry.Feature {
		f := spot("communes", id, orb.MultiPolygon{{{{0, 0}, {1, 0}, {1, 1}, {0, 0}}}}, registry.PlaceCode(id))
		f.Detail = detail
		return f
	}
	write(t, s, func(w registry.Writer) error {
		if v, err := w.BoundariesVersion(t.Context()); err != nil || v != "" {
			t.Errorf("boundaries before any: %q, %v", v, err)
		}
		return w.PutBoundaries(t.Context(), "one", []registry.Feature{boundary("low", "01"), boundary("low", "02"), boundary("high", "01")})
	})
	if got := found(t, s, registry.FeatureQuery{Collection: "communes", Detail: "low"}) + "|" + found(t, s, registry.FeatureQuery{Collection: "communes", Detail: "high"}); got != "01 02|01" {
		t.Errorf("boundaries %q", got)
	}
	write(t, s, func(w registry.Writer) error {
		return w.PutBoundaries(t.Context(), "two", []registry.Feature{boundary("low", "03")})
	})
	write(t, s, func(w registry.Writer) error {
		if v, err := w.BoundariesVersion(t.Context()); err != nil || v != "two" {
			t.Errorf("boundaries are %q, %v", v, err)
		}
		return nil
	})
	if got := found(t, s, registry.FeatureQuery{Collection: "communes", Detail: "low", Boxes: []orb.Bound{{Max: orb.Point{1, 1}}}}); got != "03" {
		t.Errorf("after replacing: %q", got)
	}
	if got := found(t, s, registry.FeatureQuery{}); got != "a" {
		t.Errorf("a record's features went with the boundaries: %q", got)
	}
}

// many puts n sites with a feature and a word each, ids s-0000 on.
func many(t *testing.T, s registry.Store, n int) {
	t.Helper()
	write(t, s, func(w registry.Writer) error {
		for i := range n {
			if err := putSite(t.Context(), w, fmt.Sprintf("s-%04d", i)); err != nil {
				return err
			}
		}
		return nil
	})
}

func putSite(ctx context.Context, w registry.Writer, id string) error {
	if err := appendAll(ctx, w, site(registry.ID(id))); err != nil {
		return err
	}
	return w.Derive(registry.Derived{Record: registry.ID(id), Own: []registry.PlaceCode{"09"}, Search: []string{"zone"},
		Features: []registry.Feature{spot("sites", id, orb.Point{-9, 29}, "09")}})(ctx)
}

func yieldEndsTheStream(t *testing.T, s registry.Store) {
	many(t, s, 20)
	enough := errors.New("enough")
	n := 0
	err := s.EachFeature(t.Context(), registry.FeatureQuery{Collection: "sites", Day: day}, func(registry.Feature) error {
		if n++; n == 3 {
			return enough
		}
		return nil
	})
	if !errors.Is(err, enough) || n != 3 {
		t.Errorf("%d features and %v", n, err)
	}
}

// walkUnderWrites pages through 1,000 features while a writer adds, rewrites and takes away others in between.
func walkUnderWrites(t *testing.T, s registry.Store) {
	const size, page = 1_000, 50
	many(t, s, size)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	wrote := make(chan struct{}, 1)
	done := make(chan error, 1)
	go func() {
		for n := 0; ctx.Err() == nil; n++ {
			err := s.Write(t.Context(), func(w registry.Writer) error {
				if err := putSite(t.Context(), w, fmt.Sprintf("s-%04d-extra", n*37%size)); err != nil {
					return err
				}
				if err := w.Derive(registry.Derived{Record: registry.ID(fmt.Sprintf("s-%04d-extra", n/2*37%size))})(t.Context()); err != nil {
					return err
				}
				return putSite(t.Context(), w, fmt.Sprintf("s-%04d", n*53%size))
			})
			if err != nil {
				done <- err
				return
			}
			select {
			case wrote <- struct{}{}:
			default:
			}
		}
		done <- nil
	}()
	var walked []string
	for after := ""; ; {
		n := 0
		if err := s.EachFeature(t.Context(), registry.FeatureQuery{Collection: "sites", Day: day, After: after, Limit: page}, func(f registry.Feature) error {
			if f.ID <= after {
				t.Errorf("%s after %s", f.ID, after)
			}
			after = f.ID
			if !strings.HasSuffix(f.ID, "-extra") {
				walked = append(walked, f.ID)
			}
			n++
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		if n < page {
			break
		}
		select {
		case <-wrote: // at least one write between two pages
		case err := <-done:
			t.Fatal("writer:", err)
		}
	}
	stop()
	if err := <-done; err != nil {
		t.Error("writer:", err)
	}
	if len(walked) != size || !slices.IsSorted(walked) || len(slices.Compact(walked)) != size {
		t.Errorf("walked %d of %d", len(walked), size)
	}
}

// wordsQuery asks for records that have every one of words.
func wordsQuery(limit int, words ...string) registry.SearchQuery {
	q := registry.SearchQuery{Limit: limit}
	for _, w := range words {
		q.Terms = append(q.Terms, registry.SearchTerm{Words: []string{w}})
	}
	return q
}

// searchByTerms asks for either of several words, for places, and for both.
func searchByTerms(t *testing.T, s registry.Store) {
	type c = []registry.PlaceCode
	put(t, s, site("a"), site("b"), site("c"))
	derive(t, s, registry.Derived{Record: "a", Search: []string{"zone", "tafraout"}, Own: c{"09.581.01.05"}, Touches: c{"09.581.01.05", "09"}})
	derive(t, s, registry.Derived{Record: "b", Search: []string{"marche"}, Touches: c{"09.581.01.05"}})
	derive(t, s, registry.Derived{Record: "c", Search: []string{"zone", "تافراوت", "marches"}, Own: c{registry.Country}})
	either := func(words ...string) registry.SearchTerm { return registry.SearchTerm{Words: words} }
	there := registry.SearchTerm{Words: []string{"tafraout", "تافراوت"}, Places: c{"09.581.01.05"}}
	for _, tc := range []struct {
		terms []registry.SearchTerm
		want  string
	}{
		{[]registry.SearchTerm{either("tafraout", "تافراوت")}, "a c"},
		{[]registry.SearchTerm{there}, "a b c"},
		{[]registry.SearchTerm{there, either("zone")}, "a c"},
		{[]registry.SearchTerm{{Places: c{"09.581.01.05"}}, either("marche")}, "b"},
		{[]registry.SearchTerm{{Places: c{"09", registry.Country}}}, "a c"},
		{[]registry.SearchTerm{{Places: c{"' OR 1 --"}}}, ""},
		{[]registry.SearchTerm{{}}, ""}, // nothing meets a term that says nothing
		{[]registry.SearchTerm{either("zone"), {}}, ""},
	} {
		hits, err := s.Search(t.Context(), registry.SearchQuery{Terms: tc.terms, Limit: 10})
		var got []string
		for _, h := range hits {
			got = append(got, string(h.ID))
		}
		slices.Sort(got)
		if err != nil || strings.Join(got, " ") != tc.want {
			t.Errorf("%+v: %v, %v; want %q", tc.terms, got, err, tc.want)
		}
	}
}

// vocabulary lists each word of the index once, and forgets those that no record has any more.
func vocabulary(t *testing.T, s registry.Store) {
	put(t, s, site("a"), site("b"))
	derive(t, s, registry.Derived{Record: "a", Search: []string{"zone", "zinc", "تافراوت", "zeste"}})
	derive(t, s, registry.Derived{Record: "b", Search: []string{"zone", "bois"}})
	derive(t, s, registry.Derived{Record: "a", Search: []string{"zone", "zinc", "تافراوت"}})
	for _, tc := range []struct {
		prefix string
		limit  int
		want   string
	}{
		{"z", 10, "zinc zone"}, {"z", 1, "zinc"}, {"zo", 10, "zone"}, {"zone", 10, "zone"}, {"zones", 10, ""}, {"تا", 10, "تافراوت"}, {"%", 10, ""}, {`"`, 10, ""}, {"\x00", 10, ""},
	} {
		got, err := s.Words(t.Context(), tc.prefix, tc.limit)
		if err != nil || strings.Join(got, " ") != tc.want {
			t.Errorf("%q: %v, %v; want %q", tc.prefix, got, err, tc.want)
		}
	}
}

func search(t *testing.T, s registry.Store) {
	put(t, s, site("a"), site("b"), site("c"))
	derive(t, s, registry.Derived{Record: "a", Search: []string{"zone", "artisanale", "tafraout", "تافراوت"}})
	derive(t, s, registry.Derived{Record: "b", Search: []string{"zone", "near", "or", "d'oued", "laou"}})
	derive(t, s, registry.Derived{Record: "c"})
	for _, tc := range []struct {
		words []string
		want  string
	}{
		{[]string{"zone"}, "a b"},
		{[]string{"zo"}, "a b"},
		{[]string{"tafr"}, "a"},
		{[]string{"fraout"}, ""}, // from the beginning of a word
		{[]string{"zone", "arti"}, "a"},
		{[]string{"arti", "zone"}, "a"},
		{[]string{"zone", "laou", "arti"}, ""},
		{[]string{"تافر"}, "a"},
		{[]string{"near"}, "b"},
		{[]string{"or"}, "b"},
		{[]string{"or", "zone"}, "b"},
		{[]string{"nobody"}, ""},
		{nil, ""},
	} {
		hits, err := s.Search(t.Context(), wordsQuery(10, tc.words...))
		var got []string
		for _, h := range hits {
			got = append(got, string(h.ID))
		}
		slices.Sort(got)
		if err != nil || strings.Join(got, " ") != tc.want {
			t.Errorf("%q: %v, %v; want %q", tc.words, got, err, tc.want)
		}
		if !slices.IsSortedFunc(hits, func(a, b registry.SearchHit) int { return int(math.Copysign(1, a.Rank-b.Rank)) }) {
			t.Errorf("%q: not by rank: %v", tc.words, hits)
		}
	}
	if hits, err := s.Search(t.Context(), wordsQuery(1, []string{"zone"}...)); err != nil || len(hits) != 1 {
		t.Errorf("limit 1: %d, %v", len(hits), err)
	}
	// What is an operator somewhere is nothing but text here.
	for _, w := range []string{`"`, `""`, `"""`, `zone"`, `"zone`, "*", "**", "zone*", "NEAR", "NEAR(", "NEAR(zone laou, 3)", "a-b", "-zone", "+zone", "^zone", "words:zone", "{a b}:c",
		"AND", "OR", "NOT", "(", ")", "()", "'", "''", ";", "--", `\`, "%", "_", "", " ", "\x00", "zone\x00", "\xff", "\u200f", "é", strings.Repeat("z", 5_000), strings.Repeat(`"`, 501)} {
		for _, words := range [][]string{{w}, {w, w}, {"zone", w}, {w, "zone"}} {
			if _, err := s.Search(t.Context(), wordsQuery(10, words...)); err != nil {
				t.Errorf("%.40q: %v", words, err)
			}
		}
	}
	if hits, err := s.Search(t.Context(), wordsQuery(10, []string{"zone OR nobody"}...)); err != nil || len(hits) > 0 {
		t.Errorf("an operator worked: %v, %v", hits, err)
	}
}

func versionCounts(t *testing.T, s registry.Store) {
	seen := map[string]string{}
	version := func() string {
		t.Helper()
		v, err := s.Version(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	seen[version()] = "the empty store"
	for _, act := range []struct {
		name string
		f    func(registry.Writer) error
	}{
		{"a record", func(w registry.Writer) error { return appendAll(t.Context(), w, source("src")) }},
		{"another", func(w registry.Writer) error { return appendAll(t.Context(), w, source("src2")) }},
		{"a revision", func(w registry.Writer) error { return appendAll(t.Context(), w, source("src")) }},
		{"derived", func(w registry.Writer) error { return w.Derive(registry.Derived{Record: "src"})(t.Context()) }},
		{"boundaries", func(w registry.Writer) error { return w.PutBoundaries(t.Context(), "one", nil) }},
		{"a text", func(w registry.Writer) error {
			return w.AttachText(t.Context(), "src", registry.SourceText{Raw: []byte("x"), SHA256: "x", Attached: published})
		}},
	} {
		write(t, s, act.f)
		v := version()
		if was, twice := seen[v]; twice {
			t.Errorf("%s has version %q, as had %s", act.name, v, was)
		}
		seen[v] = act.name
	}
	before := version()
	failed := errors.New("failed")
	if err := s.Write(t.Context(), func(w registry.Writer) error { return errors.Join(appendAll(t.Context(), w, source("src3")), failed) }); !errors.Is(err, failed) {
		t.Error(err)
	}
	write(t, s, func(w registry.Writer) error {
		_, err := w.Records(t.Context(), registry.RecordQuery{})
		return err
	})
	found(t, s, registry.FeatureQuery{})
	if after := version(); after != before {
		t.Errorf("nothing was published, and version %q became %q", before, after)
	}
}

func sourceText(t *testing.T, s registry.Store) {
	put(t, s, source("src"), source("bare"))
	_, err := s.SourceText(t.Context(), "src")
	wantCode(t, err, registry.NotFound)
	for _, raw := range []string{"Le texte\r\n\u00a0entier.", "\x00\xff", ""} {
		want := registry.SourceText{Raw: []byte(raw), SHA256: "hash of " + raw[:min(2, len(raw))], Attached: published.Add(time.Duration(len(raw)) * time.Minute)}
		if !strings.Contains(raw, "texte") {
			want.SHA256 = "another"
		}
		write(t, s, func(w registry.Writer) error { return w.AttachText(t.Context(), "src", want) })
		got, err := s.SourceText(t.Context(), "src")
		if err != nil || string(got.Raw) != raw || got.SHA256 != want.SHA256 || !got.Attached.Equal(want.Attached) {
			t.Errorf("%q: %+v, %v", raw, got, err)
		}
	}
	_, err = s.SourceText(t.Context(), "bare")
	wantCode(t, err, registry.NotFound)
	err = s.Write(t.Context(), func(w registry.Writer) error {
		return w.AttachText(t.Context(), "nobody", registry.SourceText{Raw: []byte("x"), SHA256: "x", Attached: published})
	})
	wantCode(t, err, registry.Conflict)
}

func failedWriteLeavesNothing(t *testing.T, s registry.Store) {
	put(t, s, source("src"))
	before, _ := s.Version(t.Context())
	failed := errors.New("failed")
	everything := func(w registry.Writer) error {
		if err := putSite(t.Context(), w, "site"); err != nil {
			return err
		}
		if err := appendAll(t.Context(), w, source("src")); err != nil {
			return err
		}
		if err := w.PutBoundaries(t.Context(), "one", []registry.Feature{{Collection: "communes", Detail: "low", ID: "01", JSON: []byte("{}")}}); err != nil {
			return err
		}
		return w.AttachText(t.Context(), "src", registry.SourceText{Raw: []byte("x"), SHA256: "x", Attached: published})
	}
	if err := s.Write(t.Context(), func(w registry.Writer) error {
		if err := everything(w); err != nil {
			t.Error(err)
		}
		return failed
	}); !errors.Is(err, failed) {
		t.Errorf("the function's own error came back as %v", err)
	}
	func() {
		defer func() {
			if recover() == nil {
				t.Error("a panic was swallowed")
			}
		}()
		_ = s.Write(t.Context(), func(w registry.Writer) error {
			if err := everything(w); err != nil {
				t.Error(err)
			}
			panic("our own mistake")
		})
	}()
	all, err := s.Records(t.Context(), registry.RecordQuery{})
	if err != nil || ids(all) != "src" || all[0].Revision != 1 {
		t.Errorf("left: %v, %v", all, err)
	}
	if got := found(t, s, registry.FeatureQuery{}) + found(t, s, registry.FeatureQuery{Collection: "communes", Detail: "low"}); got != "" {
		t.Errorf("features left: %q", got)
	}
	if hits, err := s.Search(t.Context(), wordsQuery(9, []string{"zone"}...)); err != nil || len(hits) > 0 {
		t.Errorf("words left: %v, %v", hits, err)
	}
	if after, _ := s.Version(t.Context()); after != before {
		t.Errorf("version %q became %q", before, after)
	}
	_, err = s.SourceText(t.Context(), "src")
	wantCode(t, err, registry.NotFound)
	write(t, s, everything) // and the store still takes it
}

func danglingReference(t *testing.T, s registry.Store) {
	for _, r := range []registry.Record{site("site", "nobody"), amendment("avenant", "nobody")} {
		err := s.Write(t.Context(), func(w registry.Writer) error { return appendAll(t.Context(), w, r) })
		wantCode(t, err, registry.Conflict)
	}
	if all, err := s.Records(t.Context(), registry.RecordQuery{}); err != nil || len(all) > 0 {
		t.Errorf("written all the same: %v, %v", ids(all), err)
	}
	// Within one transaction what points may come before what is pointed at.
	put(t, s, site("site", "accord"), amendment("avenant", "accord"), agreement("accord", registry.Documented, "Un"))
	err := s.Write(t.Context(), func(w registry.Writer) error { return appendAll(t.Context(), w, site("site", "accord", "nobody")) })
	wantCode(t, err, registry.Conflict)
	if x := get(t, s, "site"); x.Revision != 1 {
		t.Errorf("revision %d", x.Revision)
	}
}

func writerReadsItsOwnWrites(t *testing.T, s registry.Store) {
	write(t, s, func(w registry.Writer) error {
		if err := putSite(t.Context(), w, "site"); err != nil {
			return err
		}
		if _, err := w.Record(t.Context(), "site"); err != nil {
			t.Error("the writer:", err)
		}
		_, err := s.Record(t.Context(), "site")
		wantCode(t, err, registry.NotFound) // a reader outside sees nothing yet
		if got := found(t, w, registry.FeatureQuery{}) + "|" + found(t, s, registry.FeatureQuery{}); got != "site|" {
			t.Errorf("features before the commit: %q", got)
		}
		return nil
	})
	if got := found(t, s, registry.FeatureQuery{}); got != "site" {
		t.Errorf("features after the commit: %q", got)
	}
}

// readersBesideAWriter publishes two records together again and again: nobody fails, and nobody sees one without the other.
func readersBesideAWriter(t *testing.T, s registry.Store) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	pair := func(w registry.Writer) error {
		return errors.Join(putSite(t.Context(), w, "a"), putSite(t.Context(), w, "b"))
	}
	write(t, s, pair)
	var wg sync.WaitGroup
	const writes = 30
	wg.Go(func() {
		defer stop()
		for range writes {
			if err := s.Write(t.Context(), pair); err != nil {
				t.Error("writer:", err)
				return
			}
		}
	})
	for i := range 4 {
		wg.Go(func() {
			for first := true; first || ctx.Err() == nil; first = false {
				both, err := s.Records(t.Context(), registry.RecordQuery{})
				if err != nil || len(both) != 2 || both[0].Revision != both[1].Revision {
					t.Errorf("reader %d: %v, %v", i, both, err)
					return
				}
				n := 0
				err = s.EachFeature(t.Context(), registry.FeatureQuery{Collection: "sites", Day: day}, func(registry.Feature) error { n++; return nil })
				if err != nil || n != 2 {
					t.Errorf("reader %d: %d features, %v", i, n, err)
					return
				}
				_, err1 := s.Version(t.Context())
				_, err2 := s.Totals(t.Context())
				hits, err3 := s.Search(t.Context(), wordsQuery(9, []string{"zone"}...))
				if err := errors.Join(err1, err2, err3); err != nil || len(hits) != 2 {
					t.Errorf("reader %d: %d hits, %v", i, len(hits), err)
					return
				}
			}
		})
	}
	wg.Wait()
	if got := get(t, s, "a").Revision; got != writes+1 {
		t.Errorf("revision %d after %d writes", got, writes+1)
	}
}

func cancelledContext(t *testing.T, s registry.Store) {
	many(t, s, 300)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	_, err1 := s.Record(gone, "s-0001")
	_, err2 := s.Records(gone, registry.RecordQuery{})
	_, err3 := s.RecordsByID(gone, []registry.ID{"s-0001"})
	_, err4 := s.Totals(gone)
	_, err5 := s.CountsByPlace(gone)
	_, err6 := s.Search(gone, wordsQuery(9, []string{"zone"}...))
	_, err7 := s.Version(gone)
	_, err8 := s.SourceText(gone, "s-0001")
	err9 := s.EachFeature(gone, registry.FeatureQuery{Collection: "sites", Day: day}, func(registry.Feature) error { return nil })
	err10 := s.Write(gone, func(w registry.Writer) error { return appendAll(gone, w, source("src")) })
	_, err11 := s.Revisions(gone, registry.RevisionQuery{})
	_, err12 := s.LastRevision(gone, published)
	err13 := s.EachListed(gone, "", 0, func(registry.Listed) error { return nil })
	_, err14 := s.EveryNth(gone, 10)
	_, err15 := s.AgreementDates(gone)
	for i, err := range []error{err13, err14, err15, err1, err2, err3, err4, err5, err6, err7, err8, err9, err10, err11, err12} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("call %d: %v", i+1, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	n := 0
	err := s.EachFeature(ctx, registry.FeatureQuery{Collection: "sites", Day: day}, func(registry.Feature) error {
		if n++; n == 5 {
			cancel()
		}
		if n > 5 {
			time.Sleep(time.Millisecond)
		}
		return nil
	})
	if !errors.Is(err, context.Canceled) || n == 300 {
		t.Errorf("%d features and %v", n, err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	if err := s.Write(ctx, func(w registry.Writer) error {
		defer cancel()
		return appendAll(ctx, w, source("src"))
	}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled before the commit: %v", err)
	}
	if _, err := s.Record(t.Context(), "src"); err == nil {
		t.Error("written although cancelled")
	}
	put(t, s, source("src")) // and the store still works
}
