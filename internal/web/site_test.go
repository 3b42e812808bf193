package web_test

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"mithaq/geodata"
	"mithaq/internal/archive"
	"mithaq/internal/dossier"
	"mithaq/internal/edtf"
	"mithaq/internal/gazetteer"
	"mithaq/internal/httpapi"
	"mithaq/internal/httpserve"
	"mithaq/internal/publish"
	"mithaq/internal/registry"
	"mithaq/internal/store/sqlite"
	"mithaq/internal/web"
	"mithaq/static"
)

// day is the day on which every test of this package takes place.
var day = time.Date(2026, 11, 22, 9, 0, 0, 0, time.UTC)

// startSite serves the whole registry with the shipped records and those of testdata/trial.json, and gives its address.
func startSite(t *testing.T) (address string) { return startSiteWith(t, nil) }

// startSiteWith serves more records beside those, and may change what the pages are made from.
func startSiteWith(t *testing.T, more []registry.Record, change ...func(*web.Deps)) (address string) {
	return startSiteTo(t, io.Discard, more, change...)
}

// startSiteTo writes what the pages log to log.
func startSiteTo(t *testing.T, log io.Writer, more []registry.Record, change ...func(*web.Deps)) (address string) {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	places, err := gazetteer.Default()
	check(t, err)
	store, err := sqlite.Open(ctx, filepath.Join(t.TempDir(), "mithaq.db"))
	check(t, err)
	clock := day
	now := func() time.Time { return clock }
	publisher := &publish.Publisher{Store: store, Places: places, Now: now}
	check(t, publisher.ShippedBoundaries(ctx))
	for _, earlier := range []struct {
		days   int
		change func(*registry.Agreement, *registry.Site)
		reason string
	}{{60, asFirstPublished, "première saisie"}, {30, asThenCorrected, "relecture de la convention"}} {
		clock = day.AddDate(0, 0, -earlier.days)
		_, err = publisher.Publish(ctx, publish.Request{Records: trialBefore(t, earlier.change), Author: "import", Reason: earlier.reason})
		check(t, err)
	}
	clock = day
	_, err = publisher.Publish(ctx, publish.Request{Records: append(records(t), more...), Author: "test", Reason: "test"})
	check(t, err)

	// The trial's source is free to show: its text makes cards and its page show sentences.
	text := strings.TrimSpace(strings.Repeat("Un essai de phrase. Un autre essai de phrase.\n\n", 5))
	check(t, store.Write(ctx, func(w registry.Writer) error {
		return w.AttachText(ctx, "src-trial", registry.SourceText{Raw: []byte(text), SHA256: strings.Repeat("0", 64), Attached: day})
	}))

	assets, err := httpserve.NewAssets(static.Files)
	check(t, err)
	// The public address is another than the one we come by, as behind a proxy: a page that asked for it would show.
	const public = "https://registry.example"
	past, err := archive.New(archive.Config{Live: store, Places: places, Dir: filepath.Join(t.TempDir(), "snapshots"), Log: slog.New(slog.DiscardHandler), Open: func(ctx context.Context, path string) (archive.Store, error) {
		return sqlite.Open(ctx, path)
	}})
	check(t, err)
	api := &httpapi.Server{Store: store, Past: past, Places: places, BaseURL: public, Now: now, Kept: &httpserve.AnswerCache{}}
	deps := web.Deps{Store: store, Past: past, Gazetteer: places, Assets: assets, BaseURL: public, Contact: "registre@example.ma", Now: now, Definition: api.Definition, Kept: api.Kept, Log: slog.New(slog.NewTextHandler(log, nil))}
	for _, c := range change {
		c(&deps)
	}
	pages, err := web.New(deps)
	check(t, err)
	app := httpserve.New(httpserve.Options{Logger: slog.New(slog.NewTextHandler(io.Discard, nil)), OnError: pages.ErrorPage})
	assets.Mount(app)
	pages.Mount(app)
	api.HTML = pages.Document
	api.Mount(app)

	bound, done := make(chan string, 1), make(chan error, 1)
	go func() {
		done <- httpserve.Serve(ctx, app, "127.0.0.1:0", httpserve.Hooks{Ready: func(addr string) { bound <- addr }})
	}()
	t.Cleanup(func() {
		stop()
		check(t, <-done)
		check(t, past.Close())
		check(t, store.Close())
	})
	select {
	case addr := <-bound:
		return "http://" + addr
	case <-time.After(10 * time.Second):
		t.Fatal("the site did not start within 10 s")
		return ""
	}
}

// trialBefore are the trial's agreement and site as they were published before, with what they point at.
func trialBefore(t *testing.T, change func(*registry.Agreement, *registry.Site)) (all []registry.Record) {
	t.Helper()
	var agreement *registry.Agreement
	var site *registry.Site
	for _, r := range records(t) {
		switch r.Head().ID {
		case "trial-agreement":
			agreement = r.(*registry.Agreement)
		case "trial-zone":
			site = r.(*registry.Site)
		case "src-trial", "org-trial":
		default:
			continue
		}
		all = append(all, r)
	}
	change(agreement, site)
	return all
}

// asThenCorrected is the second version: the premises were still to be read again, and nobody had seen the duration.
func asThenCorrected(a *registry.Agreement, site *registry.Site) {
	site.Shops.Created.Value = registry.Whole(20)
	a.Duration = edtf.Date{}
	a.Statements = slices.DeleteFunc(a.Statements, func(s registry.Statement) bool { return s.Path == "/duration" })
}

// asFirstPublished is the first.
func asFirstPublished(a *registry.Agreement, site *registry.Site) {
	asThenCorrected(a, site)
	site.Shops.Created.Value = registry.Whole(15)
	a.Object[0].Text = "Essayer"
	a.Parties[0].Role = registry.RoleSignatory
	a.Contributions = a.Contributions[:1]
	a.Steps[0].Date = edtf.MustParse("2024-01")
	a.Statements = slices.DeleteFunc(a.Statements, func(s registry.Statement) bool { return s.Path == "/contributions/1" })
}

// records are the shipped ones and the trial's.
func records(t *testing.T) (all []registry.Record) {
	t.Helper()
	read := func(name string, raw []byte, err error) {
		t.Helper()
		check(t, err)
		entries, problems := dossier.Read(name, raw)
		for _, p := range problems {
			t.Fatal(p)
		}
		for _, e := range entries {
			all = append(all, e.Record)
		}
	}
	files, err := geodata.Files.ReadDir("records")
	check(t, err)
	for _, f := range files {
		if strings.HasSuffix(f.Name(), ".json") {
			raw, err := geodata.Files.ReadFile("records/" + f.Name())
			read(f.Name(), raw, err)
		}
	}
	raw, err := os.ReadFile("testdata/trial.json")
	read("trial.json", raw, err)
	return all
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// get fetches an address of the site.
func get(t *testing.T, address string, header ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequest(http.MethodGet, address, nil)
	check(t, err)
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := client.Do(req)
	check(t, err)
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	check(t, err)
	return res, string(body)
}
