package httpapi

import (
	"strings"
	"testing"

	"mithaq/internal/edtf"
	"mithaq/internal/registry"
)

// What an Accept header chooses among GeoJSON and HTML; nothing is the default.
func TestAcceptChooses(t *testing.T) {
	for header, want := range map[string]string{
		"":                                 "geojson",
		"*/*":                              "geojson",
		"text/html":                        "html",
		"TEXT/HTML":                        "html",
		"application/json":                 "geojson",
		"application/geo+json, text/html":  "geojson", // of equals, ours comes first
		"text/html,application/geo+json":   "geojson",
		"application/geo+json;q=0.5, */*":  "html",
		"text/html;q=0.9, application/*":   "geojson",
		"text/html;q=0, */*":               "geojson",
		"text/*;q=0.2, application/*;q=.1": "html",
		"image/png":                        "geojson",
		"text/html;q=x":                    "geojson",
		"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8": "html",
		",,;q=1,": "geojson",
	} {
		if got := preferred(header, featureFormats).name; got != want {
			t.Errorf("%q chooses %s, want %s", header, got, want)
		}
	}
}

// Items are given in every format of files that has room for the collection, and their descriptions where files can't hold them.
func TestItemFormats(t *testing.T) {
	names := func(collection string) string {
		var out []string
		for _, f := range itemFormats(collection) {
			out = append(out, f.name)
		}
		return strings.Join(out, " ")
	}
	const all = "geojson html geojsonl geojsonl-metadata geojsonseq geojsonseq-metadata csv csv-metadata csv-plain csv-plain-metadata xlsx gpkg parquet kml"
	if got := names("sites"); got != all+" oc4ids zip" {
		t.Errorf("sites: %s", got)
	}
	if got := names("communes"); got != all+" zip" {
		t.Errorf("communes: %s", got)
	}
	for accept, want := range map[string]string{"text/csv": "csv", "application/vnd.apache.parquet": "parquet", "application/csvm+json": "csv-metadata", "application/json": "geojson"} {
		if got := preferred(accept, itemFormats("sites")).name; got != want {
			t.Errorf("%s chooses %s, want %s", accept, got, want)
		}
	}
}

func TestDatetime(t *testing.T) {
	for in, want := range map[string]registry.Days{
		"2024-05-01":                      {First: "2024-05-01", Last: "2024-05-01"},
		"2024-05-01T00:30:00+01:00":       {First: "2024-04-30", Last: "2024-04-30"},
		"2024-05-01t12:00:00z":            {First: "2024-05-01", Last: "2024-05-01"},
		"2024-05-01T12:00:00.123456Z":     {First: "2024-05-01", Last: "2024-05-01"},
		"2024-05-01/2024-06-30":           {First: "2024-05-01", Last: "2024-06-30"},
		"../2024-06-30":                   {Last: "2024-06-30"},
		"/2024-06-30":                     {Last: "2024-06-30"},
		"2024-05-01/..":                   {First: "2024-05-01"},
		"2024-05-01/":                     {First: "2024-05-01"},
		"2024-01-31/P1Y2M3W4D":            {First: "2024-01-31", Last: "2025-04-25"},
		"2024-05-01T10:00:00Z/P2DT12H30M": {First: "2024-05-01", Last: "2024-05-03"},
	} {
		if got, err := readDatetime(in); err != nil || got != want {
			t.Errorf("%s: %+v, %v; want %+v", in, got, err, want)
		}
	}
	for _, bad := range []string{"", "..", "/", "../..", "2024", "2024-02-30", "2024-05-01/2024-04-30", "2024-05-01/P", "2024-05-01/PT", "../P2D", "P2D/2024-05-01", "2024-05-01/x",
		"2024-05-01T25:00:00Z", "2024-05-01 12:00:00Z", "2024-05-01/2024-05-02/2024-05-03", "9999-12-31/P9999Y"} {
		if got, err := readDatetime(bad); err == nil {
			t.Errorf("%q is taken as %+v", bad, got)
		}
	}
}

func FuzzDatetime(f *testing.F) {
	for _, s := range []string{"2024-05-01", "2024-05-01T12:00:00Z/..", "/2024-05-01", "2024-05-01/P1Y2M3W4D", "../.."} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := readDatetime(s)
		if err != nil {
			return
		}
		for _, day := range []edtf.Day{d.First, d.Last} {
			if _, err := edtf.ParseDay(string(day)); day != "" && err != nil {
				t.Fatalf("%q has a bound that is no day: %v", s, err)
			}
		}
		if d == (registry.Days{}) || d.First != "" && d.Last != "" && d.First > d.Last {
			t.Fatalf("%q is %+v", s, d)
		}
	})
}
