// Package house checks that imports point the way that the design says. It has no code of its own.
package house

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const module = "mithaq/"

// rooms says what each package may import of this module. A folder's rule holds for what lies below it, unless that has its own.
// A package that is in no room is a mistake: give it one, with its reason, before giving it an arrow.
var rooms = map[string]struct {
	may  []string
	rule string
}{
	"internal/edtf":              {nil, "edtf knows dates and nothing of ours"},
	"internal/crs":               {nil, "crs knows positions and nothing of ours"},
	"internal/idmap":             {nil, "idmap keeps bytes for ids and knows nothing of ours"},
	"internal/passage":           {nil, "passage knows texts and nothing of ours"},
	"internal/cql":               {[]string{"internal/edtf"}, "cql knows the filter language and dates: no record, no table and no SQL"},
	"internal/registry":          {[]string{"internal/edtf", "internal/cql"}, "registry is the subject itself: it imports edtf, cql and geometry types, so that it can be read and tested alone"},
	"internal/gazetteer":         {[]string{"internal/registry", "geodata"}, "gazetteer stands on registry and its own files"},
	"internal/dossier":           {[]string{"internal/registry", "internal/edtf", "internal/idmap"}, "dossier is a format of registry's records and knows no place, page or store"},
	"internal/dossier/schemagen": {[]string{"internal/dossier", "internal/registry", "internal/edtf"}, "schemagen writes dossier's schema from registry's types"},
	"internal/feature":           {[]string{"internal/registry", "internal/edtf", "internal/cql", "internal/gazetteer"}, "feature makes map features of records and never reads a store"},
	"internal/tile":              {[]string{"internal/registry", "internal/gazetteer"}, "tile draws features and never reads a store"},
	"internal/search":            {[]string{"internal/registry", "internal/gazetteer"}, "search ranks what a reader of the registry finds and never names a store"},
	"internal/export":            {[]string{"internal/registry", "internal/edtf", "internal/feature", "geodata"}, "export writes files of features and reads no store but through registry.Reader"},
	"internal/export/geopackage": {nil, "geopackage knows a standard and nothing of ours"},
	"internal/bench/measure":     {[]string{"internal/bench", "internal/registry", "internal/gazetteer", "internal/export", "migrations"}, "measure asks a running program as anybody does, and counts by itself what the answers must hold"},
	"internal/dump":              {[]string{"internal/registry", "internal/edtf", "internal/feature", "internal/gazetteer", "internal/export"}, "dump keeps files of export on the disk and meets no store and no server"},
	"internal/picture":           {nil, "picture draws what it is given and knows nothing of ours"},
	"internal/publish":           {[]string{"internal/registry", "internal/edtf", "internal/gazetteer", "internal/feature", "internal/idmap", "internal/passage", "internal/search", "geodata"}, "publish works through registry.Store and never names a store or a server"},
	"internal/store":             {[]string{"internal/registry", "internal/edtf", "migrations", "internal/cql"}, "a store keeps what registry defines and never meets a server or a format"},
	"internal/archive":           {[]string{"internal/registry", "internal/gazetteer", "internal/publish"}, "archive replays revisions into a store that it is given, and never names one"},
	"internal/bench":             {[]string{"internal/registry", "internal/edtf", "internal/gazetteer", "internal/passage"}, "bench makes records and neither publishes nor serves them"},
	"internal/cite":              {nil, "cite writes references and knows no record"},
	"internal/rdf":               {nil, "rdf writes graphs and knows nothing of ours"},
	"internal/httpserve":         {[]string{"internal/registry"}, "httpserve is the listener that both faces share and knows none of their pages"},
	"internal/httpapi":           {[]string{"internal/registry", "internal/edtf", "internal/export", "internal/gazetteer", "internal/feature", "internal/dossier", "internal/httpserve", "geodata", "internal/cql", "internal/crs", "internal/tile", "internal/dump"}, "httpapi reads through registry.Reader: it never names a store, and nothing of the pages"},
	"internal/web":               {[]string{"internal/registry", "internal/edtf", "internal/gazetteer", "internal/feature", "internal/passage", "internal/search", "internal/httpserve", "internal/cite", "internal/rdf", "geodata", "internal/picture", "docs/recipes"}, "web reads through registry.Reader: it never names a store, and nothing of the interface for programs"},
	"internal/site":              {nil, "site writes what any application answers and knows nothing of ours"},
	"docs/recipes":               {nil, "recipes carries files"},
	"geodata":                    {nil, "geodata carries files and reads none"},
	"migrations":                 {nil, "migrations carries files"},
	"static":                     {nil, "static carries files"},
	"cmd/mithaq":                 {[]string{"internal", "geodata", "migrations", "static", "docs/recipes"}, "cmd/mithaq introduces everybody to everybody"},
}

// guests are libraries that only some rooms may let in, by the beginning of their import paths.
var guests = map[string]struct {
	rooms []string
	rule  string
}{
	"database/sql":               {[]string{"internal/store", "internal/export/geopackage", "internal/bench/measure"}, "SQL and its drivers appear in store/* alone, and where a file is itself a SQLite database"},
	"github.com/mattn/go-sqlite": {[]string{"internal/store", "internal/export/geopackage", "internal/bench/measure"}, "SQL and its drivers appear in store/* alone, and where a file is itself a SQLite database"},
	"github.com/jackc/":          {[]string{"internal/store"}, "SQL and its drivers appear in store/* alone"},
	"modernc.org/sqlite":         {[]string{"internal/store"}, "SQL and its drivers appear in store/* alone"},
	"github.com/pressly/goose":   {[]string{"internal/store"}, "SQL and its drivers appear in store/* alone"},
	"github.com/gofiber/":        {[]string{"internal/httpserve", "internal/httpapi", "internal/web", "cmd"}, "Fiber appears in httpserve, httpapi, web and cmd alone"},
	"github.com/valyala/":        {[]string{"internal/httpserve", "internal/httpapi", "internal/web", "cmd"}, "Fiber appears in httpserve, httpapi, web and cmd alone"},
	"net/http":                   {[]string{"internal/httpserve", "internal/httpapi", "internal/web", "cmd", "internal/bench/measure"}, "HTTP appears in httpserve, httpapi, web and cmd alone, and where it is measured"},
	"html/template":              {[]string{"internal/web"}, "templates belong to the pages"},
	"github.com/go-text/":        {[]string{"internal/picture"}, "letters and pixels belong to picture"},
	"golang.org/x/image":         {[]string{"internal/picture"}, "letters and pixels belong to picture"},
	"github.com/spf13/cobra":     {[]string{"cmd"}, "the command line belongs to cmd"},
	"testing":                    {[]string{"internal/store/storetest"}, "tests stay out of the program"},
}

// pkg is what go list says of a package. Imports leave out those of its tests.
type pkg struct {
	ImportPath string
	Imports    []string
}

func TestImportsPointTheRightWay(t *testing.T) {
	for _, p := range packages(t) {
		for _, wrong := range wrongArrows(p) {
			t.Error(wrong)
		}
	}
}

// packages lists the module's own.
func packages(t *testing.T) (all []pkg) {
	t.Helper()
	var stderr bytes.Buffer
	cmd := exec.Command("go", "list", "-tags", "sqlite_fts5", "-json=ImportPath,Imports", module+"...")
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, &stderr)
	}
	for dec := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := dec.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		if !strings.Contains(p.ImportPath, "/node_modules/") && p.ImportPath != module+"internal" { // what npm unpacks isn't ours; the other is this test
			all = append(all, p)
		}
	}
	if len(all) < 10 {
		t.Fatalf("go list knows only %d packages", len(all))
	}
	return all
}

// in reports whether a package lies in a folder.
func in(path, folder string) bool { return path == folder || strings.HasPrefix(path, folder+"/") }

// room is the folder whose rule holds for a package: the deepest one.
func room(path string) (folder string) {
	for f := range rooms {
		if in(path, f) && len(f) > len(folder) {
			folder = f
		}
	}
	return folder
}

// wrongArrows says which imports of a package break which rule.
func wrongArrows(p pkg) (wrong []string) {
	path := strings.TrimPrefix(p.ImportPath, module)
	home := room(path)
	if home == "" {
		return []string{path + " has no rule: say in rooms what it may import, and why"}
	}
	for _, imported := range p.Imports {
		if target, ours := strings.CutPrefix(imported, module); ours {
			if !in(target, home) && !slices.ContainsFunc(rooms[home].may, func(f string) bool { return in(target, f) }) {
				wrong = append(wrong, path+" imports "+target+": "+rooms[home].rule)
			}
			continue
		}
		for prefix, g := range guests {
			exact := !strings.Contains(prefix, ".") // of the standard library: "testing", not "testing/fstest"
			if (imported == prefix || !exact && strings.HasPrefix(imported, prefix)) && !slices.ContainsFunc(g.rooms, func(f string) bool { return in(path, f) }) {
				wrong = append(wrong, path+" imports "+imported+": "+g.rule)
			}
		}
	}
	return wrong
}

// The rules bite: each of these is a wrong arrow, and says so in the rule's words.
func TestWrongArrowsAreFound(t *testing.T) {
	for _, tc := range []struct{ from, to, words string }{
		{"internal/registry", "mithaq/internal/gazetteer", "tested alone"},
		{"internal/registry", "database/sql", "store/* alone"},
		{"internal/cql", "mithaq/internal/registry", "no record, no table and no SQL"},
		{"internal/cql", "database/sql", "store/* alone"},
		{"internal/export", "database/sql", "store/* alone"},
		{"internal/export", "mithaq/internal/store/sqlite", "through registry.Reader"},
		{"internal/export/geopackage", "mithaq/internal/registry", "nothing of ours"},
		{"internal/gazetteer", "mithaq/internal/dossier", "stands on registry"},
		{"internal/publish", "mithaq/internal/store/sqlite", "never names a store"},
		{"internal/search", "mithaq/internal/store/sqlite", "never names a store"},
		{"internal/httpapi", "mithaq/internal/store/sqlite", "never names a store"},
		{"internal/httpapi", "mithaq/internal/web", "nothing of the pages"},
		{"internal/web", "mithaq/internal/httpapi", "interface for programs"},
		{"internal/store/sqlite", "mithaq/internal/httpserve", "never meets a server"},
		{"internal/store/sqlite", "mithaq/internal/feature", "never meets"},
		{"internal/feature", "github.com/gofiber/fiber/v2", "Fiber appears"},
		{"internal/httpapi", "github.com/mattn/go-sqlite3", "store/* alone"},
		{"internal/site", "mithaq/internal/web", "knows nothing of ours"},
		{"internal/bench/measure", "mithaq/internal/httpapi", "counts by itself"},
		{"internal/utils", "fmt", "has no rule"},
	} {
		wrong := wrongArrows(pkg{module + tc.from, []string{tc.to}})
		if len(wrong) != 1 || !strings.Contains(wrong[0], tc.words) {
			t.Errorf("%s → %s: %q, want %q", tc.from, tc.to, wrong, tc.words)
		}
	}
	for _, tc := range []struct{ from, to string }{
		{"cmd/mithaq", "mithaq/internal/store/sqlite"}, {"cmd/mithaq", "github.com/gofiber/fiber/v2"}, {"internal/store/sqlite", "github.com/mattn/go-sqlite3"}, {"internal/export/geopackage", "github.com/mattn/go-sqlite3"},
		{"internal/store/storetest", "testing"}, {"internal/dossier/schemagen", "mithaq/internal/dossier"}, {"internal/registry", "github.com/paulmach/orb"},
	} {
		if wrong := wrongArrows(pkg{module + tc.from, []string{tc.to}}); len(wrong) > 0 {
			t.Errorf("%s → %s is right: %q", tc.from, tc.to, wrong)
		}
	}
}
