package main

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Two synthetic registries of one size have the same sites, byte for byte, as the export gives them and the API serves them; and they say that they are none.
func TestSyntheticRegistriesAreAlike(t *testing.T) {
	folder := t.TempDir()
	file := func(name string) string {
		raw, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil {
			t.Fatal(err)
		}
		return string(raw)
	}
	for _, args := range []string{
		"bench generate --sites 130 --database one.db --dump one.ndjson", "bench generate --sites 130 --database two.db --dump two.ndjson",
		"bench generate --sites 130 --records records.json", "import --database three.db records.json",
		"export --database one.db --format geojsonl --collection sites -o export.ndjson", "export --database one.db -o one.json", "export --database three.db -o three.json",
	} {
		if code, _, stderr := call(t, folder, strings.Fields(args)...); code != 0 {
			t.Fatalf("%s: exit %d, %s", args, code, stderr)
		}
	}
	one := file("one.ndjson")
	if lines := strings.Split(strings.TrimSuffix(one, "\n"), "\n"); len(lines) != 130 {
		t.Errorf("%d sites", len(lines))
	} else {
		for _, line := range lines {
			if !strings.Contains(line, `"id":"synthetic-`) || !strings.Contains(line, "fictif") || !strings.Contains(line, "وهمي") || !strings.Contains(line, `"location_precision":"point"`) {
				t.Errorf("%s", line)
			}
		}
	}
	if one != file("two.ndjson") || one != file("export.ndjson") {
		t.Error("the dumps of two registries, or the export, differ")
	}
	if file("one.json") != file("three.json") {
		t.Error("the records that were generated aren't those that were imported")
	}
	s := serveFolder(t, folder, "--database", "one.db")
	if body, _ := s.get(t, "/api/collections/sites/items?f=geojsonl", http.StatusOK); string(body) != one {
		t.Error("the API serves other sites than were dumped")
	}
}
