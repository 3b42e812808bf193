package publish_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"testing"

	"mithaq/internal/bench"
	"mithaq/internal/edtf"
	"mithaq/internal/gazetteer"
	"mithaq/internal/publish"
	"mithaq/internal/registry"
)

// synthetic are the records of a synthetic registry.
func synthetic(t *testing.T, sites int) []registry.Record {
	t.Helper()
	places, err := gazetteer.Default()
	if err != nil {
		t.Fatal(err)
	}
	g, err := bench.New(places, sites)
	if err != nil {
		t.Fatal(err)
	}
	return slices.Collect(g.Records())
}

// derived is everything that is read of a registry, as text.
func derived(t *testing.T, r registry.Reader) string {
	t.Helper()
	var out []string
	for _, collection := range []string{"sites", "agreements", "amendments"} {
		for _, day := range []edtf.Day{"2015-01-01", "2024-05-01", "2030-01-01"} {
			q := registry.FeatureQuery{Collection: collection, Day: day}
			if err := r.EachFeature(t.Context(), q, func(f registry.Feature) error {
				out = append(out, fmt.Sprintf("%s %s %s %v %s", collection, f.From, f.Until, f.Geometry, f.JSON))
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			counts, err := r.CountsByUnit(t.Context(), q)
			if err != nil {
				t.Fatal(err)
			}
			out = append(out, fmt.Sprint(counts))
		}
	}
	all, err := r.Records(t.Context(), registry.RecordQuery{})
	if err != nil {
		t.Fatal(err)
	}
	slices.SortFunc(all, func(a, b registry.Stored) int { return strings.Compare(string(a.ID()), string(b.ID())) })
	for _, x := range all {
		body, _ := registry.Canonical(x.Record)
		out = append(out, fmt.Sprintf("%s %v", body, x.Places))
	}
	places, err := r.CountsByPlace(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	totals, err := r.Totals(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	words, err := r.Words(t.Context(), "", 100_000)
	if err != nil {
		t.Fatal(err)
	}
	for _, code := range slices.Sorted(func(yield func(registry.PlaceCode) bool) {
		for code := range places {
			if !yield(code) {
				return
			}
		}
	}) {
		out = append(out, fmt.Sprint(code, places[code]))
	}
	return strings.Join(append(out, fmt.Sprint(totals, words)), "\n")
}

// The same records give the same registry however they are published: together, in any order, or part by part, each part after what it points at.
func TestTheSameRecordsGiveTheSameRegistry(t *testing.T) {
	records := append(shipped(t), synthetic(t, 160)...)
	store, p := open(t)
	mustPublish(t, p, records)
	want := derived(t, store)
	random := rand.New(rand.NewPCG(3, 4))

	t.Run("in any order", func(t *testing.T) {
		publish.RememberForward(t, 50) // so that it takes a second reading, too
		store, p := open(t)
		mixed := slices.Clone(records)
		random.Shuffle(len(mixed), func(i, j int) { mixed[i], mixed[j] = mixed[j], mixed[i] })
		mustPublish(t, p, mixed)
		if got := derived(t, store); got != want {
			t.Error(firstDifference(got, want))
		}
	})
	t.Run("part by part", func(t *testing.T) {
		store, p := open(t)
		order := []registry.Type{registry.TypeSource, registry.TypeOrganisation, registry.TypeProgramme, registry.TypeAgreement, registry.TypeSite,
			registry.TypeAmendment, registry.TypeEvent, registry.TypeAnnouncement}
		sorted := slices.Clone(records)
		slices.SortStableFunc(sorted, func(a, b registry.Record) int {
			return slices.Index(order, a.Head().Type) - slices.Index(order, b.Head().Type)
		})
		n := slices.IndexFunc(sorted, func(r registry.Record) bool { return r.Head().Type == registry.TypeProgramme })
		for len(sorted) > 0 { // sources and organisations name each other, so they come together
			mustPublish(t, p, sorted[:n])
			sorted = sorted[n:]
			n = min(len(sorted), 1+random.IntN(90))
		}
		if got := derived(t, store); got != want {
			t.Error(firstDifference(got, want))
		}
	})
	t.Run("reindexed", func(t *testing.T) {
		if err := p.Reindex(t.Context(), nil); err != nil {
			t.Fatal(err)
		}
		if got := derived(t, store); got != want {
			t.Error(firstDifference(got, want))
		}
	})
}

// firstDifference shows where two texts part.
func firstDifference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return fmt.Sprintf("%s\nwant\n%s", x[i], y[i])
		}
	}
	return fmt.Sprintf("%d lines, want %d", len(x), len(y))
}

// A problem in the last of many records, found when all before it were taken in, leaves nothing behind and names the record.
func TestLateProblemLeavesNothing(t *testing.T) {
	store, p := open(t)
	records := synthetic(t, 1300)
	last := records[len(records)-1].(*registry.Site)
	for name, wrong := range map[string]func(*registry.Site){
		"/agreements/0":                  func(s *registry.Site) { s.Agreements = []registry.ID{"nobody"} },
		"/id":                            func(s *registry.Site) { s.ID = "synthetic-site-0000001" },
		"/position/geometry/coordinates": func(s *registry.Site) { s.Place = records[200].(*registry.Site).Place },
	} {
		t.Run(name, func(t *testing.T) {
			bad := *last
			wrong(&bad)
			told := 0
			_, err := p.Publish(t.Context(), publish.Request{
				Records: append(slices.Clone(records[:len(records)-1]), &bad),
				Tell:    func(registry.ID, publish.Outcome) { told++ },
			})
			var problems publish.Problems
			if !errors.As(err, &problems) || len(problems) != 1 || problems[0].Index != len(records)-1 || problems[0].Pointer != name {
				t.Fatal(err)
			}
			if all, err := store.Records(t.Context(), registry.RecordQuery{}); err != nil || len(all) > 0 {
				t.Errorf("%d records are there, %v", len(all), err)
			}
		})
	}
}

// The reading's own error ends a publication, and nothing is there.
func TestBrokenReadingPublishesNothing(t *testing.T) {
	store, p := open(t)
	broken := errors.New("the line is cut")
	records := synthetic(t, 700)
	_, err := p.Publish(t.Context(), publish.Request{Each: func(yield func(registry.Record, []byte) error) error {
		for _, r := range records {
			body, err := registry.Canonical(r)
			if err != nil {
				return err
			}
			if err := yield(r, body); err != nil {
				return err
			}
		}
		return broken
	}})
	if !errors.Is(err, broken) {
		t.Fatal(err)
	}
	if all, err := store.Records(t.Context(), registry.RecordQuery{}); err != nil || len(all) > 0 {
		t.Errorf("%d records are there, %v", len(all), err)
	}
}

// Publishing holds a bounded number of records, whatever their number.
func TestMemoryDoesNotGrowWithRecords(t *testing.T) {
	places, err := gazetteer.Default()
	if err != nil {
		t.Fatal(err)
	}
	g, err := bench.New(places, 6_000)
	if err != nil {
		t.Fatal(err)
	}
	_, p := open(t)
	var before, now runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	most, size := uint64(0), 0
	_, err = p.Publish(t.Context(), publish.Request{
		Each: func(yield func(registry.Record, []byte) error) error {
			for r := range g.Records() {
				body, err := registry.Canonical(r)
				if err != nil {
					return err
				}
				size += len(body)
				if err := yield(r, body); err != nil {
					return err
				}
			}
			return nil
		},
		Progress: func(done, total int) {
			if done%500 == 0 {
				runtime.GC()
				runtime.ReadMemStats(&now)
				most = max(most, now.HeapAlloc-min(now.HeapAlloc, before.HeapAlloc))
			}
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%d MiB of heap for records of %d MiB", most>>20, size>>20)
	if most > 40<<20 { // decoded, all of them hold four times that
		t.Errorf("%d MiB of heap for records of %d MiB", most>>20, size>>20)
	}
}
