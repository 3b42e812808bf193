package publish_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"mithaq/geodata"
	"mithaq/internal/dossier"
	"mithaq/internal/edtf"
	"mithaq/internal/gazetteer"
	"mithaq/internal/publish"
	"mithaq/internal/registry"
	"mithaq/internal/store/sqlite"
)

// published is when test records are published.
var published = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// publisher is a publisher into a store, at an hour that stands still.
func publisher(store registry.Store) (*publish.Publisher, error) {
	places, err := gazetteer.Default()
	return &publish.Publisher{Store: store, Places: places, Now: func() time.Time { return published }}, err
}

// empty is a database file that holds the boundaries and nothing else; it is built once, since that takes a second.
var empty = sync.OnceValues(func() ([]byte, error) {
	folder, err := os.MkdirTemp("", "mithaq-publish-test")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	path := filepath.Join(folder, "registry.db")
	store, err := sqlite.Open(context.Background(), path)
	if err != nil {
		return nil, err
	}
	p, err := publisher(store)
	if err == nil {
		err = p.ShippedBoundaries(context.Background())
	}
	if err := errors.Join(err, store.Close()); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

// open opens a registry with the boundaries and no record, on a file of its own.
func open(t *testing.T) (*sqlite.Store, *publish.Publisher) {
	t.Helper()
	database, err := empty()
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "registry.db")
	if err := os.WriteFile(path, database, 0o600); err != nil {
		t.Fatal(err)
	}
	store, err := sqlite.Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	p, err := publisher(store)
	if err != nil {
		t.Fatal(err)
	}
	return store, p
}

// read reads files of records and fails on any problem.
func read(t *testing.T, file string, raw []byte) (records []registry.Record) {
	t.Helper()
	entries, problems := dossier.Read(file, raw)
	for _, p := range problems {
		t.Error(p)
	}
	for _, e := range entries {
		records = append(records, e.Record)
	}
	return records
}

// shipped are the records of the stories.
func shipped(t *testing.T) (records []registry.Record) {
	t.Helper()
	files, err := fs.Glob(geodata.Files, "records/*.json")
	if err != nil || len(files) == 0 {
		t.Fatal("no shipped records", err)
	}
	for _, file := range files {
		raw, err := geodata.Files.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		records = append(records, read(t, file, raw)...)
	}
	return records
}

func mustPublish(t *testing.T, p *publish.Publisher, records []registry.Record) publish.Report {
	t.Helper()
	report, err := p.Publish(t.Context(), publish.Request{Records: records, Author: "test", Reason: "test"})
	var problems publish.Problems
	if errors.As(err, &problems) {
		for _, x := range problems {
			t.Errorf("%s: %s", records[x.Index].Head().ID, x)
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return report
}

// export writes everything that is published.
func export(t *testing.T, s registry.Reader) []byte {
	t.Helper()
	all, err := s.Records(t.Context(), registry.RecordQuery{})
	if err != nil {
		t.Fatal(err)
	}
	var records []registry.Record
	for _, x := range all {
		records = append(records, x.Record)
	}
	var b bytes.Buffer
	if err := dossier.Write(&b, records); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestTheSameFileAgainChangesNothing(t *testing.T) {
	store, p := open(t)
	records := shipped(t)
	if r := mustPublish(t, p, records); r[publish.New] != len(records) {
		t.Errorf("%d new of %d", r[publish.New], len(records))
	}
	before, _ := store.Version(t.Context())
	if r := mustPublish(t, p, records); r[publish.Unchanged] != len(records) || r[publish.New]+r[publish.Changed] > 0 {
		t.Errorf("second time: %+v", r)
	}
	if after, _ := store.Version(t.Context()); after != before {
		t.Errorf("version %s became %s", before, after)
	}
}

func TestExportComesBackByteForByte(t *testing.T) {
	store, p := open(t)
	mustPublish(t, p, shipped(t))
	first := export(t, store)
	other, q := open(t)
	mustPublish(t, q, read(t, "export", first))
	if second := export(t, other); !bytes.Equal(first, second) {
		t.Error("the export of an imported export differs")
	}
}

// features dumps every feature of the records, to compare.
func features(t *testing.T, s registry.Reader) string {
	t.Helper()
	var b strings.Builder
	for _, collection := range []string{"sites", "agreements", "amendments"} {
		err := s.EachFeature(t.Context(), registry.FeatureQuery{Collection: collection, Day: "2026-01-01"}, func(f registry.Feature) error {
			b.Write(f.JSON)
			b.WriteByte('\n')
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return b.String()
}

func TestReindexChangesNothing(t *testing.T) {
	store, p := open(t)
	mustPublish(t, p, shipped(t))
	before := features(t, store)
	counts, _ := store.CountsByPlace(t.Context())
	if err := p.Reindex(t.Context(), nil); err != nil {
		t.Fatal(err)
	}
	if after := features(t, store); after != before {
		t.Error("features changed")
	}
	again, _ := store.CountsByPlace(t.Context())
	if len(again) != len(counts) || again["09.581"] != counts["09.581"] {
		t.Errorf("counts changed: %+v, %+v", counts["09.581"], again["09.581"])
	}
}

// A database of an older program has at the next start what this one derives, without anybody asking for it.
func TestAnOlderDatabaseIsDerivedAnew(t *testing.T) {
	store, p := open(t)
	if err := p.ShippedBoundaries(t.Context()); err != nil {
		t.Fatal(err)
	}
	mustPublish(t, p, shipped(t))
	before := features(t, store)
	err := store.Write(t.Context(), func(w registry.Writer) error { // as an older program left it: other boundaries, and an amendment without a feature
		if err := w.PutBoundaries(t.Context(), "older", nil); err != nil {
			return err
		}
		return w.Derive(registry.Derived{Record: "amend-tiznit-anzi-craft-complex"})(t.Context())
	})
	if err != nil || features(t, store) == before {
		t.Fatalf("the database isn't an older one: %v", err)
	}
	if err := p.ShippedBoundaries(t.Context()); err != nil {
		t.Fatal(err)
	}
	if after := features(t, store); after != before {
		t.Error("the features aren't those of this program")
	}
}

// own is a file of test records, with a source of its own; %s is replaced.
const own = `{"format":"mithaq-records-1","records":[
{"type":"source","id":"src","kind":"official","lang":"fr","titles":[{"lang":"fr","text":"Accord","origin":"registry"}],"rights":"open_licence"},
{"type":"agreement","id":"accord","statements":[STATED("/kind")],"kind":"partnership_agreement","documentation":"documented","titles":[{"lang":"fr","text":"Accord","origin":"registry"}]},
{"type":"site","id":"site","statements":[STATED("/kind"),STATED("/place"),STATED("/shops"),STATED("/status"),STATED("/position")],"kind":"craft_zone","names":[{"lang":"fr","text":"Zone","origin":"registry"}],
 "place":{"name":"Tafraout","as_written":"Tafraout","level":"commune","within":"09.581"},
 POSITION
 "shops":{"created":{"value":25,"unit":"count","qualifier":"exact"}},"status":"announced","agreements":["accord"]}
MORE]}`

// file fills in own.
func file(position, more string) []byte {
	text := strings.ReplaceAll(own, "POSITION", position)
	if position == "" {
		text = strings.ReplaceAll(text, `,STATED("/position")`, "")
	}
	text = strings.ReplaceAll(text, "MORE", more)
	for {
		start := strings.Index(text, `STATED("`)
		if start < 0 {
			return []byte(text)
		}
		end := start + strings.Index(text[start:], ")")
		path := strings.Trim(text[start+len("STATED("):end], `"`)
		text = text[:start] + `{"path":"` + path + `","source":"src","paragraph":1,"sentence":1,"words":"25 locaux","sentence_sha256":"` + strings.Repeat("0", 64) + `"}` + text[end+1:]
	}
}

// amendment is one more record for file.
func amendment(id, target, effective, path, value string) string {
	if effective != "" {
		effective = `,"effective":"` + effective + `"`
	}
	stated := `STATED("/target"),STATED("/sets/0")`
	if effective != "" {
		stated += `,STATED("/effective")`
	}
	return `,{"type":"amendment","id":"` + id + `","statements":[` + stated + `],"target":"` + target + `","titles":[{"lang":"fr","text":"Avenant","origin":"registry"}],
	"sets":[{"record":"site","path":"` + path + `","value":` + value + `}]` + effective + `}`
}

func TestWhatFilesCantKnowIsRefused(t *testing.T) {
	point := func(lon, lat string) string {
		return `"position":{"geometry":{"type":"Point","coordinates":[` + lon + `,` + lat + `]},"precision":"point"},`
	}
	for name, tc := range map[string]struct{ position, more, pointer, got string }{
		"a position elsewhere":              {point("-7.6", "33.6"), "", "/position/geometry/coordinates", "outside Tafraout"},
		"a swapped position":                {point("29.72", "-8.97"), "", "/position/geometry/coordinates", "when swapped"},
		"an amendment of nothing":           {"", amendment("a", "nobody", "2024-05-01", "/shops/created", "{}"), "/target", "no record"},
		"an amendment of a site":            {"", amendment("a", "site", "2024-05-01", "/shops/created", "{}"), "/target", "of type site"},
		"a change of no field":              {"", amendment("a", "accord", "2024-05-01", "/shops/lost", "1"), "/sets/0", "unknown field"},
		"a change to a value out of range":  {"", amendment("a", "accord", "2024-05-01", "/shops/created", `{"value":-1,"unit":"count","qualifier":"exact"}`), "/sets/0/value/value", "-1"},
		"a change to no name at all":        {"", amendment("a", "accord", "2024-05-01", "/names", "null"), "/sets/0/value", "no text"},
		"a change of a field in other case": {"", amendment("a", "accord", "2024-05-01", "/Shops/created", `{"value":1,"unit":"count","qualifier":"exact"}`), "/sets/0/path", "other case"},
		"a change to fields in other case":  {"", amendment("a", "accord", "2024-05-01", "/shops/created", `{"Value":1,"unit":"count","qualifier":"exact"}`), "/sets/0/value/Value", "other case"},
		"a list's change in other case":     {"", amendment("a", "accord", "2024-05-01", "/names/-", `{"lang":"en","text":"Zone","Origin":"registry"}`), "/sets/0/value/Origin", "other case"},
		"a change to a value of no set":     {"", amendment("a", "accord", "2024-05-01", "/status", `"burnt"`), "/sets/0/value", "burnt"},
	} {
		t.Run(name, func(t *testing.T) {
			_, p := open(t)
			_, err := p.Publish(t.Context(), publish.Request{Records: read(t, name, file(tc.position, tc.more))})
			var problems publish.Problems
			if !errors.As(err, &problems) {
				t.Fatalf("taken: %v", err)
			}
			if len(problems) != 1 || problems[0].Pointer != tc.pointer || !strings.Contains(problems[0].Got, tc.got) {
				t.Errorf("problems: %v", problems)
			}
			if all, _ := p.Store.Records(t.Context(), registry.RecordQuery{}); len(all) > 0 {
				t.Errorf("%d records were written", len(all))
			}
		})
	}
	_, p := open(t)
	mustPublish(t, p, read(t, "a right position", file(point("-8.97", "29.72"), "")))
}

// shops reads the number of shops of the site's feature on a day.
func shops(t *testing.T, s registry.Reader, day string) string {
	t.Helper()
	out := "no feature"
	err := s.EachFeature(t.Context(), registry.FeatureQuery{Collection: "sites", Day: edtf.Day(day), ID: "site"}, func(f registry.Feature) error {
		var x struct {
			Properties struct {
				Shops     json.Number `json:"shops"`
				AmendedBy []string    `json:"amended_by"`
				Possibly  []string    `json:"possibly_amended_by"`
			}
		}
		if err := json.Unmarshal(f.JSON, &x); err != nil {
			return err
		}
		out = x.Properties.Shops.String() + " " + strings.Join(x.Properties.AmendedBy, ",") + " " + strings.Join(x.Properties.Possibly, ",")
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(out)
}

func TestFeaturesFollowTheAmendments(t *testing.T) {
	figure := func(n string) string { return `{"value":` + n + `,"unit":"count","qualifier":"exact"}` }
	store, p := open(t)
	mustPublish(t, p, read(t, "base", file("", "")))
	if got := shops(t, store, "2030-01-01"); got != "25" {
		t.Errorf("before any amendment: %s", got)
	}
	mustPublish(t, p, read(t, "amended", file("",
		amendment("a1", "accord", "2024-05-01", "/shops/created", figure("30"))+
			amendment("a2", "accord", "2025-06", "/shops/created", figure("28"))+
			amendment("a3", "accord", "", "/shops/created", figure("99")))))
	for day, want := range map[string]string{
		"2024-04-30": "25  a3",
		"2024-05-01": "30 a1 a3",
		"2025-05-31": "30 a1 a3",
		"2025-06-01": "30 a1 a2,a3",
		"2025-06-30": "28 a1,a2 a3",
		"2031-01-01": "28 a1,a2 a3",
	} {
		if got := shops(t, store, day); got != want {
			t.Errorf("%s: %q, want %q", day, got, want)
		}
	}
}

// An amendment is found where its agreement reaches, by its own date, and in a collection of its own.
func TestAmendmentIsAFeature(t *testing.T) {
	store, p := open(t)
	mustPublish(t, p, read(t, "amended", file("", amendment("a1", "accord", "2024-05", "/shops/created", `{"value":30,"unit":"count","qualifier":"exact"}`))))
	for name, q := range map[string]registry.FeatureQuery{
		"commune": {Places: []registry.PlaceCode{"09.581.01.05"}},
		"month":   {During: registry.Days{First: "2024-05-31", Last: "2024-05-31"}},
	} {
		q.Collection, q.Day = "amendments", "2026-01-01"
		if n, err := store.Count(t.Context(), q); err != nil || n != 1 {
			t.Errorf("%s: %d, %v", name, n, err)
		}
	}
	for name, q := range map[string]registry.FeatureQuery{
		"another commune": {Places: []registry.PlaceCode{"09.581.01.03"}},
		"the day after":   {During: registry.Days{First: "2024-06-01"}},
	} {
		q.Collection, q.Day = "amendments", "2026-01-01"
		if n, err := store.Count(t.Context(), q); err != nil || n != 0 {
			t.Errorf("%s: %d, %v", name, n, err)
		}
	}
}

// A mentioned agreement keeps its id when it is documented later, and what was known of it by amendments goes on.
func TestMentionedAgreementIsDocumentedLater(t *testing.T) {
	store, p := open(t)
	mentioned := strings.Replace(string(file("", "")), `"documentation":"documented"`, `"documentation":"mentioned"`, 1)
	mustPublish(t, p, read(t, "mentioned", []byte(mentioned)))
	withAmendment := strings.Replace(string(file("", amendment("a1", "accord", "2024-05-01", "/shops/created", `{"value":30,"unit":"count","qualifier":"exact"}`))), `"documentation":"documented"`, `"documentation":"mentioned"`, 1)
	mustPublish(t, p, read(t, "amended", []byte(withAmendment)))
	if got := shops(t, store, "2024-05-01"); got != "30 a1" {
		t.Errorf("while mentioned: %s", got)
	}
	r := mustPublish(t, p, read(t, "documented", file("", "")))
	if r[publish.Changed] != 1 {
		t.Errorf("%+v", r)
	}
	view, err := registry.AgreementOn(t.Context(), store, "accord", "2024-05-01")
	if err != nil {
		t.Fatal(err)
	}
	if view.Revision != 2 || view.Agreement().Documentation != registry.Documented || len(view.Amendments) != 1 || view.Sites[0].Site().Shops.Created.Value != registry.Whole(30) {
		t.Errorf("%+v", view)
	}
}

func TestDryRunWritesNothing(t *testing.T) {
	store, p := open(t)
	r, err := p.Publish(t.Context(), publish.Request{Records: shipped(t), DryRun: true})
	if err != nil || r[publish.New] == 0 {
		t.Fatal(r, err)
	}
	if all, _ := store.Records(t.Context(), registry.RecordQuery{}); len(all) > 0 {
		t.Errorf("%d records were written", len(all))
	}
}

// The texts of the stories bear out every statement of the shipped records.
func TestStoriesBearOutEveryStatement(t *testing.T) {
	folder := filepath.Join("..", "..", "..", "shared", "stories")
	if _, err := os.Stat(folder); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("the source texts are not there: ", err)
		}
		t.Skip("the source texts are not beside the project")
	}
	_, p := open(t)
	mustPublish(t, p, shipped(t))
	for source, text := range map[registry.ID]string{
		"src-tiznit-press-fr":              "tiznit-nine-accords.fr.txt",
		"src-chefchaouen-assistance-fr":    "chefchaouen-assistance.fr.txt",
		"src-chefchaouen-assistance-en":    "chefchaouen-assistance.en.txt",
		"src-taroudant-cooperation-slides": "taroudant-cooperation.fr.txt",
		"src-craft-strategy-press-fr":      "craft-strategy-2021-2030.fr.txt",
	} {
		raw, err := os.ReadFile(filepath.Join(folder, text))
		if err != nil {
			t.Fatal(err)
		}
		checked, err := p.AttachText(t.Context(), source, raw)
		var wrong publish.Misquotes
		if errors.As(err, &wrong) {
			for _, m := range wrong {
				t.Errorf("%s: %s%s", source, m.Record, m.Problem)
			}
		} else if err != nil {
			t.Fatal(err)
		}
		if checked < 10 {
			t.Errorf("%s: only %d statements were checked", source, checked)
		}
		t.Logf("%s: %d statements", source, checked)
		// A text that is not the source's is refused.
		if _, err := p.AttachText(t.Context(), source, []byte("Un autre texte.")); !errors.As(err, &wrong) {
			t.Errorf("%s: another text was attached: %v", source, err)
		}
	}
}

// An amendment that moves a site moves it on the map, and both communes know of it.
func TestAmendedPlaceIsReachedFromBothCommunes(t *testing.T) {
	store, p := open(t)
	place := `{"name":"Ameln","as_written":"commune d’Ameln","level":"commune","within":"09.581"}`
	mustPublish(t, p, read(t, "moved", file("", amendment("a1", "accord", "2024-05-01", "/place", place))))
	for _, code := range []registry.PlaceCode{"09.581.01.05", "09.581.09.05"} {
		found, err := store.Records(t.Context(), registry.RecordQuery{Types: []registry.Type{registry.TypeSite, registry.TypeAgreement}, Reaches: code})
		if err != nil || len(found) != 2 {
			t.Errorf("%s: %v, %v", code, found, err)
		}
	}
	for day, want := range map[edtf.Day]registry.PlaceCode{"2024-04-30": "09.581.01.05", "2024-05-01": "09.581.09.05"} {
		for _, collection := range []string{"sites", "agreements"} {
			n := 0
			err := store.EachFeature(t.Context(), registry.FeatureQuery{Collection: collection, Day: day, Places: []registry.PlaceCode{want}}, func(registry.Feature) error { n++; return nil })
			if err != nil || n != 1 {
				t.Errorf("%s on %s: %d in %s, %v", collection, day, n, want, err)
			}
		}
	}
}

// failing is a store that answers for one record at a time and fails for any other number.
type failing struct{ registry.Store }

type failingWriter struct{ registry.Writer }

func (f failing) Write(ctx context.Context, do func(registry.Writer) error) error {
	return f.Store.Write(ctx, func(w registry.Writer) error { return do(failingWriter{w}) })
}

var errFailing = errors.New("the disk is gone")

func (w failingWriter) RecordsByID(ctx context.Context, ids []registry.ID) ([]registry.Stored, error) {
	if len(ids) != 1 {
		return nil, errFailing
	}
	return w.Writer.RecordsByID(ctx, ids)
}

// A store that can't answer is no fault of the file's.
func TestStoreErrorIsNoProblemOfTheFile(t *testing.T) {
	_, p := open(t)
	p.Store = failing{p.Store}
	_, err := p.Publish(t.Context(), publish.Request{Records: read(t, "file", file("", ""))})
	var problems publish.Problems
	if !errors.Is(err, errFailing) || errors.As(err, &problems) {
		t.Errorf("%v", err)
	}
}

// A record that comes after its source's text is held to that text, too.
func TestAttachedTextHoldsForLaterRecords(t *testing.T) {
	_, p := open(t)
	records := read(t, "first", file("", ""))
	mustPublish(t, p, records[:1]) // the source alone
	if _, err := p.AttachText(t.Context(), "src", []byte("La zone aura 25 locaux.")); err != nil {
		t.Fatal(err)
	}
	_, err := p.Publish(t.Context(), publish.Request{Records: records})
	var problems publish.Problems
	if !errors.As(err, &problems) || !strings.HasPrefix(problems[0].Pointer, "/statements/0/sentence_sha256") {
		t.Errorf("statements with another hash were taken: %v", err)
	}
}

// An agreement is found by the names of its parties' organisations, and by a new name once that is published.
func TestNewNameOfAPartyFindsItsAgreement(t *testing.T) {
	store, p := open(t)
	records := shipped(t)
	mustPublish(t, p, records)
	found := func() (ids string) {
		t.Helper()
		hits, err := store.Search(t.Context(), registry.SearchQuery{Terms: []registry.SearchTerm{{Words: []string{"finanzas"}}}, Limit: 9})
		if err != nil {
			t.Fatal(err)
		}
		for _, h := range hits {
			ids += string(h.ID) + " "
		}
		return ids
	}
	if got := found(); got != "" {
		t.Fatalf("before: %s", got)
	}
	for _, r := range records {
		if o, ok := r.(*registry.Organisation); ok && o.ID == "org-ministry-finance" {
			o.Names = append(o.Names, registry.Text{Lang: "es", Text: "Ministerio de Finanzas", Origin: registry.OriginTranslation, By: "test"})
		}
	}
	mustPublish(t, p, records)
	if got := found(); !strings.Contains(got, "org-ministry-finance ") || !strings.Contains(got, "tiznit-jewellery-framework ") {
		t.Errorf("after: %q", got)
	}
}

// A start finds its boundaries in place without waiting for whoever is writing.
func TestStartDoesNotWaitForAWriter(t *testing.T) {
	store, p := open(t)
	err := store.Write(t.Context(), func(registry.Writer) error {
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		return p.ShippedBoundaries(ctx)
	})
	if err != nil {
		t.Error(err)
	}
}
