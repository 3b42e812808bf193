package main

import (
	"encoding/csv"
	"encoding/json"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"mithaq/docs/recipes"
)

// ran is a recipe that was run: what it printed, and the folder that it left files in.
type ran struct {
	printed, folder string
}

func (r ran) file(t *testing.T, name string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join(r.folder, name))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func (r ran) table(t *testing.T, text string) [][]string {
	t.Helper()
	rows, err := csv.NewReader(strings.NewReader(strings.TrimPrefix(text, "\ufeff"))).ReadAll()
	if err != nil || len(rows) == 0 {
		t.Fatalf("%v in %q", err, text)
	}
	return rows[1:]
}

func (r ran) features(t *testing.T, name string) int {
	t.Helper()
	var collection struct{ Features []json.RawMessage }
	if err := json.Unmarshal(r.file(t, name), &collection); err != nil {
		t.Fatal(err)
	}
	return len(collection.Features)
}

// said is the number in what the recipe printed.
func (r ran) said(t *testing.T, pattern string) int {
	t.Helper()
	found := regexp.MustCompile(pattern).FindStringSubmatch(r.printed)
	if found == nil {
		t.Fatalf("no %s in\n%s", pattern, r.printed)
	}
	n, err := strconv.Atoi(found[1])
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// Every recipe of the documentation runs as it stands, and brings as many rows as the registry says there are.
func TestRecipes(t *testing.T) {
	s := startPublic(t)
	matched := func(query string) int {
		n, err := s.json(t, "/api/collections/"+query).at("/numberMatched").(json.Number).Int64()
		if err != nil || n == 0 {
			t.Fatalf("%s: %d %v", query, n, err)
		}
		return int(n)
	}
	sites := matched("sites/items")
	run := map[string]bool{}
	for name, recipe := range map[string]struct {
		want int
		got  func(*testing.T, ran) int
	}{
		"commune.sh": {1 + matched("sites/items?commune_code=09.581.01.05"), func(t *testing.T, r ran) int { return r.features(t, "tafraout.geojson") }},
		"filter.sh":  {matched("sites/items?kind=exhibition_space&located=yes&bbox=-10,29,-8,31"), func(t *testing.T, r ran) int { return r.features(t, "spaces.geojson") }},
		"table.sh":   {sites, func(t *testing.T, r ran) int { return len(r.table(t, string(r.file(t, "sites.csv")))) }},
		"sites.py":   {sites, func(t *testing.T, r ran) int { return r.said(t, `(\d+) sites, 1 without a known place`) }},
		"pages.py":   {matched("agreements/items"), func(t *testing.T, r ran) int { return r.said(t, `(\d+) agreements`) }},
		"sites.R":    {sites, func(t *testing.T, r ran) int { return r.said(t, `(\d+) sites`) }},
		"gdal.sh":    {sites, func(t *testing.T, r ran) int { return r.said(t, `Feature Count: (\d+)`) }},
		"duckdb.sh": {sites, func(t *testing.T, r ran) (all int) {
			for _, row := range r.table(t, r.printed) {
				n, err := strconv.Atoi(row[1])
				if err != nil {
					t.Fatal(err)
				}
				all += n
			}
			return all
		}},
	} {
		t.Run(name, func(t *testing.T) {
			if got := recipe.got(t, runRecipe(t, s, name)); got != recipe.want {
				t.Errorf("%d rows, the registry has %d", got, recipe.want)
			}
		})
		run[name] = true
	}
	text := document(t, "api.md")
	files, err := fs.Glob(recipes.Files, "*")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if !run[name] {
			t.Errorf("%s isn't run", name)
		}
		if !strings.Contains(text, "(recipes/"+name+")") {
			t.Errorf("docs/api.md doesn't lead to %s", name)
		}
	}
}

// runRecipe runs a recipe in a folder of its own, against s, with the programs that make test installs.
func runRecipe(t *testing.T, s server, name string) ran {
	t.Helper()
	code, err := fs.ReadFile(recipes.Files, name)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(string(code), recipes.BaseURL) == 0 {
		t.Fatal("it asks no registry")
	}
	folder := t.TempDir()
	file := filepath.Join(folder, name)
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(string(code), recipes.BaseURL, s.url)), 0o600); err != nil {
		t.Fatal(err)
	}
	var args []string
	switch filepath.Ext(name) {
	case ".sh":
		args = []string{"sh", "-eu"}
	case ".py":
		python, _ := venv(t, "python")
		args = []string{python, "-W", "error"}
	case ".R":
		args = []string{tool(t, "Rscript")}
	}
	duckdb, _ := venv(t, "duckdb")
	cmd := exec.CommandContext(t.Context(), args[0], append(args[1:], file)...)
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(duckdb)+":"+os.Getenv("PATH"))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return ran{string(out), folder}
}

// The addresses that the page has people enter in a menu answer as those menus want them.
func TestAddressesToEnter(t *testing.T) {
	s := startPublic(t)
	page, _ := s.get(t, "/en/api", http.StatusOK)
	entered := regexp.MustCompile(`<pre id="address-[a-z]+"[^>]*>([^<]*)</pre>`).FindAllStringSubmatch(string(page), -1)
	if len(entered) != 2 {
		t.Fatalf("%d addresses to enter", len(entered))
	}
	s.json(t, strings.TrimPrefix(entered[0][1], s.url)) // QGIS reads the landing page
	if _, header := s.get(t, strings.TrimPrefix(entered[1][1], s.url), http.StatusOK); !strings.HasPrefix(header.Get("Content-Type"), "text/csv") {
		t.Errorf("a spreadsheet is given %s", header.Get("Content-Type"))
	}
}
