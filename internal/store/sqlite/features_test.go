package sqlite

import (
	"context"
	"fmt"
	"hash/crc32"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/paulmach/orb"

	"mithaq/internal/cql"
	"mithaq/internal/edtf"
	"mithaq/internal/registry"
)

// A few hundred features are to be counted in several parts, as a million are.
func init() { mostTallied, mostWaiting, manyAtOnce, fewestRecent = 500, 700, 20, 0 }

// Ways to the same answer: the curve, the R*Tree, the tables of places and agreements and the tally give what a look at every feature gives, in the
// same order, whatever is asked.
func TestQuickWaysGiveThePlainAnswer(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(2026, 6))
	s := openAt(t, filepath.Join(t.TempDir(), "registry.db"))
	putRandom(t, s, random, 3_000)
	plain := reader{q: s.reads, plainly: true}
	s.milestones.every = 30
	scanning := reader{q: s.reads, large: 1}
	found := 0
	for range 800 {
		q := randomQuery(t, random)
		same := func(what string, ask func(registry.Reader) (string, error)) string {
			want, err := ask(plain)
			if err != nil {
				t.Fatalf("%s of %+v: %v", what, q, err)
			}
			for _, quick := range []registry.Reader{s, scanning} {
				got, err := ask(quick)
				if err != nil || got != want {
					t.Fatalf("%s of %+v: %.2000s, %v; want %.2000s", what, q, got, err, want)
				}
			}
			return want
		}
		ids := same("features", func(r registry.Reader) (string, error) {
			var ids []string
			err := r.EachFeature(t.Context(), q, func(f registry.Feature) error {
				ids = append(ids, fmt.Sprintf("%s@%s#%x", f.ID, f.From, crc32.ChecksumIEEE(f.JSON)))
				return nil
			})
			if q.Order == registry.AnyOrder {
				slices.Sort(ids)
			}
			return strings.Join(ids, " "), err
		})
		if ids != "" {
			found++
		}
		n := same("count", func(r registry.Reader) (string, error) {
			n, err := r.Count(t.Context(), q)
			return fmt.Sprint(n), err
		})
		if want := len(strings.Fields(ids)); n != fmt.Sprint(want) {
			t.Fatalf("%+v: %s counted, %d given", q, n, want)
		}
		same("counts by unit", func(r registry.Reader) (string, error) {
			q := q
			q.After, q.Offset, q.Limit = "", 0, 0
			by, err := r.CountsByUnit(t.Context(), q)
			return fmt.Sprint(by), err
		})
		same("spots", func(r registry.Reader) (string, error) {
			q := q
			q.After, q.Offset, q.Limit = "", 0, 0
			var spots []string
			err := r.EachSpot(t.Context(), q, func(at registry.Spot) error {
				spots = append(spots, fmt.Sprint(at))
				return nil
			})
			slices.Sort(spots)
			return strings.Join(spots, " "), err
		})
		if q.Limit > 0 && q.Order != registry.AnyOrder {
			var page registry.FeatureTexts
			err := s.FeatureTexts(t.Context(), q, func(p registry.FeatureTexts) error {
				page = p
				page.JSON = slices.Clone(p.JSON)
				return nil
			})
			want, n, last := "", 0, ""
			more := q
			more.Limit++
			if err := plain.EachFeature(t.Context(), more, func(f registry.Feature) error {
				if n++; n <= q.Limit {
					want, last = want+",\n"+string(f.JSON), f.ID
				}
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			if err != nil || string(page.JSON) != strings.TrimPrefix(want, ",\n") || page.N != min(n, q.Limit) || page.Last != last || page.More != (n > q.Limit) {
				t.Fatalf("text of %+v: %d, %q, %t, %v; want %d features", q, page.N, page.Last, page.More, err, n)
			}
		}
		if q.After != "" {
			same("page before", func(r registry.Reader) (string, error) { return r.PageBefore(t.Context(), q, 1+q.Limit) })
		}
	}
	var empty int
	if err := s.reads.QueryRow("SELECT (SELECT count(*) FROM feature_tally WHERE n <= 0) + (SELECT count(*) FROM feature_square WHERE n <= 0)").Scan(&empty); err != nil || empty > 0 {
		t.Errorf("%d rows count nothing (%v)", empty, err)
	}
	if found < 150 {
		t.Errorf("only %d questions had an answer", found)
	}
}

// The pages' counts are those of the records themselves, whatever was published again, derived anew or never derived.
func TestPlaceTallyCountsTheRecords(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(2026, 7))
	s := openAt(t, filepath.Join(t.TempDir(), "registry.db"))
	plain := reader{q: s.reads, plainly: true}
	s.milestones.every = 30
	for range 30 {
		err := s.Write(t.Context(), func(w registry.Writer) error {
			for range random.IntN(40) {
				n := random.IntN(60)
				var r registry.Record = &registry.Site{Header: registry.Header{Type: registry.TypeSite, ID: registry.ID(fmt.Sprintf("site-%d", n))}}
				switch n % 4 {
				case 0:
					a := &registry.Agreement{Header: registry.Header{Type: registry.TypeAgreement, ID: registry.ID(fmt.Sprintf("agreement-%d", n))}}
					a.Documentation = registry.Documentations[random.IntN(2)]
					a.Steps = []registry.Step{{Kind: registry.StepKinds[random.IntN(len(registry.StepKinds))]}, {Kind: registry.StepSigned}}
					if random.IntN(2) == 0 {
						a.Steps[1].Date = edtf.MustParse("2021?-07-26")
					}
					r = a
				case 1:
					r = &registry.Event{Header: registry.Header{Type: registry.TypeEvent, ID: registry.ID(fmt.Sprintf("event-%d", n))}}
				}
				if err := w.Append(registry.Revision{Record: r, Author: "a", Reason: "r"})(t.Context()); err != nil {
					return err
				}
				if random.IntN(5) == 0 {
					continue
				}
				d := registry.Derived{Record: r.Head().ID}
				for range random.IntN(3) {
					code := pick(random, someUnits[1:])
					d.Touches = append(d.Touches, code)
					d.Places = append(d.Places, registry.PlacedAt{Pointer: "/place", Resolution: registry.Resolution{Match: registry.MatchExact, Code: code}})
				}
				d.Counted = registry.CountedAs(r, d.Places)
				if err := w.Derive(d)(t.Context()); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		totals, err := s.Totals(t.Context())
		want, err2 := plain.Totals(t.Context())
		if err != nil || err2 != nil || totals != want {
			t.Fatalf("%+v, %v; want %+v, %v", totals, err, want, err2)
		}
		counts, err := s.CountsByPlace(t.Context())
		wanted, err2 := plain.CountsByPlace(t.Context())
		if err != nil || err2 != nil || !maps.Equal(counts, wanted) {
			t.Fatalf("%+v, %v; want %+v, %v", counts, err, wanted, err2)
		}
		sameNewest(t, s, plain)
	}
	if n, err := s.Totals(t.Context()); err != nil || n.Agreements == 0 || n.AgreementsUndated == 0 || n.Mentioned == 0 || n.SitesNotLocated == 0 {
		t.Errorf("the trial had not all sorts: %+v, %v", n, err)
	}
}

// sameNewest asks for the newest records and revisions, of units, types and all, as few and as many as there are.
func sameNewest(t *testing.T, s, plain registry.Reader) {
	t.Helper()
	all, err := plain.Records(t.Context(), registry.RecordQuery{})
	if err != nil {
		t.Fatal(err)
	}
	for _, limit := range []int{0, 1, 2, 10, 1000} {
		for _, kind := range append([]registry.Type{""}, registry.Types...) {
			q, want := registry.RecordQuery{Limit: limit}, []registry.Stored(nil)
			if kind != "" {
				q.Types = []registry.Type{kind}
			}
			for _, x := range all {
				if (kind == "" || x.Record.Head().Type == kind) && (limit == 0 || len(want) < limit) {
					want = append(want, x)
				}
			}
			if got, err := s.Records(t.Context(), q); err != nil || !reflect.DeepEqual(got, want) {
				t.Fatalf("newest of %+v: %d, %v; want %d", q, len(got), err, len(want))
			}
		}
		for _, code := range append(someUnits[1:], "00") {
			q := registry.RecordQuery{Reaches: code, Limit: limit}
			got, err := s.Records(t.Context(), q)
			want, err2 := plain.Records(t.Context(), q)
			if err != nil || err2 != nil || !reflect.DeepEqual(got, want) {
				t.Fatalf("newest of %+v: %d, %v; want %d, %v", q, len(got), err, len(want), err2)
			}
			history := registry.RevisionQuery{Reaches: code, Limit: limit}
			revisions, err := s.Revisions(t.Context(), history)
			wanted, err2 := plain.Revisions(t.Context(), history)
			if err != nil || err2 != nil || !reflect.DeepEqual(revisions, wanted) {
				t.Fatalf("newest of %+v: %d, %v; want %d, %v", history, len(revisions), err, len(wanted), err2)
			}
		}
	}
}

// Boundaries lie among the agreements and sites that are no points.
func TestBoundariesAmongAgreements(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(2026, 11))
	s := openAt(t, filepath.Join(t.TempDir(), "registry.db"))
	putRandom(t, s, random, 500)
	var boundaries []registry.Feature
	for _, collection := range []string{"communes", "provinces"} {
		for _, detail := range []string{"low", "medium"} {
			for i := range 60 {
				f := randomFeature(random, collection, fmt.Sprintf("%02d", i), nil)
				f.Detail = detail
				boundaries = append(boundaries, f)
			}
		}
	}
	if err := s.Write(t.Context(), func(w registry.Writer) error { return w.PutBoundaries(t.Context(), "one", boundaries) }); err != nil {
		t.Fatal(err)
	}
	plain := reader{q: s.reads, plainly: true}
	asked := map[bool]int{} // by whether more than some were found
	for range 300 {
		q := registry.FeatureQuery{Collection: pick(random, []string{"communes", "provinces"}), Detail: pick(random, []string{"low", "medium"}), Day: "2026-01-01", Limit: random.IntN(4)}
		switch random.IntN(3) {
		case 0:
			q.Places = []registry.PlaceCode{pick(random, someUnits[1:])}
		case 1:
			q.Boxes = []orb.Bound{randomBox(random)}
		case 2:
			q.Places, q.Boxes = []registry.PlaceCode{pick(random, someUnits[1:])}, []orb.Bound{randomBox(random)}
		}
		list := func(r registry.Reader) (out []string, err error) {
			err = r.EachFeature(t.Context(), q, func(f registry.Feature) error {
				out = append(out, fmt.Sprintf("%s#%x", f.ID, crc32.ChecksumIEEE(f.JSON)))
				return nil
			})
			return out, err
		}
		got, err := list(s)
		want, err2 := list(plain)
		if err != nil || err2 != nil || !slices.Equal(got, want) {
			t.Fatalf("%+v: %q, %v; want %q, %v", q, got, err, want, err2)
		}
		asked[len(want) > 20]++
	}
	if asked[true] < 10 || asked[false] < 10 {
		t.Errorf("the trial had not all sorts: %v", asked)
	}
}

var (
	someKinds = []string{"craft_zone", "craft_market", "other"}
	someUnits = []registry.PlaceCode{"", "09", "09.581", "09.581.01", "09.581.01.05", "09.581.01.07", "04", "04.421"}
	someDays  = []edtf.Day{"", "2020-01-01", "2023-05-01", "2025-06-30"}
	spots     = []orb.Point{{-9.5, 29.5}, {0, 0}, {-180, -90}, {180, 90}} // where many are
)

func pick[T any](random *rand.Rand, list []T) T { return list[random.IntN(len(list))] }

// putRandom publishes sites and agreements, replaces some of them, and takes the features of some away.
func putRandom(t *testing.T, s *Store, random *rand.Rand, n int) {
	t.Helper()
	var agreements []registry.ID
	write := func(f func(ctx context.Context, w registry.Writer) error) {
		t.Helper()
		if err := s.Write(t.Context(), func(w registry.Writer) error { return f(t.Context(), w) }); err != nil {
			t.Fatal(err)
		}
	}
	appended := func(ctx context.Context, w registry.Writer, r registry.Record) error {
		return w.Append(registry.Revision{Record: r, Author: "a", Reason: "r"})(ctx)
	}
	write(func(ctx context.Context, w registry.Writer) error {
		org := &registry.Organisation{Header: registry.Header{Type: registry.TypeOrganisation, ID: "org"}}
		plan := &registry.Programme{Header: registry.Header{Type: registry.TypeProgramme, ID: "plan"}}
		for _, r := range []registry.Record{org, plan} {
			if err := appended(ctx, w, r); err != nil {
				return err
			}
		}
		for i := range 60 {
			a := &registry.Agreement{Header: registry.Header{Type: registry.TypeAgreement, ID: registry.ID(fmt.Sprintf("agreement-%02d", i))}}
			if i%3 == 0 {
				a.Parties = []registry.Party{{Organisation: "org"}}
			}
			if i%4 == 0 {
				a.Programmes = []registry.ProgrammeLink{{Programme: "plan"}}
			}
			if err := appended(ctx, w, a); err != nil {
				return err
			}
			f := randomFeature(random, "agreements", string(a.ID), nil)
			f.Date = edtf.MustParse(pick(random, []string{"2016", "2015-09/2016-03", "2021?-07-26", "../2014"}))
			if err := w.Derive(registry.Derived{Record: a.ID, Features: []registry.Feature{f}})(ctx); err != nil {
				return err
			}
			agreements = append(agreements, a.ID)
		}
		return nil
	})
	for round := range 2 { // again, other features of the same records
		write(func(ctx context.Context, w registry.Writer) error {
			for i := range n / (1 + 4*round) {
				id := registry.ID(fmt.Sprintf("site-%04d", i*7919%n))
				if round == 0 {
					if err := appended(ctx, w, &registry.Site{Header: registry.Header{Type: registry.TypeSite, ID: id}}); err != nil {
						return err
					}
				}
				var features []registry.Feature
				from := edtf.Day("")
				for _, until := range someDays[1:] {
					if random.IntN(8) == 0 {
						f := randomFeature(random, "sites", string(id), agreements)
						f.From, f.Until, from = from, until, until
						features = append(features, f)
					}
				}
				if random.IntN(50) > 0 {
					f := randomFeature(random, "sites", string(id), agreements)
					f.From = from
					features = append(features, f)
				}
				if err := w.Derive(registry.Derived{Record: id, Features: features})(ctx); err != nil {
					return err
				}
			}
			return nil
		})
	}
}

func randomFeature(random *rand.Rand, collection, id string, agreements []registry.ID) registry.Feature {
	f := registry.Feature{Collection: collection, ID: id, Where: map[string]string{}}
	at := orb.Point{-17 + 16*random.Float64(), 21 + 15*random.Float64()}
	switch random.IntN(12) {
	case 0:
	case 1:
		f.Geometry = orb.MultiPoint{at, {at[0] + random.Float64(), at[1]}}
	case 2:
		f.Geometry = orb.Polygon{{at, {at[0] + random.Float64(), at[1]}, {at[0], at[1] + random.Float64()}, at}}
	case 3:
		f.Geometry = pick(random, spots)
	default:
		f.Geometry = at
	}
	for _, column := range registry.FeatureColumns {
		if random.IntN(3) > 0 {
			f.Where[column] = pick(random, someKinds)
		}
	}
	f.Unit = pick(random, someUnits)
	for _, code := range someUnits[1:] {
		if strings.HasPrefix(string(f.Unit), string(code)) || random.IntN(30) == 0 {
			f.Places = append(f.Places, code)
		}
	}
	var of []string
	for range min(len(agreements), random.IntN(3)) {
		of = append(of, fmt.Sprintf("%q", pick(random, agreements)))
	}
	if random.IntN(2) == 0 {
		f.Date = edtf.MustParse(pick(random, []string{"2016", "2015-09/2016-03", "2021?-07-26", "../2014", "2018/"}))
	}
	commune := "null"
	if f.Unit != "" {
		if len(f.Unit) > len("09.581") { // else it's a province or a region
			commune = fmt.Sprintf("%q", f.Unit)
		}
	} else if len(f.Places) > 0 && random.IntN(2) == 0 {
		commune = fmt.Sprintf("%q", pick(random, f.Places))
	}
	kind := "null"
	if value, ok := f.Where["kind"]; ok {
		kind = fmt.Sprintf("%q", value)
	}
	f.JSON = fmt.Appendf(nil, `{"type":"Feature","id":%q,"geometry":null,"properties":{"kind":%s,"commune_code":%s,"shops":%d,"works":[%q],"trades":[],"agreements":[%s]}}`,
		id, kind, commune, random.IntN(50), pick(random, someKinds), strings.Join(of, ","))
	return f
}

func randomBox(random *rand.Rand) orb.Bound {
	low := orb.Point{-18 + 18*random.Float64(), 20 + 17*random.Float64()}
	if random.IntN(6) == 0 {
		low = pick(random, spots)
	}
	size := pick(random, []float64{0, 0.01, 0.5, 4, 40})
	return orb.Bound{Min: low, Max: orb.Point{min(180, low[0]+size), min(90, low[1]+size*random.Float64())}}
}

func randomQuery(t *testing.T, random *rand.Rand) registry.FeatureQuery {
	t.Helper()
	sometimes := func(n int) bool { return random.IntN(n) == 0 }
	q := registry.FeatureQuery{Collection: "sites", Day: pick(random, []edtf.Day{"2019-12-31", "2020-01-01", "2024-01-01", "2026-01-01"})}
	if sometimes(8) {
		q.Collection = "agreements"
	}
	for range 2 {
		if sometimes(3) {
			q.Boxes = append(q.Boxes, randomBox(random))
		}
	}
	if sometimes(3) {
		q.Places = append(q.Places, pick(random, someUnits[1:]))
		if sometimes(3) {
			q.Places = append(q.Places, pick(random, someUnits[1:]))
		}
	}
	if sometimes(4) {
		q.Where = map[string]string{pick(random, registry.FeatureColumns): pick(random, append(someKinds, ""))}
	}
	if sometimes(6) {
		q.Where, q.Places = map[string]string{"kind": pick(random, someKinds)}, []registry.PlaceCode{pick(random, someUnits[1:])}
	}
	if sometimes(8) {
		q.Lists = map[string]string{"works": pick(random, someKinds)}
	}
	if sometimes(8) {
		q.Party = "org"
	}
	if sometimes(8) {
		q.Programme = "plan"
	}
	if sometimes(8) {
		q.Year = 2014 + random.IntN(9)
	}
	if sometimes(8) {
		q.Units = []registry.PlaceCode{pick(random, someUnits), pick(random, someUnits)}
	}
	if sometimes(4) {
		q.Located = pick(random, registry.LocatedValues)
	}
	if sometimes(8) {
		q.During = registry.Days{First: "2016-01-01", Last: pick(random, []edtf.Day{"", "2016-12-31"})}
	}
	if sometimes(4) {
		b := randomBox(random)
		text := pick(random, []string{"shops < 20", "commune_code = '09.581.01.05' AND shops < 40", "'09' = commune_code", "NOT commune_code = '09'", "commune_code = '09.581.01.05' AND kind = 'craft_zone'", "commune_code = '09.581'", "commune_code = '09.581.01' AND NOT commune_code = '09.581.01.05'", "commune_code = '04' OR kind = 'other'", "kind = 'craft_zone' OR shops > 40", "shops BETWEEN 5 AND 30 AND S_INTERSECTS(geometry, BBOX(%f, %f, %f, %f))",
			"S_WITHIN(geometry, BBOX(%f, %f, %f, %f))", "NOT S_INTERSECTS(geometry, BBOX(%f, %f, %f, %f))", "kind = 'craft_zone' AND S_INTERSECTS(geometry, BBOX(%f, %f, %f, %f))", "kind IS NULL", "NOT kind = 'other'"})
		if strings.Contains(text, "%f") {
			text = fmt.Sprintf(text, b.Min[0], b.Min[1], min(180, b.Max[0]+0.1), min(90, b.Max[1]+0.1))
		}
		e, err := cql.ParseText(text)
		if err != nil {
			t.Fatal(err)
		}
		if q.Filter, err = cql.Check(e, []cql.Queryable{{Name: "kind", Type: cql.TypeText}, {Name: "commune_code", Type: cql.TypeText}, {Name: "shops", Type: cql.TypeInteger}, {Name: "geometry", Type: cql.TypeGeometry}}); err != nil {
			t.Fatal(err)
		}
	}
	if sometimes(8) { // a whole collection
		q = registry.FeatureQuery{Collection: q.Collection, Day: q.Day}
	}
	if sometimes(8) { // one feature
		return registry.FeatureQuery{Collection: q.Collection, Day: q.Day, ID: fmt.Sprintf("site-%04d", random.IntN(3_100)), Limit: random.IntN(3)}
	}
	if sometimes(3) {
		q.After = fmt.Sprintf("site-%04d", random.IntN(3_000))
	}
	if sometimes(2) {
		q.Limit = pick(random, []int{1, 2, 10, 500})
		if sometimes(3) {
			q.Offset = random.IntN(pick(random, []int{100, 4_000}))
		}
	} else if sometimes(3) {
		q.Order = registry.AnyOrder
	}
	return q
}

// What analysts ask of the file itself is answered.
func TestEveryViewIsAnswered(t *testing.T) {
	s := openAt(t, made(t))
	for _, view := range []string{"published", "agreement", "amendment", "site", "party", "statement"} {
		if got := one(t, s.q, "SELECT count(*) FROM (SELECT * FROM "+view+")"); got == "" {
			t.Error(view)
		}
	}
}

// No more points are in a box than its squares say; where these are too many to be added up, it says so.
func TestSquaresBoundTheCandidates(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(2026, 11))
	s := openAt(t, filepath.Join(t.TempDir(), "registry.db"))
	putRandom(t, s, random, 1_000)
	found := 0
	for range 100 {
		keys := keysIn([]orb.Bound{randomBox(random)})
		var of statement
		of.add("SELECT count(*) FROM " + of.ranges(keys) + "feature AS f NOT INDEXED WHERE f.collection = 'sites'" + fmt.Sprintf(inRange, "f.key"))
		var n int
		if err := s.reads.QueryRowContext(t.Context(), of.text.String(), of.args...).Scan(&n); err != nil {
			t.Fatal(err)
		}
		if got, err := s.atMostIn(t.Context(), "sites", keys, 1_000_000); err != nil || got < n {
			t.Fatalf("at most %d, %v; there are %d", got, err, n)
		}
		found += n
	}
	if found == 0 {
		t.Error("no box had a point")
	}
}
