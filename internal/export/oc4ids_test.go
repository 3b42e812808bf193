package export_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/paulmach/orb"
	"github.com/santhosh-tekuri/jsonschema/v6"

	"mithaq/geodata"
	"mithaq/internal/dossier"
	"mithaq/internal/edtf"
	"mithaq/internal/export"
	"mithaq/internal/feature"
	"mithaq/internal/gazetteer"
	"mithaq/internal/publish"
	"mithaq/internal/registry"
	"mithaq/internal/store/sqlite"
)

// records is a registry in memory, as far as OC4IDS asks it.
type records struct {
	registry.Reader
	all   []registry.Record
	sites []registry.Feature
}

func (r records) RecordsByID(_ context.Context, ids []registry.ID) (out []registry.Stored, err error) {
	for _, x := range r.all {
		if slices.Contains(ids, x.Head().ID) {
			out = append(out, registry.Stored{Record: x})
		}
	}
	return out, nil
}

func (r records) Records(_ context.Context, q registry.RecordQuery) (out []registry.Stored, err error) {
	for _, x := range r.all {
		points := slices.ContainsFunc(x.References(), func(ref registry.Reference) bool { return slices.Contains(q.PointsTo, ref.To) })
		if slices.Contains(q.Types, x.Head().Type) && points {
			out = append(out, registry.Stored{Record: x})
		}
	}
	return out, nil
}

func (r records) FeatureTexts(_ context.Context, q registry.FeatureQuery, yield func(registry.FeatureTexts) error) error {
	for _, f := range r.sites {
		if f.ID == q.ID {
			return yield(registry.FeatureTexts{JSON: f.JSON, N: 1, Last: f.ID})
		}
	}
	return yield(registry.FeatureTexts{})
}

func texts(s string) registry.Texts { return registry.Texts{{Lang: "fr", Text: s}} }

func head(t registry.Type, id registry.ID) registry.Header { return registry.Header{Type: t, ID: id} }

func dirhams(n int64, q registry.Qualifier) *registry.Figure {
	return &registry.Figure{Value: registry.Whole(n), Unit: registry.Dirham, Qualifier: q}
}

// projects are an agreement with one site and money, one with two sites and money of two currencies, and one without sites.
func projects(t *testing.T) records {
	t.Helper()
	site := func(id string, g orb.Geometry, precision string, more map[string]any) registry.Feature {
		p := map[string]any{"kind": "craft_zone", "place_match": "exact", "location_precision": precision, "status": "announced", "place_matched_by_similarity": false,
			"commune_code": "09.581.03.03", "commune_name": "Anzi", "region_name": "Souss-Massa", "place_as_written": "commune d’Anzi", "sources": []string{"src-a"}}
		for name, v := range more {
			p[name] = v
		}
		return made(t, feature.Sites, id, g, p)
	}
	r := records{
		all: []registry.Record{
			&registry.Organisation{Header: head(registry.TypeOrganisation, "org-ministry"), Names: texts("Ministère de l’artisanat")},
			&registry.Organisation{Header: head(registry.TypeOrganisation, "org-press"), Names: texts("Agence de presse")},
			&registry.Source{Header: head(registry.TypeSource, "src-a"), Kind: registry.SourcePress, Lang: "fr", Titles: texts("Neuf accords"), Publisher: "org-press", Published: edtf.MustParse("2016-02-13")},
			&registry.Agreement{Header: head(registry.TypeAgreement, "accord-one"), Kind: registry.SpecificAgreement, Titles: texts("Accord d’un site"), Object: texts("Créer une zone"),
				Parties: []registry.Party{{Organisation: "org-ministry", Role: registry.RoleFunder, NameAsWritten: "le ministère"}, {Role: registry.RoleLocalPartner, NameAsWritten: "associations locales"},
					{Organisation: "org-ministry", Role: registry.RoleSignatory, NameAsWritten: "le ministère"}},
				Contributions: []registry.Contribution{{Organisation: "org-ministry", Year: 2016, Amount: dirhams(1_500_000, registry.Exact)}, {Year: 2017, Amount: dirhams(500_000, registry.About)}},
				Duration:      edtf.MustParse("2016-02-13/2018"), Steps: []registry.Step{{Kind: registry.StepSigned, Date: edtf.MustParse("2016-02-13")}, {Kind: registry.StepEnded, Date: edtf.MustParse("2018")}}},
			&registry.Agreement{Header: head(registry.TypeAgreement, "accord-two"), Kind: registry.PartnershipAgreement, Titles: texts("Accord de deux sites"),
				Contributions: []registry.Contribution{{Amount: dirhams(300, registry.Exact)}, {Amount: &registry.Figure{Value: registry.Whole(7), Unit: registry.Euro, Qualifier: registry.Exact}}}},
			&registry.Agreement{Header: head(registry.TypeAgreement, "accord-none"), Kind: registry.Cooperation, Titles: texts("Accord sans site")},
			&registry.Site{Header: head(registry.TypeSite, "site-one"), Agreements: []registry.ID{"accord-one"}},
			&registry.Site{Header: head(registry.TypeSite, "site-two"), Agreements: []registry.ID{"accord-two"}},
			&registry.Site{Header: head(registry.TypeSite, "site-three"), Agreements: []registry.ID{"accord-two"}},
		},
		sites: []registry.Feature{
			site("site-one", orb.Point{-9.5, 29.5}, "point", map[string]any{"name": "Zone d’Anzi", "surface_m2": 1000, "surface_qualifier": "about", "shops": 25, "shops_qualifier": "exact",
				"works": []string{"creation", "equipment"}, "trades": []string{"pottery"}, "agreements": []string{"accord-one"}}),
			site("site-two", orb.Point{-9.4, 29.4}, "commune", map[string]any{"name_ar": "موقع", "agreements": []string{"accord-two"}, "works": []string{"creation", "restoration"}}),
			site("site-three", nil, "none", map[string]any{"agreements": []string{"accord-two"}, "kind": "other", "status": "closed"}),
		},
	}
	return r
}

func oc4ids(t *testing.T, collection string, r records, features []registry.Feature) []byte {
	t.Helper()
	d := document(collection)
	d.Reader, d.Context = r, t.Context()
	return write(t, "oc4ids", d, map[string][]registry.Feature{collection: features})
}

// TestOC4IDS holds packages of sites and of agreements against the standard's schema, and pins them.
func TestOC4IDS(t *testing.T) {
	r := projects(t)
	accords := []registry.Feature{made(t, feature.Agreements, "accord-one", nil, nil), made(t, feature.Agreements, "accord-none", nil, nil), made(t, feature.Agreements, "accord-two", nil, nil)}
	for collection, raw := range map[string][]byte{feature.Sites: oc4ids(t, feature.Sites, r, r.sites), feature.Agreements: oc4ids(t, feature.Agreements, r, accords)} {
		var whole struct{ Projects json.RawMessage }
		if err := json.Unmarshal(raw, &whole); err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := json.Indent(&b, whole.Projects, "", "  "); err != nil {
			t.Fatal(err)
		}
		golden(t, collection+".oc4ids.json", b.Bytes())
		checkPackage(t, raw)
	}
}

// TestOC4IDSOfTheShippedRecords holds what a real registry gives against the schema.
func TestOC4IDSOfTheShippedRecords(t *testing.T) {
	ctx := t.Context()
	store, err := sqlite.Open(ctx, filepath.Join(t.TempDir(), "registry.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	places, err := gazetteer.Default()
	if err != nil {
		t.Fatal(err)
	}
	p := &publish.Publisher{Store: store, Places: places, Now: func() time.Time { return published }}
	if err := p.ShippedBoundaries(ctx); err != nil {
		t.Fatal(err)
	}
	var req publish.Request
	files, err := fs.Glob(geodata.Files, "records/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		raw, err := geodata.Files.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		entries, problems := dossier.Read(file, raw)
		if len(problems) > 0 {
			t.Fatal(problems)
		}
		for _, e := range entries {
			req.Records = append(req.Records, e.Record)
		}
	}
	if _, err := p.Publish(ctx, req); err != nil {
		t.Fatal(err)
	}
	for _, collection := range []string{feature.Sites, feature.Agreements} {
		var b bytes.Buffer
		d := document(collection)
		d.Reader, d.Context = store, ctx
		err := export.Write("oc4ids", &b, d, func(l export.Layer, yield func(registry.Feature) error) error {
			return store.EachFeature(ctx, registry.FeatureQuery{Collection: l.Collection, Day: d.Day}, yield)
		})
		if err != nil {
			t.Fatal(err)
		}
		checkPackage(t, b.Bytes())
	}
}

// checkPackage holds a package against the schema, formats included, and its codes against the code lists.
func checkPackage(t *testing.T, raw []byte) {
	t.Helper()
	folder := shared(t, "standards/oc4ids")
	c := jsonschema.NewCompiler()
	c.AssertFormat()
	const base = "https://standard.open-contracting.org/infrastructure/schema/0__9__5/"
	for _, name := range []string{"project-schema.json", "project-package-schema.json"} {
		f, err := os.Open(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		schema, err := jsonschema.UnmarshalJSON(f)
		if err != nil {
			t.Fatal(err)
		}
		if err := c.AddResource(base+name, schema); err != nil {
			t.Fatal(err)
		}
	}
	schema, err := c.Compile(base + "project-package-schema.json")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := jsonschema.UnmarshalJSON(bytes.NewReader(raw))
	if err != nil {
		t.Fatal(err)
	}
	if err := schema.Validate(doc); err != nil {
		t.Errorf("%#v", err)
	}
	var p struct {
		Projects []struct {
			Sector     []string
			Milestones []struct{ Type, Status string }
			Forecasts  []struct {
				Observations []struct{ Unit struct{ Scheme string } }
			}
		}
	}
	if err := json.Unmarshal(raw, &p); err != nil {
		t.Fatal(err)
	}
	known := func(list, code string) {
		if code != "" && !slices.Contains(codeList(t, filepath.Join(folder, "codelists", list+".csv")), code) {
			t.Errorf("%s isn't in the code list %s", code, list)
		}
	}
	for _, x := range p.Projects {
		for _, s := range x.Sector {
			known("projectSector", s)
		}
		for _, m := range x.Milestones {
			known("milestoneType", m.Type)
			known("milestoneStatus", m.Status)
		}
		for _, f := range x.Forecasts {
			for _, o := range f.Observations {
				known("unitClassificationScheme", o.Unit.Scheme)
			}
		}
	}
}

// codeList reads the codes of a list.
func codeList(t *testing.T, path string) (codes []string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	lines, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range lines[1:] {
		codes = append(codes, line[0])
	}
	return codes
}

// A package without a project isn't valid, so there is none: the reader is told.
func TestOC4IDSWithoutProjects(t *testing.T) {
	d := document(feature.Agreements)
	d.Reader, d.Context = projects(t), t.Context()
	err := export.Write("oc4ids", io.Discard, d, each(map[string][]registry.Feature{feature.Agreements: {made(t, feature.Agreements, "accord-none", nil, nil)}}))
	var none *registry.Error
	if !errors.As(err, &none) || none.Code != registry.NotFound {
		t.Errorf("%v, want not_found", err)
	}
}
