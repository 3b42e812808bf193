package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"mithaq/internal/export"
	"mithaq/internal/feature"
	"mithaq/internal/web"
)

// Every format of a collection from the command line: the file with what describes it, the same bytes twice.
func TestExportOfCollections(t *testing.T) {
	folder := t.TempDir()
	if err := os.WriteFile(filepath.Join(folder, "good.json"), withStatements(amended), 0o644); err != nil {
		t.Fatal(err)
	}
	call(t, folder, "import", "good.json")
	for _, f := range export.Formats() {
		name := "sites" + f.Extension
		var first []byte
		for range 2 {
			if code, _, stderr := call(t, folder, "export", "--format", f.ID, "--collection", "sites", "-o", name, "--base-url", "https://mithaq.example", "--as-of", "2030-01-01"); code != 0 {
				t.Fatalf("%s: exit %d: %s", f.ID, code, stderr)
			}
			got, err := os.ReadFile(filepath.Join(folder, name))
			if err != nil || len(got) == 0 {
				t.Fatalf("%s: %d bytes, %v", f.ID, len(got), err)
			}
			if first != nil && !bytes.Equal(first, got) {
				t.Errorf("%s: two exports differ", f.ID)
			}
			first = got
		}
		if code, stdout, _ := call(t, folder, "export", "--format", f.ID, "--collection", "sites", "--base-url", "https://mithaq.example", "--as-of", "2030-01-01"); code != 0 || stdout != string(first) {
			t.Errorf("%s: standard output isn't the file", f.ID)
		}
		if f.Sidecar != "" {
			if raw, err := os.ReadFile(filepath.Join(folder, name+f.Sidecar)); err != nil || !bytes.Contains(raw, []byte("https://mithaq.example/api/collections/sites/items?as-of=2030-01-01")) {
				t.Errorf("%s: no metadata with the link: %v", f.ID, err)
			}
		}
	}
	for _, tc := range []struct {
		name, args     string
		code           int
		stdout, stderr string
	}{
		{"located rows alone", "--format geojson --collection sites --located-only", 0, `"located_only":true`, ""},
		{"a filter", "--format geojson --collection sites --filter shops>20", 0, `"numberReturned":1`, ""},
		{"a filter on a day", "--format geojson --collection sites --as-of 2024-06-01 --filter shops=30", 0, `"numberReturned":1`, ""},
		{"a filter that none meets", "--format geojson --collection sites --filter shops=31", 0, `"numberReturned":0`, ""},
		{"a filter that is none", "--format csv --collection sites --filter shops=", 2, "", "--filter"},
		{"a filter on what isn't there", "--format csv --collection regions --filter shops=30", 2, "", "--filter"},
		{"boundaries", "--format geojsonl --collection regions --detail low", 0, `"detail":"low"`, ""},
		{"a format that is none", "--format shp --collection sites", 2, "", "There is no such format"},
		{"no collection", "--format csv", 2, "", "one collection"},
		{"two collections in CSV", "--format csv --collection sites,agreements", 2, "", "one collection"},
		{"a collection that is none", "--format csv --collection cities", 2, "", "no room"},
		{"a day that is none", "--format csv --collection sites --as-of yesterday", 2, "", "takes a day"},
		{"a detail that is none", "--format csv --collection communes --detail huge", 2, "", "low, medium or high"},
		{"a collection without a format", "--collection sites", 2, "", "--collection goes with --format"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			code, stdout, stderr := call(t, folder, append([]string{"export"}, strings.Fields(tc.args)...)...)
			if code != tc.code || !strings.Contains(stdout, tc.stdout) || !strings.Contains(stderr, tc.stderr) {
				t.Errorf("exit %d, want %d\nstdout: %.400s\nstderr: %.800s", code, tc.code, stdout, stderr)
			}
		})
	}
	empty := t.TempDir()
	if code, _, stderr := call(t, empty, "export", "--format", "oc4ids", "--collection", "sites", "-o", "none.json"); code != 1 || !strings.Contains(stderr, "None of these records is a project") {
		t.Errorf("no project: exit %d: %s", code, stderr)
	}
	for _, left := range []string{"none.json", ".mithaq-*"} {
		if found, err := filepath.Glob(filepath.Join(empty, left)); err != nil || len(found) > 0 {
			t.Errorf("a failed export left %v %v", found, err)
		}
	}
	if code, _, stderr := call(t, folder, "export", "--format", "gpkg", "--collection", "sites,agreements,regions", "-o", "all.gpkg"); code != 0 {
		t.Errorf("several layers: exit %d: %s", code, stderr)
	}
}

// Files say what a code means in three languages; no code is left to speak for itself.
func TestEveryCodeInFilesHasALabel(t *testing.T) {
	labels, err := web.CodeLabels()
	if err != nil {
		t.Fatal(err)
	}
	for _, collection := range feature.Collections {
		var b bytes.Buffer
		if err := export.WriteSidecar("geojsonl", &b, export.Document{Layers: []export.Layer{export.LayerOf(collection)}, Labels: labels}); err != nil {
			t.Fatal(err)
		}
		var d struct {
			Layers []struct {
				Columns []struct {
					Name  string
					Codes []struct {
						Code  string
						Label map[string]string
					}
				}
			}
		}
		if err := json.Unmarshal(b.Bytes(), &d); err != nil {
			t.Fatal(err)
		}
		found := 0
		for _, c := range d.Layers[0].Columns {
			for _, x := range c.Codes {
				found++
				// A label may be the code in French or English ("construction"), never in Arabic.
				if x.Label["ar"] == x.Code || strings.ContainsAny(x.Label["fr"]+x.Label["ar"]+x.Label["en"], "⟦{") {
					t.Errorf("%s: %s %s is called %q", collection, c.Name, x.Code, x.Label)
				}
			}
		}
		if found == 0 {
			t.Errorf("%s has no codes", collection)
		}
	}
}

// The command gives the bytes of the address, in every format and for its description, and the address gives them twice alike.
func TestExportIsWhatTheAddressGives(t *testing.T) {
	const public = "https://mithaq.example"
	folder := t.TempDir()
	s := serveFolder(t, folder)
	for _, f := range export.Formats() {
		for _, collection := range feature.Collections {
			if f.ID == "geojson" || collection == feature.Provinces || collection == feature.Communes || f.Collections != nil && !slices.Contains(f.Collections, collection) {
				continue // an address gives GeoJSON by pages; two of three boundary collections would say what the third does
			}
			args := []string{"export", "--format", f.ID, "--collection", collection, "--base-url", public}
			path := "/api/collections/" + collection + "/items?f=" + f.ID
			if collection == feature.Sites {
				args, path = append(args, "--filter", "shops >= 15", "--located-only"), path+"&filter="+url.QueryEscape("shops >= 15")+"&located=yes"
			}
			served, header := s.get(t, path, http.StatusOK)
			again, _ := s.get(t, path, http.StatusOK)
			if string(served) != string(again) {
				t.Errorf("%s twice is two files", path)
			}
			if got := header.Get("Content-Type"); got != f.MediaType {
				t.Errorf("%s is %s, want %s", path, got, f.MediaType)
			}
			if f.Sidecar != "" && !strings.Contains(header.Get("Link"), `rel="describedby"`) {
				t.Errorf("%s doesn't lead to its description: %s", path, header.Get("Link"))
			}
			if code, written, stderr := call(t, folder, args...); code != 0 || written != string(served) {
				t.Errorf("%s: the command writes %d bytes, the address gives %d; %s", path, len(written), len(served), stderr)
			}
		}
	}
}
