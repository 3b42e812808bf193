package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mithaq/internal/dump"
	"mithaq/internal/registry"
	"mithaq/internal/store/sqlite"
)

// startDumping serves a registry that prepares its dumps in a folder and looks for publications often.
func startDumping(t *testing.T, dir string, records bool) server {
	t.Helper()
	return startAt(t, records, "127.0.0.1:0", "https://mithaq.example", func(store *sqlite.Store, set *serving) {
		set.dumps = dumpInto(t, store, dir)
	})
}

func dumpInto(t *testing.T, store registry.Reader, dir string) *dump.Dumps {
	t.Helper()
	d, err := dump.New(dump.Config{Live: store, Dir: dir, BaseURL: "https://mithaq.example", Program: "test", Now: time.Now, Log: slog.New(slog.DiscardHandler), Every: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(d.Close)
	return d
}

// listed is a snapshot as /downloads lists it.
type listed struct {
	ID, Version, Address, Checksums string
	Published                       time.Time
	Files                           []listedFile
}

type listedFile struct {
	Name, Format, Describes, SHA256, Address, Latest string
	Collections                                      []string
	MediaType                                        string `json:"media_type"`
	Bytes                                            int
}

func (s server) snapshots(t *testing.T) []listed {
	t.Helper()
	body, _ := s.get(t, "/downloads?f=json", http.StatusOK)
	var answer struct{ Snapshots []listed }
	if err := json.Unmarshal(body, &answer); err != nil {
		t.Fatal(err)
	}
	return answer.Snapshots
}

// waitFor waits until there are n snapshots.
func (s server) waitFor(t *testing.T, n int) []listed {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if all := s.snapshots(t); len(all) == n {
			return all
		}
	}
	t.Fatalf("after a minute there are %d snapshots, want %d", len(s.snapshots(t)), n)
	return nil
}

// local is the path of a public address.
func local(t *testing.T, address string) string {
	t.Helper()
	path, ok := strings.CutPrefix(address, "https://mithaq.example")
	if !ok {
		t.Fatalf("%s doesn't begin with the base URL", address)
	}
	return path
}

func hashOf(body []byte) string {
	sum := sha256.Sum256(body)
	return hex.EncodeToString(sum[:])
}

func TestDownloads(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "downloads")
	s := startDumping(t, dir, true)
	newest := s.waitFor(t, 1)[0]
	file := func(name string) listedFile {
		t.Helper()
		for _, f := range newest.Files {
			if f.Name == name {
				return f
			}
		}
		t.Fatalf("%s isn't listed", name)
		return listedFile{}
	}

	t.Run("every file is as long as listed and has the hash listed", func(t *testing.T) {
		var sums strings.Builder
		for _, f := range newest.Files {
			body, header := s.get(t, local(t, f.Address), http.StatusOK, "Accept-Encoding", "gzip")
			if len(body) != f.Bytes || hashOf(body) != f.SHA256 || f.Bytes == 0 {
				t.Errorf("%s: %d bytes, hash %s; listed are %d, %s", f.Name, len(body), hashOf(body), f.Bytes, f.SHA256)
			}
			for name, want := range map[string]string{"Etag": `"` + f.SHA256 + `"`, "Content-Type": f.MediaType, "Accept-Ranges": "bytes", "Content-Length": strconv.Itoa(f.Bytes),
				"Content-Disposition": "attachment; filename=" + f.Name, "Last-Modified": newest.Published.UTC().Format(http.TimeFormat), "Access-Control-Allow-Origin": "*"} {
				if header.Get(name) != want {
					t.Errorf("%s: %s is %q, want %q", f.Name, name, header.Get(name), want)
				}
			}
			fmt.Fprintf(&sums, "%s  %s\n", f.SHA256, f.Name)
		}
		if body, _ := s.get(t, local(t, newest.Checksums), http.StatusOK); string(body) != sums.String() {
			t.Errorf("the list of checksums is another:\n%s", body)
		}
	})

	t.Run("each collection is there in each format, and all are in one GeoPackage", func(t *testing.T) {
		formats := map[string][]string{}
		for _, f := range newest.Files {
			if len(f.Collections) == 1 && f.Format != "" {
				formats[f.Collections[0]] = append(formats[f.Collections[0]], f.Format)
			}
			if f.Describes != "" {
				file(f.Describes)
			}
		}
		const every = "geojson geojsonl csv xlsx gpkg parquet kml"
		for collection, want := range map[string]string{"sites": every + " oc4ids zip", "agreements": every + " oc4ids zip", "amendments": every + " zip", "communes": every + " zip", "provinces": every + " zip", "regions": every + " zip"} {
			if got := strings.Join(formats[collection], " "); got != want {
				t.Errorf("%s in %s, want %s", collection, got, want)
			}
		}
		if got := strings.Join(file("mithaq.gpkg").Collections, " "); got != "sites agreements amendments communes provinces regions" {
			t.Errorf("the GeoPackage holds %s", got)
		}
	})

	t.Run("a download is resumed", func(t *testing.T) {
		f := file("communes.geojson")
		path := local(t, f.Address)
		whole, _ := s.get(t, path, http.StatusOK)
		half := f.Bytes / 2
		first, header := s.get(t, path, http.StatusPartialContent, "Range", fmt.Sprintf("bytes=0-%d", half-1))
		if want := fmt.Sprintf("bytes 0-%d/%d", half-1, f.Bytes); header.Get("Content-Range") != want {
			t.Errorf("Content-Range %q, want %q", header.Get("Content-Range"), want)
		}
		second, _ := s.get(t, path, http.StatusPartialContent, "Range", fmt.Sprintf("bytes=%d-", half), "If-Range", header.Get("ETag"))
		if !bytes.Equal(append(slices.Clone(first), second...), whole) {
			t.Error("the two halves aren't the whole")
		}
		last, _ := s.get(t, path, http.StatusPartialContent, "Range", "bytes=-7")
		if !bytes.Equal(last, whole[len(whole)-7:]) {
			t.Errorf("the last 7 bytes are %q", last)
		}
	})

	t.Run("conditions and ranges", func(t *testing.T) {
		f := file("sites.csv")
		for _, tc := range []struct {
			why    string
			status int
			bytes  int // of the body; -1 for a problem
			header []string
		}{
			{"another file was begun: the whole", 200, f.Bytes, []string{"Range", "bytes=5-", "If-Range", `"old"`}},
			{"begun on the same publication", 206, f.Bytes - 5, []string{"Range", "bytes=5-", "If-Range", newest.Published.UTC().Format(http.TimeFormat)}},
			{"begun before", 200, f.Bytes, []string{"Range", "bytes=5-", "If-Range", "Thu, 01 Jan 2015 00:00:00 GMT"}},
			{"several ranges: the whole", 200, f.Bytes, []string{"Range", "bytes=0-1,4-5"}},
			{"longer than the file", 206, f.Bytes - 5, []string{"Range", "bytes=5-99999999"}},
			{"beyond the end", 416, -1, []string{"Range", fmt.Sprintf("bytes=%d-", f.Bytes)}},
			{"no range", 416, -1, []string{"Range", "bytes=b-a"}},
			{"kept already", 304, 0, []string{"If-None-Match", `"old", "` + f.SHA256 + `"`}},
			{"kept, by time", 304, 0, []string{"If-Modified-Since", newest.Published.UTC().Format(http.TimeFormat)}},
			{"kept is another", 200, f.Bytes, []string{"If-None-Match", `"old"`}},
			{"wanted is another", 412, -1, []string{"If-Match", `"old"`}},
		} {
			body, header := s.get(t, local(t, f.Address), tc.status, tc.header...)
			if tc.bytes >= 0 && len(body) != tc.bytes {
				t.Errorf("%s: %d bytes, want %d", tc.why, len(body), tc.bytes)
			}
			if tc.bytes < 0 && !strings.HasPrefix(header.Get("Content-Type"), "application/problem+json") {
				t.Errorf("%s: %s", tc.why, header.Get("Content-Type"))
			}
			if tc.why == "beyond the end" && header.Get("Content-Range") != fmt.Sprintf("bytes */%d", f.Bytes) {
				t.Errorf("%s: Content-Range %q", tc.why, header.Get("Content-Range"))
			}
		}
	})

	t.Run("HEAD tells what GET would send, and has no ranges", func(t *testing.T) {
		f := file("sites.xlsx")
		req, err := http.NewRequestWithContext(t.Context(), http.MethodHead, s.url+local(t, f.Address), nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Range", "bytes=0-9")
		res, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer res.Body.Close()
		if body, _ := io.ReadAll(res.Body); res.StatusCode != 200 || len(body) != 0 || res.ContentLength != int64(f.Bytes) || res.Header.Get("ETag") != `"`+f.SHA256+`"` {
			t.Errorf("%s, %d bytes of body, Content-Length %d, ETag %s", res.Status, len(body), res.ContentLength, res.Header.Get("ETag"))
		}
	})

	t.Run("a file names the question that gives it again", func(t *testing.T) {
		body, _ := s.get(t, local(t, file("sites.csv-metadata.json").Address), http.StatusOK)
		i := bytes.Index(body, []byte("https://mithaq.example/api/collections/sites/items?"))
		if i < 0 {
			t.Fatalf("no address of the API in %.400s", body)
		}
		address, _, _ := bytes.Cut(body[i:], []byte(`"`))
		u, err := url.Parse(string(address))
		if err != nil || u.Query().Get("f") != "csv" || u.Query().Get("recorded") == "" || u.Query().Get("as-of") == "" {
			t.Fatalf("%s: %v", address, err)
		}
		want, _ := s.get(t, local(t, file("sites.csv").Address), http.StatusOK)
		q := u.Query()
		q.Del("recorded") // this server keeps no archive; nothing was published since
		if got, _ := s.get(t, u.Path+"?"+q.Encode(), http.StatusOK); !bytes.Equal(got, want) {
			t.Error("the address gives other bytes")
		}
	})

	t.Run("names come from the list alone", func(t *testing.T) {
		for path, status := range map[string]int{
			"/downloads/" + newest.ID + "/snapshot.json":              404,
			"/downloads/" + newest.ID + "/nothing.csv":                404,
			"/downloads/" + newest.ID + "/..%2F..%2Fregistry.db":      404,
			"/downloads/..%2F" + newest.ID + "/sites.csv":             404,
			"/downloads/../downloads/" + newest.ID + "/snapshot.json": 404,
			"/downloads/20000101T000000Z-00000000/sites.csv":          404,
			"/downloads/latest/nothing.csv":                           404,
			"/downloads/" + newest.ID + "/sites.csv?f=json":           400,
			"/downloads?colour=red":                                   400,
			"/downloads?f=csv":                                        400,
		} {
			s.get(t, path, status)
		}
	})

	t.Run("latest leads to the dated address", func(t *testing.T) {
		for path, want := range map[string]string{
			local(t, file("sites.gpkg").Latest): local(t, file("sites.gpkg").Address), "/downloads/latest/SHA256SUMS": local(t, newest.Checksums),
			"/downloads/latest": local(t, newest.Address), "/downloads/latest?f=html": local(t, newest.Address) + "?f=html",
		} {
			if _, header := s.get(t, path, http.StatusTemporaryRedirect); header.Get("Location") != want || header.Get("Cache-Control") != "no-cache" {
				t.Errorf("%s leads to %s (%s), want %s", path, header.Get("Location"), header.Get("Cache-Control"), want)
			}
		}
	})

	t.Run("people get pages in their language", func(t *testing.T) {
		for lang, words := range map[string][]string{"fr": {"Fichiers à télécharger", "\u00a0ko"}, "ar": {"ملفات للتحميل", "كيلوبايت"}, "en": {"Files to download", "\u00a0kB"}} {
			for i, path := range []string{"/downloads", local(t, newest.Address)} {
				body, _ := s.get(t, path, http.StatusOK, "Accept", "text/html", "Accept-Language", lang)
				if text := string(body); !strings.Contains(text, words[0]) || i == 1 && (!strings.Contains(text, words[1]) || !strings.Contains(text, file("sites.zip").SHA256)) || strings.Contains(text, "⟦") {
					t.Errorf("%s in %s lacks %q, or a text", path, lang, words)
				}
				if i == 0 && !strings.Contains(string(body), `href="`+local(t, newest.Address)+`?f=html"`) {
					t.Errorf("%s in %s doesn't lead to the files", path, lang)
				}
			}
			if body, _ := s.get(t, "/"+lang+"/data", http.StatusOK); !strings.Contains(string(body), `href="/downloads?f=html"`) {
				t.Errorf("the page about the data in %s doesn't lead to the files", lang)
			}
		}
		if got := s.json(t, local(t, newest.Address)+"?f=json").at("/id"); got != newest.ID {
			t.Errorf("the snapshot's document is of %v", got)
		}
	})

	t.Run("the catalogue leads to files that are there", func(t *testing.T) {
		body, _ := s.get(t, "/catalog?f=ttl", http.StatusOK)
		found := regexp.MustCompile(`dcat:downloadURL <https://mithaq\.example([^>]*)>`).FindAllStringSubmatch(string(body), -1)
		for _, m := range found {
			if !strings.HasPrefix(m[1], "/downloads/latest/") {
				t.Errorf("%s is no dump", m[1])
			}
			s.get(t, m[1], http.StatusTemporaryRedirect)
		}
		if len(found) != 6*7+2 { // OC4IDS of sites and agreements alone; the catalogue has no ZIP
			t.Errorf("%d addresses", len(found))
		}
	})

	t.Run("a publication makes a new snapshot and leaves the old address", func(t *testing.T) {
		f := file("sites.geojsonl")
		before, _ := s.get(t, local(t, f.Address), http.StatusOK)
		s.load(t, withStatements(amended))
		all := s.waitFor(t, 2)
		if all[1].ID != newest.ID || all[0].Version == newest.Version || !all[0].Published.After(newest.Published) {
			t.Errorf("listed are %s, %s; before it was %s", all[0].ID, all[1].ID, newest.ID)
		}
		after, _ := s.get(t, "/downloads/"+all[0].ID+"/sites.geojsonl", http.StatusOK)
		if bytes.Contains(before, []byte(`"zone-site"`)) || !bytes.Contains(after, []byte(`"zone-site"`)) {
			t.Error("the new snapshot doesn't have what was published")
		}
		again, _ := s.get(t, local(t, f.Address), http.StatusPartialContent, "Range", "bytes=100-", "If-Range", `"`+f.SHA256+`"`)
		if !bytes.Equal(again, before[100:]) {
			t.Error("the old address gives other bytes")
		}
		if _, header := s.get(t, local(t, f.Latest), http.StatusTemporaryRedirect); header.Get("Location") != "/downloads/"+all[0].ID+"/sites.geojsonl" {
			t.Errorf("latest leads to %s", header.Get("Location"))
		}
	})
}

// Without a folder there is no list, and no page leads to one.
func TestDownloadsSwitchedOff(t *testing.T) {
	s := start(t, true)
	for _, path := range []string{"/downloads", "/downloads/latest", "/downloads/latest/sites.csv"} {
		s.get(t, path, http.StatusNotFound)
	}
	if body, _ := s.get(t, "/fr/data", http.StatusOK); strings.Contains(string(body), "/downloads") {
		t.Error("the page about the data leads to files that aren't there")
	}
}

// Before the first publication there is nothing to prepare: the list is empty and says so, and latest asks to come back.
func TestDownloadsBeforeTheFirst(t *testing.T) {
	s := startDumping(t, filepath.Join(t.TempDir(), "downloads"), false)
	if all := s.snapshots(t); len(all) != 0 {
		t.Errorf("%d snapshots of nothing", len(all))
	}
	if body, _ := s.get(t, "/downloads?f=html", http.StatusOK, "Accept-Language", "en"); !strings.Contains(string(body), "being prepared") {
		t.Error("the page doesn't say that files are prepared")
	}
	if _, header := s.get(t, "/downloads/latest/sites.csv", http.StatusServiceUnavailable); header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	s.load(t, withStatements(amended))
	if all := s.waitFor(t, 1); len(all[0].Files) == 0 {
		t.Error("no file")
	}
}

// What a program that was killed left half is neither listed nor kept; what is whole is listed at once, and not written again.
func TestDownloadsAfterAKill(t *testing.T) {
	a := &app{database: filepath.Join(t.TempDir(), "registry.db")}
	dir := a.database + ".downloads"
	store, p, err := a.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if _, err := loadShipped(t.Context(), store, p); err != nil {
		t.Fatal(err)
	}

	killed := dumpInto(t, stalled{store}, dir) // it hangs on the second collection, and is cut there
	for end := time.Now().Add(time.Minute); len(inFolder(t, dir)) == 0 && time.Now().Before(end); {
		time.Sleep(5 * time.Millisecond)
	}
	half := inFolder(t, dir)
	if len(half) != 1 || len(killed.Snapshots()) != 0 {
		t.Fatalf("in the folder are %v, listed %d", half, len(killed.Snapshots()))
	}
	left := filepath.Join(dir, half[0])
	if err := os.CopyFS(left+"-left", os.DirFS(left)); err != nil { // closing in order removes its own: this one is as after a kill
		t.Fatal(err)
	}
	killed.Close()
	if got := inFolder(t, dir); len(got) != 1 || !strings.HasSuffix(got[0], "-left") {
		t.Fatalf("after it was closed the folder holds %v", got)
	}

	next := dumpInto(t, store, dir)
	if len(next.Snapshots()) != 0 {
		t.Error("a half snapshot is listed")
	}
	for end := time.Now().Add(time.Minute); len(next.Snapshots()) == 0 && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond)
	}
	if got := inFolder(t, dir); len(next.Snapshots()) != 1 || len(got) != 1 || got[0] != next.Snapshots()[0].ID {
		t.Fatalf("the folder holds %v, listed %d", got, len(next.Snapshots()))
	}
	next.Close()
	written, err := os.Stat(filepath.Join(dir, next.Snapshots()[0].ID, "sites.csv"))
	if err != nil {
		t.Fatal(err)
	}

	again := dumpInto(t, store, dir)
	if got := again.Snapshots(); len(got) != 1 || got[0].ID != next.Snapshots()[0].ID {
		t.Fatalf("after a restart %v are listed", got)
	}
	time.Sleep(200 * time.Millisecond) // it has looked ten times
	if now, err := os.Stat(filepath.Join(dir, next.Snapshots()[0].ID, "sites.csv")); err != nil || !now.ModTime().Equal(written.ModTime()) || len(again.Snapshots()) != 1 {
		t.Errorf("it was written again (%v)", err)
	}
	again.Close()

	if err := os.Truncate(filepath.Join(dir, next.Snapshots()[0].ID, "sites.csv"), 10); err != nil {
		t.Fatal(err)
	}
	if got := dumpInto(t, stalled{store}, dir).Snapshots(); len(got) != 0 {
		t.Error("a snapshot with a file cut short is listed")
	}
}

// stalled is a registry whose boundaries never come.
type stalled struct{ registry.Reader }

func (s stalled) EachFeature(ctx context.Context, q registry.FeatureQuery, yield func(registry.Feature) error) error {
	if q.Detail != "" {
		<-ctx.Done()
		return ctx.Err()
	}
	return s.Reader.EachFeature(ctx, q, yield)
}

func inFolder(t *testing.T, dir string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// A day on which an amendment comes into force makes a snapshot without a publication; another day makes none.
func TestDownloadsOnTheDayOfAnAmendment(t *testing.T) {
	var today atomic.Value
	today.Store("2024-04-29")
	var dumps *dump.Dumps
	s := startAt(t, false, "127.0.0.1:0", "https://mithaq.example", func(store *sqlite.Store, set *serving) {
		var err error
		dumps, err = dump.New(dump.Config{Live: store, Dir: filepath.Join(t.TempDir(), "downloads"), Log: slog.New(slog.DiscardHandler), Every: 20 * time.Millisecond, Now: func() time.Time {
			now, _ := time.Parse(time.DateOnly, today.Load().(string))
			return now
		}})
		if err != nil {
			t.Fatal(err)
		}
		set.dumps = dumps
	})
	s.publisher.Now = func() time.Time { return time.Date(2024, 1, 10, 0, 0, 0, 0, time.UTC) }
	s.load(t, withStatements(amended))
	s.waitFor(t, 1)
	today.Store("2024-04-30")
	time.Sleep(200 * time.Millisecond)
	if n := len(s.snapshots(t)); n != 1 {
		t.Errorf("%d snapshots of one state", n)
	}
	today.Store("2024-05-01")
	all := s.waitFor(t, 2)
	for i, want := range []string{`"shops":30`, `"shops":25`} {
		if body, _ := s.get(t, "/downloads/"+all[i].ID+"/sites.geojsonl", http.StatusOK); !bytes.Contains(body, []byte(want)) {
			t.Errorf("%s lacks %s", all[i].ID, want)
		}
	}
}

// What is published while a snapshot is written makes it begin again: none is of two states.
func TestDownloadsWhilePublishing(t *testing.T) {
	a := &app{database: filepath.Join(t.TempDir(), "registry.db")}
	store, p, err := a.open(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	server{publisher: p}.load(t, withStatements(amended))
	d := dumpInto(t, &restless{Reader: store}, a.database+".downloads")
	defer d.Close()
	for end := time.Now().Add(time.Minute); len(d.Snapshots()) == 0 && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond)
	}
	if got := d.Snapshots(); len(got) != 1 || got[0].Version != "30" || len(inFolder(t, d.Dir)) != 1 {
		t.Errorf("listed are %+v, in the folder %v", got, inFolder(t, d.Dir))
	}
}

// restless is a registry to which something is published each time that its version is asked for, thirty times.
type restless struct {
	registry.Reader
	asked atomic.Int64
}

func (r *restless) Version(context.Context) (string, error) {
	return strconv.FormatInt(min(30, r.asked.Add(1)), 10), nil
}

// Five snapshots stay; the folder holds nothing else.
func TestDownloadsKeepTheLast(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "downloads")
	s := startDumping(t, dir, false)
	var ids []string
	for i := range 6 {
		s.load(t, withStatements(strings.ReplaceAll(amended, "Zone", "Zone "+strconv.Itoa(i))))
		for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
			if all := s.snapshots(t); len(all) > 0 && !slices.Contains(ids, all[0].ID) {
				ids = append([]string{all[0].ID}, ids...)
				break
			} else if time.Now().After(end) {
				t.Fatalf("no snapshot of publication %d", i)
			}
		}
	}
	var listed []string
	for _, x := range s.snapshots(t) {
		listed = append(listed, x.ID)
	}
	if !slices.Equal(listed, ids[:5]) {
		t.Errorf("listed are %v, want %v", listed, ids[:5])
	}
	for end := time.Now().Add(10 * time.Second); len(inFolder(t, dir)) != 5 && time.Now().Before(end); {
		time.Sleep(10 * time.Millisecond)
	}
	if got := inFolder(t, dir); len(got) != 5 {
		t.Errorf("the folder holds %v", got)
	}
	s.get(t, "/downloads/"+ids[5]+"/sites.csv", http.StatusNotFound)
}
