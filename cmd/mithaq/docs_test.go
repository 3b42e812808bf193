package main

import (
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mithaq/internal/export"
	"mithaq/internal/feature"
	"mithaq/internal/registry"
)

// document reads a page of docs/.
func document(t *testing.T, name string) string {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("..", "..", "docs", name))
	if err != nil {
		t.Fatal(err)
	}
	return string(raw)
}

// Every command, flag and environment twin stands in docs/commands.md.
func TestCommandsAreDocumented(t *testing.T) {
	text := document(t, "commands.md")
	var walk func(cmd *cobra.Command)
	walk = func(cmd *cobra.Command) {
		if cmd.Runnable() && cmd.HasParent() && !strings.Contains(text, "`"+cmd.CommandPath()) {
			t.Errorf("%s isn't documented", cmd.CommandPath())
		}
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if f.Name != "help" && f.Name != "version" && !strings.Contains(text, "`--"+f.Name+"`") {
				t.Errorf("%s --%s isn't documented", cmd.CommandPath(), f.Name)
			}
			for _, twin := range regexp.MustCompile(`MITHAQ_[A-Z_]+`).FindAllString(f.Usage, -1) {
				if !strings.Contains(text, "`"+twin+"`") {
					t.Errorf("%s isn't documented", twin)
				}
			}
		})
		for _, sub := range cmd.Commands() {
			walk(sub)
		}
	}
	walk((&app{}).command())
}

// Every address for programs, parameter, property of a site and error code stands in docs/api.md.
func TestAddressesAreDocumented(t *testing.T) {
	text := document(t, "api.md")
	a := &app{database: filepath.Join(t.TempDir(), "registry.db")}
	store, p, err := a.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	served, _, err := newApp(store, p, serving{baseURL: "https://mithaq.example"}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	page := regexp.MustCompile(`^/(fr|ar|en)(/|$)`)
	for _, route := range served.GetRoutes(true) {
		path := route.Path
		if route.Method != "GET" || page.MatchString(path) || path == "/" || strings.HasPrefix(path, "/static") {
			continue
		}
		path = regexp.MustCompile(`:(\w+)`).ReplaceAllString(path, "{$1}")
		prefix, isFile := strings.CutSuffix(path, "{file}")
		if !strings.Contains(text, "`"+path+"`") && !(isFile && strings.Contains(text, "`"+prefix+"{")) {
			t.Errorf("%s isn't documented", route.Path)
		}
	}
	for _, column := range slices.Concat(registry.FeatureColumns, registry.FeatureLists, []string{"party", "programme", "located"}) {
		if !strings.Contains(text, "`"+column+"`") {
			t.Errorf("parameter %s isn't documented", column)
		}
	}
	for _, code := range registry.Codes {
		if !strings.Contains(text, "`"+string(code)+"`") {
			t.Errorf("error code %s isn't documented", code)
		}
	}
}

// Every format of downloads, and every collection, stands in docs/downloads.md.
func TestDownloadsAreDocumented(t *testing.T) {
	text := document(t, "downloads.md")
	for _, f := range export.Formats() {
		if !strings.Contains(text, "| `"+f.ID+"` | `"+f.Extension+"` |") {
			t.Errorf("format %s (%s) isn't documented", f.ID, f.Extension)
		}
	}
	for _, c := range feature.Collections {
		if !strings.Contains(text, "`"+c+"`") {
			t.Errorf("collection %s isn't documented", c)
		}
	}
}

// Every one of the fifty-six expectations names tests that there are, or says why there are none.
func TestExpectationsAreShown(t *testing.T) {
	tests := map[string]bool{}
	err := filepath.WalkDir(filepath.Join("..", ".."), func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && d.Name() == "node_modules":
			return filepath.SkipDir
		case !strings.HasSuffix(path, "_test.go"):
			return nil
		}
		raw, err := os.ReadFile(path)
		for _, m := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllSubmatch(raw, -1) {
			tests[string(m[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	rows := regexp.MustCompile(`(?m)^\| (\d+) \| (.+?) \| (.+?) \|$`).FindAllStringSubmatch(document(t, "checklist.md"), -1)
	if len(rows) != 56 {
		t.Errorf("%d expectations, want 56", len(rows))
	}
	for i, row := range rows {
		if row[1] != strconv.Itoa(i+1) {
			t.Errorf("row %d is numbered %s", i+1, row[1])
		}
		named := regexp.MustCompile(`Test\w+`).FindAllString(row[3], -1)
		for _, name := range named {
			if !tests[name] {
				t.Errorf("%s: there is no %s", row[1], name)
			}
		}
		if reason, not := strings.CutPrefix(row[3], "Not "); len(named) == 0 && (!not || len(strings.Fields(reason)) < 6) {
			t.Errorf("%s has neither a test nor a reason: %s", row[1], row[3])
		}
	}
}
