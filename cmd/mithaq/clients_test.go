package main

import (
	"encoding/csv"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// tool finds a program that make test installs; without it the test is skipped, but never where everything is to run.
func tool(t *testing.T, name string) string {
	t.Helper()
	path, err := exec.LookPath(name)
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skipf("%s is not there: make install-test-tools", name)
	}
	return path
}

// venv is a program of the checkers that make test installs, and the folder of their settings.
func venv(t *testing.T, name string) (program, settings string) {
	t.Helper()
	root, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	return tool(t, filepath.Join(root, "build", "venv", "bin", name)), filepath.Join(root, ".ci", "python")
}

// runTool runs a program and gives what it printed.
func runTool(t *testing.T, env []string, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Dir = t.TempDir() // for what it leaves behind
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %s: %v\n%s", filepath.Base(name), strings.Join(args, " "), err, out)
	}
	return string(out)
}

func TestAPIDefinitionIsValid(t *testing.T) {
	validator, _ := venv(t, "openapi-spec-validator")
	s := startPublic(t)
	raw, header := s.get(t, "/api/openapi.json", http.StatusOK)
	if got := header.Get("Content-Type"); got != "application/vnd.oai.openapi+json;version=3.0" {
		t.Errorf("served as %s", got)
	}
	file := filepath.Join(t.TempDir(), "openapi.json")
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	if out := runTool(t, nil, validator, file); !strings.Contains(out, "OK") {
		t.Error(out)
	}
	for _, remote := range regexp.MustCompile(`"\$ref":"([^"]*)"`).FindAllStringSubmatch(string(raw), -1) {
		if !strings.HasPrefix(remote[1], "#/components/") {
			t.Errorf("it is not whole in itself: %s", remote[1])
		}
	}
}

// A fuzzer that reads the definition finds no answer that it doesn't allow, and nothing taken that it forbids.
func TestServerAnswersAsItsDefinitionSays(t *testing.T) {
	fuzzer, settings := venv(t, "schemathesis")
	s := startPublic(t)
	began := time.Now()
	out := runTool(t, []string{"SCHEMATHESIS_HOOKS=" + filepath.Join(settings, "hooks.py"), "PYTHONDONTWRITEBYTECODE=1"}, fuzzer,
		"--config-file", filepath.Join(settings, "schemathesis.toml"), "run", s.url+"/api/openapi.json", "--max-examples", "3")
	summary := regexp.MustCompile(`([0-9]+) generated, ([0-9]+) passed`).FindStringSubmatch(out)
	if summary == nil || summary[1] != summary[2] || len(summary[1]) < 3 {
		t.Errorf("%s", out)
	}
	t.Logf("%v in %s", summary, time.Since(began).Round(time.Second))
}

// GDAL, on which QGIS stands, reads the collections: it counts, narrows, follows the pages to the end and reprojects.
func TestGDAL(t *testing.T) {
	ogrinfo, ogr2ogr := tool(t, "ogrinfo"), tool(t, "ogr2ogr")
	s := startPublic(t)
	api := "OAPIF:" + s.url + "/api"
	count := func(args ...string) string {
		out := runTool(t, nil, ogrinfo, append([]string{"-ro", "-so"}, args...)...)
		if strings.Contains(out, "ERROR") || strings.Contains(out, "Warning") {
			t.Errorf("%s", out)
		}
		found := regexp.MustCompile(`Feature Count: ([0-9]+)`).FindStringSubmatch(out)
		if found == nil {
			t.Fatalf("no count in\n%s", out)
		}
		return found[1]
	}
	matched := func(query string) string {
		n, _ := s.json(t, "/api/collections/"+query).at("/numberMatched").(json.Number)
		return n.String()
	}
	for _, collection := range []string{"sites", "agreements", "amendments", "communes", "provinces", "regions"} {
		if got, want := count(api, collection), matched(collection+"/items"); got != want || want == "" {
			t.Errorf("%s: GDAL counts %s, the API %s", collection, got, want)
		}
	}
	if got, want := count(api, "communes", "-spat", "-10.1", "29.3", "-8.6", "30"), matched("communes/items?bbox=-10.1,29.3,-8.6,30"); got != want || got == "0" {
		t.Errorf("in a box: GDAL %s, the API %s", got, want)
	}
	if got, want := count(api, "sites", "-where", "kind = 'craft_zone'"), matched("sites/items?kind=craft_zone"); got != want || got == "0" {
		t.Errorf("by kind: GDAL %s, the API %s", got, want)
	}

	rows := func(args ...string) [][]string {
		out := runTool(t, nil, ogr2ogr, append([]string{"-f", "CSV", "/vsistdout/", api}, args...)...)
		all, err := csv.NewReader(strings.NewReader(out)).ReadAll()
		if err != nil {
			t.Fatalf("%v in\n%s", err, out)
		}
		return all[1:]
	}
	seen := map[string]bool{}
	for _, row := range rows("communes", "-oo", "PAGE_SIZE=400", "-select", "code,name_fr") {
		seen[row[0]] = true
	}
	if len(seen) != 1503 {
		t.Errorf("%d communes on all pages", len(seen))
	}
	if got := len(rows("sites", "-oo", "PAGE_SIZE=2")); got != 9 {
		t.Errorf("%d sites on pages of two: one has no geometry and is a row all the same", got)
	}
}
