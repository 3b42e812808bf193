package export_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/paulmach/orb"

	"mithaq/internal/export"
	"mithaq/internal/feature"
	"mithaq/internal/registry"
)

// made makes a feature of a collection: what properties doesn't name is null, or empty where it is a list.
func made(t *testing.T, collection, id string, g orb.Geometry, properties map[string]any) registry.Feature {
	t.Helper()
	all := map[string]any{}
	for _, c := range feature.Columns(collection) {
		switch c.Type {
		case feature.List, feature.Parts:
			all[c.Name] = []string{}
		case feature.Timestamp:
			all[c.Name] = "2026-03-04T05:06:07Z"
		default:
			all[c.Name] = nil
		}
	}
	for name, v := range properties {
		if _, ok := all[name]; !ok {
			t.Fatalf("%s has no column %s", collection, name)
		}
		all[name] = v
	}
	raw, err := json.Marshal(struct {
		Type       string            `json:"type"`
		ID         string            `json:"id"`
		Geometry   registry.Geometry `json:"geometry"`
		Properties map[string]any    `json:"properties"`
	}{"Feature", id, registry.Geometry{Geometry: g}, all})
	if err != nil {
		t.Fatal(err)
	}
	return registry.Feature{Collection: collection, ID: id, Geometry: g, JSON: raw}
}

// rows are features with what has hurt files before: formulas, apostrophes, line breaks, both scripts in a line, separators inside members of
// lists, decimals, nulls, no geometry, holes, several points, outlines longer than a cell.
func rows(t *testing.T) map[string][]registry.Feature {
	t.Helper()
	square := orb.Ring{{-9, 29}, {-8, 29}, {-8, 30}, {-9, 30}, {-9, 29}}
	hole := orb.Ring{{-8.6, 29.4}, {-8.6, 29.6}, {-8.4, 29.6}, {-8.4, 29.4}, {-8.6, 29.4}}
	long := orb.Ring{{-9, 29}}
	for i := range 4000 {
		long = append(long, orb.Point{-8.5 + float64(i)/8192, 29 + float64(i)/16384})
	}
	long = append(long, orb.Point{-9, 30}, orb.Point{-9, 29})
	return map[string][]registry.Feature{
		feature.Sites: {
			made(t, feature.Sites, "site-a", orb.Point{-9.73017, 29.69742}, map[string]any{
				"name": "Zone artisanale d’Anzi", "name_ar": "منطقة أنشطة\nالصناعة التقليدية (Anzi)", "name_en": `Craft zone, "Anzi"`, "kind": "craft_zone",
				"commune_code": "09.581.03.03", "commune_name": "Anzi", "place_as_written": "commune d’Anzi", "place_match": "exact", "location_precision": "point",
				"coordinate_uncertainty_m": 12.5, "surface_m2": json.Number("1000.125"), "surface_qualifier": "about", "surface_kind": "total",
				"shops": 25, "shops_qualifier": "exact", "shops_created": 25, "works": []string{"creation", "equipment"}, "trades": []string{"pottery"},
				"status": "announced", "agreements": []string{"accord-a", "accord-b"}, "sources": []string{"src-a"}, "place_matched_by_similarity": false,
				"localities": []map[string]string{{"kind": "douar", "name": "Askin; l’ancien"}},
			}),
			made(t, feature.Sites, "site-b", nil, map[string]any{"kind": "other", "place_match": "none", "location_precision": "none", "status": "unknown", "place_matched_by_similarity": true}),
			made(t, feature.Sites, "site-c", orb.Polygon{square, hole}, map[string]any{
				"name": `=HYPERLINK("x","y")`, "name_ar": "'=1+1", "name_en": "-5", "place_as_written": "+212", "commune_name": "@SUM(A1)",
				"province_name": "\ttab", "region_name": "\rcarriage\r\nreturn", "commune_code": "09.581.03.03", "surface_m2": json.Number("8999999999999"), "shops": 0,
				"kind": "public_space", "place_match": "alias", "location_precision": "footprint", "status": "open", "place_matched_by_similarity": false,
			}),
			made(t, feature.Sites, "site-d", nil, map[string]any{"name": "''", "name_ar": "'", "name_en": "＝1+1", "kind": "other", "place_match": "none", "location_precision": "none",
				"status": "unknown", "place_matched_by_similarity": false}),
		},
		feature.Agreements: {
			made(t, feature.Agreements, "accord-a", orb.MultiPoint{{-9.5, 29.5}, {-9.25, 29.25}}, map[string]any{
				"title": "Accord, deux sites", "kind": "partnership_agreement", "documentation": "documented", "several": false, "signed": "2016-02", "scope": "province",
				"parties": []string{`Ministère; département \ artisanat`, "=1+1", "جماعة أنزي"}, "parties_complete": true, "place_match": "exact", "location_precision": "commune",
				"commune_codes": []string{"09.581.03.03", "09.581.09.05"},
			}),
			made(t, feature.Agreements, "accord-b", orb.MultiPoint{{-9.5, 29.5}}, map[string]any{"signed": "-0044", "kind": "agreement", "documentation": "mentioned", "several": true,
				"place_match": "none", "location_precision": "commune", "parties_complete": false}),
			made(t, feature.Agreements, "accord-c", nil, map[string]any{"title": "2021?-07-26", "kind": "agreement", "documentation": "mentioned", "several": true,
				"place_match": "none", "location_precision": "none", "parties_complete": false}),
		},
		feature.Communes: {
			made(t, feature.Communes, "09.581.03.03", orb.MultiPolygon{{square, hole}, {orb.Ring{{-7, 29}, {-6.9, 29}, {-6.9, 29.1}, {-7, 29}}}}, map[string]any{
				"code": "09.581.03.03", "level": "commune", "type": "rural", "name_fr": "Anzi", "name_ar": "أنزي", "population_2024": 4512, "area_km2": 211.37, "detail": "medium"}),
			made(t, feature.Communes, "09.581.09.05", orb.MultiPolygon{{long}}, map[string]any{
				"code": "09.581.09.05", "level": "commune", "type": "rural", "name_fr": "Ammelne", "name_ar": "أملن", "detail": "medium"}),
		},
	}
}

// published is the time of the data in tests.
var published = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

func document(collections ...string) export.Document {
	d := export.Document{
		Licence: "CC-BY-4.0", LicenceURL: "https://creativecommons.org/licenses/by/4.0/", Attribution: "Limites : HCP ; données : Mithaq", Extracted: published,
		Link: "https://mithaq.example/api/collections/" + strings.Join(collections, ",") + "/items", BaseURL: "https://mithaq.example", Gazetteer: "MA-HCP", Day: "2026-03-04",
	}
	for _, c := range collections {
		d.Layers = append(d.Layers, export.LayerOf(c))
	}
	return d
}

// each yields the features of a layer.
func each(all map[string][]registry.Feature) func(export.Layer, func(registry.Feature) error) error {
	return func(l export.Layer, yield func(registry.Feature) error) error {
		for _, f := range all[l.Collection] {
			if err := yield(f); err != nil {
				return err
			}
		}
		return nil
	}
}

// emptyTemp gives encoders a folder of their own for temporary files, and asks at the end that nothing is left there.
func emptyTemp(t *testing.T) {
	t.Helper()
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	t.Cleanup(func() {
		left, err := os.ReadDir(folder)
		if err != nil || len(left) > 0 {
			t.Errorf("left in the folder of temporary files: %v %v", left, err)
		}
	})
}

// shared is a folder of published standards beside the repository.
func shared(t *testing.T, path string) string {
	t.Helper()
	full := filepath.Join("..", "..", "..", "shared", path)
	if _, err := os.Stat(full); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip("no ", full)
	}
	return full
}
