package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestMain lets the tests run this program as its user does: with MITHAQ_TEST_MAIN set, the test binary is mithaq.
func TestMain(m *testing.M) {
	if os.Getenv("MITHAQ_TEST_MAIN") != "" {
		os.Exit(run(os.Args[1:]))
	}
	os.Exit(m.Run())
}

// mithaq prepares a run of the program in a folder.
func mithaq(ctx context.Context, folder string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, os.Args[0], args...)
	cmd.Dir = folder
	cmd.Env = append(os.Environ(), "MITHAQ_TEST_MAIN=1", "MITHAQ_DATABASE=registry.db")
	return cmd
}

// call runs the program and gives its exit code and what it printed.
func call(t *testing.T, folder string, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, words bytes.Buffer
	cmd := mithaq(t.Context(), folder, args...)
	cmd.Stdout, cmd.Stderr = &out, &words
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), out.String(), words.String()
}

func TestCommandLine(t *testing.T) {
	folder := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write("good.json", string(withStatements(amended)))
	write("bad.json", strings.ReplaceAll(string(withStatements(amended)), `"shops"`, `"shopz"`))
	write("dangling.json", strings.ReplaceAll(string(withStatements(amended)), `"target":"older"`, `"target":"nobody"`))
	for _, tc := range []struct {
		name, args     string
		code           int
		stdout, stderr string // parts of what is printed
	}{
		{"no command", "", 0, "Usage:", ""},
		{"an unknown command", "sing", 2, "", "unknown command"},
		{"an unknown flag", "export --loudly", 2, "", "unknown flag"},
		{"a missing argument", "import", 2, "", "at least 1 arg"},
		{"a wrong setting", "serve --addr nowhere", 2, "", "HOST:PORT"},
		{"a wrong contact", "serve --contact nobody", 2, "", "https address"},
		{"a database of another kind", "export --database postgres://x/y", 2, "", "PostgreSQL"},
		{"a site without a folder", "site", 2, "", "accepts 1 arg"},
		{"a site of a wrong address", "site --base-url nowhere out", 2, "", "http or https"},
		{"a site over other files", "site .", 1, "", "did not write"},
		{"version", "version", 0, "development", ""},
		{"version as JSON", "version --json", 0, `"version"`, ""},
		{"schema", "schema", 0, `"$schema"`, ""},
		{"help of a command", "import --help", 0, "--dry-run", ""},
		{"a file that is not there", "import nothing.json", 1, "", "nothing.json"},
		{"a bad file", "import bad.json", 1, "", "bad.json#/records/7/shopz: got an unknown field"},
		{"a bad file as JSON", "import --json bad.json", 1, `"pointer": "/records/7/shopz"`, ""},
		{"a dangling reference", "import dangling.json", 1, "", `dangling.json#/records/6/target: got "nobody"`},
		{"nothing was written", "export", 0, `"records": []`, ""},
		{"a dry run", "import --dry-run good.json", 0, "", "nothing written; would be: 8 new"},
		{"still nothing was written", "export", 0, `"records": []`, ""},
		{"import", "import good.json", 0, "", "8 new, 0 changed, 0 unchanged"},
		{"import again", "import good.json", 0, "", "Nothing to do: the registry has these 8 records already."},
		{"import again as JSON", "import --json good.json", 0, `"unchanged": [`, ""},
		{"several files, the last bad", "import good.json bad.json", 1, "", "bad.json#/records/7/shopz: got an unknown field"},
		{"several files, the last dangling", "import good.json dangling.json", 1, "", "dangling.json#/records/0/id: got"},
		{"a folder", "import .", 1, "", "directory"},
		{"bench without its verb", "bench", 2, "", "bench takes generate"},
		{"too many synthetic sites", "bench generate --sites 10000000", 2, "", "takes 1 to 9999999"},
		{"synthetic sites beside records", "bench generate --sites 10", 1, "", "holds records"},
		{"export to a file", "export -o out.json", 0, "", ""},
		{"import of the export", "import out.json", 0, "", "Nothing to do"},
		{"reindex", "reindex", 0, "", ""},
		{"migrate", "migrate", 0, "", "up to date"},
		{"a source without its verb", "source", 2, "", "attach or sentences"},
		{"sentences", "source sentences good.json", 0, "1\t1\t", ""},
		{"a text that doesn't bear it out", "source attach bulletin good.json", 1, "", "It was not attached"},
		{"a source that is none", "source attach zone good.json", 1, "", "no such record"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			code, stdout, stderr := call(t, folder, strings.Fields(tc.args)...)
			if code != tc.code || !strings.Contains(stdout, tc.stdout) || !strings.Contains(stderr, tc.stderr) {
				t.Errorf("exit %d, want %d\nstdout: %.400s\nstderr: %.800s", code, tc.code, stdout, stderr)
			}
		})
	}
}

func TestOwnBoundariesReplaceTheShippedOnes(t *testing.T) {
	folder := t.TempDir()
	good := filepath.Join(folder, "good.json")
	own := `{"type":"FeatureCollection","features":[{"type":"Feature","properties":{"code":"09.581.01.05"},
	 "geometry":{"type":"Polygon","coordinates":[[[-9,29.7],[-8.9,29.7],[-8.9,29.8],[-9,29.8],[-9,29.7]]]}}]}`
	for name, text := range map[string]string{good: string(withStatements(amended)), filepath.Join(folder, "own.geojson"): own,
		filepath.Join(folder, "wrong.geojson"): strings.Replace(own, "09.581.01.05", "99.999", 1)} {
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	call(t, folder, "import", "good.json")
	if code, _, stderr := call(t, folder, "boundaries", "wrong.geojson"); code != 1 || !strings.Contains(stderr, "1 of 1 boundaries") {
		t.Errorf("exit %d: %s", code, stderr)
	}
	if code, _, stderr := call(t, folder, "boundaries", "own.geojson"); code != 0 || !strings.Contains(stderr, "1 boundaries") {
		t.Fatalf("exit %d: %s", code, stderr)
	}
	s := serveFolder(t, folder)
	x := s.json(t, "/communes/09.581.01.05.geojson")
	if got := plainText(x.at("/features/0/geometry/coordinates/0/0/2")); got != "[-8.9 29.8]" {
		t.Errorf("boundary corner %s", got)
	}
	if got := plainText(x.at("/features/1/geometry/coordinates")); !strings.HasPrefix(got, "[-8.95 29.75") {
		t.Errorf("the site is drawn at %s, not in the operator's boundary", got)
	}
}

// serveFolder runs the program as its own process until the test ends.
func serveFolder(t *testing.T, folder string, args ...string) server {
	t.Helper()
	cmd := mithaq(context.Background(), folder, append([]string{"serve", "--addr", "127.0.0.1:0", "--base-url", "https://mithaq.example"}, args...)...)
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var words bytes.Buffer
	cmd.Stderr = &words
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 200)
	n, err := stdout.Read(line)
	if err != nil {
		t.Fatalf("%v: %s", err, words.String())
	}
	t.Cleanup(func() {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("after SIGTERM: %v\n%s", err, words.String())
		}
		for _, l := range strings.Split(strings.TrimSpace(words.String()), "\n") {
			if !json.Valid([]byte(l)) {
				t.Errorf("a log line that is no JSON: %s", l)
			}
		}
	})
	address := strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(string(line[:n])), "Mithaq: "), "/")
	return server{url: address}
}

// The first start migrates, loads gazetteer and records; the next ones find everything in place. The seconds are logged, not judged.
func TestServeFromNothing(t *testing.T) {
	folder := t.TempDir()
	for _, what := range []string{"first start", "second start"} {
		t.Run(what, func(t *testing.T) {
			began := time.Now()
			s := serveFolder(t, folder)
			t.Logf("%s: ready after %v", what, time.Since(began).Round(time.Millisecond))
			s.get(t, "/readyz", http.StatusOK)
			s.json(t, "/api/collections/sites/items").want("/numberReturned", "9")
			_, header := s.get(t, "/fr/communes/09.581.01.05", http.StatusOK)
			if csp := header.Get("Content-Security-Policy"); csp == "" || strings.Contains(csp, "unsafe-inline") {
				t.Errorf("Content-Security-Policy: %q", csp)
			}
		})
	}
}
