package export_test

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"mithaq/internal/export"
	"mithaq/internal/feature"
	"mithaq/internal/registry"
)

var update = flag.Bool("update", false, "write the golden files anew")

// write writes a file of a format with features.
func write(t *testing.T, format string, d export.Document, all map[string][]registry.Feature) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := export.Write(format, &b, d, each(all)); err != nil {
		t.Fatalf("%s: %v", format, err)
	}
	return b.Bytes()
}

// plain are the formats that hold any collection and need nothing but features.
func plain() (out []export.Format) {
	for _, f := range export.Formats() {
		if f.Collections == nil {
			out = append(out, f)
		}
	}
	return out
}

// TestEveryFormatReadBackByOthers writes every format, has each read by programs that aren't ours, and compares what they read with the features.
func TestEveryFormatReadBackByOthers(t *testing.T) {
	python := filepath.Join("..", "..", "build", "venv", "bin", "python")
	for _, tool := range []string{python, "ogrinfo"} {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatal(err)
			}
			t.Skip(tool, " is not there: make install-test-tools")
		}
	}
	all := rows(t)
	for collection, features := range all {
		t.Run(collection, func(t *testing.T) {
			folder := t.TempDir()
			for _, f := range plain() {
				name := collection + "." + f.ID
				d := document(collection)
				d.Filename = name
				if err := os.WriteFile(filepath.Join(folder, name), write(t, f.ID, d, all), 0o600); err != nil {
					t.Fatal(err)
				}
				if f.Sidecar != "" {
					var b bytes.Buffer
					if err := export.WriteSidecar(f.ID, &b, d); err != nil {
						t.Fatal(err)
					}
					if err := os.WriteFile(filepath.Join(folder, name+f.Sidecar), b.Bytes(), 0o600); err != nil {
						t.Fatal(err)
					}
				}
			}
			var stderr bytes.Buffer
			cmd := exec.Command(python, "testdata/read_back.py", folder, collection)
			cmd.Stderr = &stderr
			raw, err := cmd.Output()
			if err != nil {
				t.Fatalf("%v\n%s", err, &stderr)
			}
			var read struct {
				Rows       map[string][]map[string]any
				WKTLeftOut int `json:"wkt_left_out"`
			}
			if err := json.Unmarshal(raw, &read); err != nil {
				t.Fatal(err)
			}
			if want := []string{"csv", "csv-plain", "geojson", "geojsonl", "geojsonseq", "gpkg", "kml", "parquet", "parquet-duckdb", "xlsx"}; len(read.Rows) != len(want) {
				t.Fatalf("read %d formats, want %q", len(read.Rows), want)
			}
			for format, got := range read.Rows {
				if len(got) != len(features) {
					t.Errorf("%s has %d rows, want %d", format, len(got), len(features))
					continue
				}
				for i, f := range features {
					compare(t, format, got[i], f, read.WKTLeftOut > 0)
				}
			}
			if wantLeftOut := map[string]int{feature.Communes: 1}[collection]; read.WKTLeftOut != wantLeftOut {
				t.Errorf("the workbook left %d outlines out, want %d", read.WKTLeftOut, wantLeftOut)
			}
		})
	}
}

// compare holds a row that another program read against the feature. wktLeftOut: the workbook says that it left outlines out.
func compare(t *testing.T, format string, got map[string]any, f registry.Feature, wktLeftOut bool) {
	t.Helper()
	var want struct {
		Geometry   map[string]any
		Properties map[string]any
	}
	if err := json.Unmarshal(f.JSON, &want); err != nil {
		t.Fatal(err)
	}
	if got["id"] != f.ID {
		t.Errorf("%s: row %v, want %s", format, got["id"], f.ID)
	}
	for _, c := range feature.Columns(f.Collection) {
		if g, w := got[c.Name], want.Properties[c.Name]; !reflect.DeepEqual(g, w) {
			t.Errorf("%s: %s of %s is %#v, want %#v", format, c.Name, f.ID, g, w)
		}
	}
	// Several points or areas that are one are the one: not every format tells them apart.
	if kind, ok := want.Geometry["type"].(string); ok && strings.HasPrefix(kind, "Multi") {
		if parts := want.Geometry["coordinates"].([]any); len(parts) == 1 {
			want.Geometry["type"], want.Geometry["coordinates"] = strings.TrimPrefix(kind, "Multi"), parts[0]
		}
	}
	g, _ := got["geometry"].(map[string]any)
	if format == "xlsx" && wktLeftOut && g == nil {
		return
	}
	if !reflect.DeepEqual(g, want.Geometry) {
		t.Errorf("%s: %s is at %.200s, want %.200s", format, f.ID, fmt.Sprint(g), fmt.Sprint(want.Geometry))
	}
}

// TestGeoPackageIsValid asks GDAL's own checker, and looks at several layers in one file.
func TestGeoPackageIsValid(t *testing.T) {
	const checker = "/usr/lib/python3/dist-packages/osgeo_utils/samples/validate_gpkg.py"
	if _, err := os.Stat(checker); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip("no ", checker, ": make install-test-tools")
	}
	all := rows(t)
	for _, tc := range []struct {
		name        string
		collections []string
		features    map[string][]registry.Feature
	}{
		{"three layers", []string{feature.Sites, feature.Agreements, feature.Communes}, all},
		{"a layer without rows between others", []string{feature.Sites, feature.Provinces, feature.Communes}, all},
		{"no rows", []string{feature.Sites}, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "all.gpkg")
			if err := os.WriteFile(path, write(t, "gpkg", document(tc.collections...), tc.features), 0o600); err != nil {
				t.Fatal(err)
			}
			if out, err := exec.Command("/usr/bin/python3", checker, path).CombinedOutput(); err != nil {
				t.Errorf("%v\n%s", err, out)
			}
			out, err := exec.Command("ogrinfo", "-ro", "-so", "-al", path).CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			for _, c := range tc.collections {
				if want := fmt.Sprintf("Feature Count: %d", len(tc.features[c])); !strings.Contains(section(string(out), c), want) {
					t.Errorf("layer %s isn't of %q:\n%s", c, want, section(string(out), c))
				}
			}
		})
	}
}

// section is what ogrinfo says of a layer.
func section(out, layer string) string {
	_, after, _ := strings.Cut(out, "Layer name: "+layer+"\n")
	part, _, _ := strings.Cut(after, "Layer name: ")
	return part
}

// TestSameRequestSameBytes writes every format twice.
func TestSameRequestSameBytes(t *testing.T) {
	emptyTemp(t)
	all := rows(t)
	for _, f := range plain() {
		for collection := range all {
			first, second := write(t, f.ID, document(collection), all), write(t, f.ID, document(collection), all)
			if !bytes.Equal(first, second) {
				t.Errorf("%s of %s: two answers to one question", f.ID, collection)
			}
		}
	}
}

// shortWriter fails after n bytes.
type shortWriter struct{ n int }

func (w *shortWriter) Write(p []byte) (int, error) {
	if w.n -= len(p); w.n < 0 {
		return 0, errors.New("the disk is full")
	}
	return len(p), nil
}

// TestFailuresAreToldAndLeaveNothing: a writer that fails at any point, and features that end early.
func TestFailuresAreToldAndLeaveNothing(t *testing.T) {
	emptyTemp(t)
	all := rows(t)
	broken := errors.New("the store is gone")
	for _, f := range plain() {
		whole := len(write(t, f.ID, document(feature.Sites), all))
		for _, n := range []int{0, whole / 2, whole - 1} {
			if err := export.Write(f.ID, &shortWriter{n}, document(feature.Sites), each(all)); err == nil {
				t.Errorf("%s: %d of %d bytes were written, and nobody was told", f.ID, n, whole)
			}
		}
		err := export.Write(f.ID, io.Discard, document(feature.Sites), func(_ export.Layer, yield func(registry.Feature) error) error {
			return errors.Join(yield(all[feature.Sites][0]), broken)
		})
		if !errors.Is(err, broken) {
			t.Errorf("%s: %v, want %v", f.ID, err, broken)
		}
	}
}

// A stored feature that isn't what its columns say is our own mistake; the file must not be made all the same.
func TestFeaturesThatCannotBeRead(t *testing.T) {
	emptyTemp(t)
	for _, broken := range []string{`{`, `{"properties":{"surface_m2":"large"}}`, `{"properties":{"shops":true}}`, `{"properties":{"trades":"pottery"}}`,
		`{"properties":{"place_matched_by_similarity":1}}`, `{"properties":{"name":5}}`} {
		for _, format := range []string{"csv", "xlsx", "gpkg", "parquet", "kml", "zip"} {
			all := map[string][]registry.Feature{feature.Sites: {{Collection: feature.Sites, ID: "broken", JSON: []byte(broken)}}}
			if err := export.Write(format, io.Discard, document(feature.Sites), each(all)); err == nil {
				t.Errorf("%s: %s made a file", format, broken)
			}
		}
	}
}

func TestFormatsRefuse(t *testing.T) {
	for _, tc := range []struct {
		format      string
		collections []string
		param       string
	}{
		{"shp", []string{feature.Sites}, "f"},
		{"csv", nil, "collection"},
		{"csv", []string{feature.Sites, feature.Agreements}, "collection"},
		{"csv", []string{"arrondissements"}, "collection"},
		{"gpkg", []string{feature.Sites, feature.Sites}, "collection"},
		{"oc4ids", []string{feature.Communes}, "collection"},
	} {
		_, err := export.New(tc.format, io.Discard, document(tc.collections...))
		var wrong *registry.Error
		if !errors.As(err, &wrong) || wrong.Code != registry.Invalid || wrong.Param != tc.param || wrong.Takes == "" {
			t.Errorf("%s of %v: %v, want an error about %s", tc.format, tc.collections, err, tc.param)
		}
	}
}

// Whatever a text is, a spreadsheet shows it, and taking the guard off gives it back.
func TestGuardedTextsSurvive(t *testing.T) {
	for text, want := range map[string]string{
		"=1+1": "'=1+1", "+212": "'+212", "-5": "'-5", "@a": "'@a", "\tx": "'\tx", "\rx": "'\rx", "'=1+1": "''=1+1", "''+1": "'''+1", "＝1": "'＝1",
		"a=1": "a=1", "": "", "'": "'", "'a": "'a", "منطقة": "منطقة", " =1": " =1",
	} {
		all := map[string][]registry.Feature{feature.Sites: {made(t, feature.Sites, "s", nil, map[string]any{"name": text})}}
		raw := write(t, "csv-plain", document(feature.Sites), all)
		_, line, _ := strings.Cut(string(raw), "\n")
		cell := strings.Split(strings.TrimPrefix(line, "s,"), ",")[0]
		if strings.HasPrefix(cell, `"`) {
			cell = strings.ReplaceAll(strings.Trim(cell, `"`), `""`, `"`)
		}
		if cell != want || export.Unguard(cell) != text {
			t.Errorf("%q is written as %q and read as %q, want %q", text, cell, export.Unguard(cell), want)
		}
	}
}

// TestDictionaryExplainsEverything: every column of every collection, and every code, in three languages.
func TestDictionaryExplainsEverything(t *testing.T) {
	for _, collection := range feature.Collections {
		for _, format := range []string{"geojsonl", "csv"} {
			var b bytes.Buffer
			if err := export.WriteSidecar(format, &b, document(collection)); err != nil {
				t.Fatal(err)
			}
			for _, empty := range []string{`"fr": ""`, `"ar": ""`, `"en": ""`, `"@value": ""`, `"label": ""`} {
				if i := strings.Index(b.String(), empty); i >= 0 {
					t.Errorf("%s of %s explains nothing here: …%s", format, collection, b.String()[max(0, i-400):i+20])
				}
			}
		}
	}
}

// TestLeftOutRowsAreCounted: a file of located rows alone says how many others there are.
func TestLeftOutRowsAreCounted(t *testing.T) {
	d := document(feature.Sites)
	d.LocatedOnly, d.LeftOut = true, 41
	located := map[string][]registry.Feature{}
	for _, f := range rows(t)[feature.Sites] {
		if f.Geometry != nil {
			located[feature.Sites] = append(located[feature.Sites], f)
		}
	}
	for _, format := range []string{"geojson", "kml", "gpkg", "parquet"} {
		if raw := write(t, format, d, located); !bytes.Contains(raw, []byte("41")) {
			t.Errorf("%s doesn't say that 41 rows were left out", format)
		}
	}
	var b bytes.Buffer
	if err := export.WriteSidecar("csv", &b, d); err != nil || !strings.Contains(b.String(), "Lignes sans position, laissées de côté : 41.") {
		t.Errorf("the metadata of CSV don't say that 41 rows were left out: %v", err)
	}
}

// TestBundle opens a ZIP and checks each file against the hash that the README gives.
func TestBundle(t *testing.T) {
	emptyTemp(t)
	all := rows(t)
	raw := write(t, "zip", document(feature.Sites), all)
	z, err := zip.NewReader(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	content := map[string][]byte{}
	var names []string
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if content[f.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
		names = append(names, f.Name)
	}
	if want := []string{"sites/sites.csv", "sites/sites.geojson", "sites/sites.csv-metadata.json", "sites/metadata.json", "sites/README.txt"}; !slices.Equal(names, want) {
		t.Fatalf("holds %q, want %q", names, want)
	}
	readme := string(content["sites/README.txt"])
	for name, body := range content {
		base := strings.TrimPrefix(name, "sites/")
		sum := sha256.Sum256(body)
		if line := hex.EncodeToString(sum[:]) + "  " + base + "\n"; base != "README.txt" && !strings.Contains(readme, line) {
			t.Errorf("the README has no line %q", line)
		}
	}
	for _, words := range []string{"CC-BY-4.0", "2026-03-04T05:06:07Z", "Lignes\u00a0: 4", "عدد السطور", "To cite: Mithaq: sites", "surface_m2 (number, m²)", "https://mithaq.example/api/collections/sites/items"} {
		if !strings.Contains(readme, words) {
			t.Errorf("the README doesn't say %q", words)
		}
	}
	if got := write(t, "csv", document(feature.Sites), all); !bytes.Equal(content["sites/sites.csv"], got) {
		t.Error("the CSV in the ZIP isn't the CSV alone")
	}
	var meta struct {
		Rows  int
		Files []struct{ Name, SHA256 string }
	}
	if err := json.Unmarshal(content["sites/metadata.json"], &meta); err != nil || meta.Rows != 4 || len(meta.Files) != 3 {
		t.Errorf("metadata.json: %+v, %v", meta, err)
	}
}

// golden compares with a file in testdata.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s is different now (go test -update writes it anew):\n%s", name, got)
	}
}

func TestGoldenFiles(t *testing.T) {
	all := rows(t)
	for _, format := range []string{"csv", "geojsonl", "kml"} {
		golden(t, "agreements."+format, write(t, format, document(feature.Agreements), all))
	}
}
