package web_test

import (
	"compress/gzip"
	"context"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mithaq/internal/httpserve"
	"mithaq/internal/publish"
	"mithaq/internal/registry"
	"mithaq/internal/store/sqlite"
	"mithaq/internal/web"
)

// watchedStore counts what is read of a store beside its version.
type watchedStore struct {
	registry.Reader
	reads atomic.Int64
}

func (s *watchedStore) RecordsByID(ctx context.Context, ids []registry.ID) ([]registry.Stored, error) {
	s.reads.Add(1)
	return s.Reader.RecordsByID(ctx, ids)
}

func (s *watchedStore) Totals(ctx context.Context) (registry.Totals, error) {
	s.reads.Add(1)
	return s.Reader.Totals(ctx)
}

// A page that is kept is the page made anew, before a publication and after it, on the day and on the next, in either coding.
func TestKeptPagesAreThoseMadeAnew(t *testing.T) {
	var clock atomic.Int64
	clock.Store(day.Unix())
	var store *sqlite.Store
	watched := &watchedStore{}
	var plain web.Deps
	home := startSiteWith(t, nil, func(d *web.Deps) {
		store = d.Store.(*sqlite.Store)
		watched.Reader = store
		d.Now = func() time.Time { return time.Unix(clock.Load(), 0).UTC() }
		plain = *d
		plain.Kept = nil
		d.Store = watched
	})
	pages, err := web.New(plain)
	check(t, err)
	app := httpserve.New(httpserve.Options{Logger: slog.New(slog.DiscardHandler), OnError: pages.ErrorPage})
	pages.Mount(app)
	anew := httpserve.NewAsker(app)

	paths := []string{"/fr/", "/ar/", "/fr/?sort=name", "/fr/map", "/en/map?trades=pottery", "/fr/map?as-of=2024-01-01", "/fr/agreements", "/fr/agreements?amended=yes", "/fr/communes/09.541.01.13",
		"/fr/communes/09.541.01.13?as-of=2024-01-01", "/ar/provinces/09.581", "/fr/regions/09", "/fr/organisations", "/fr/organisations/org-trial", "/fr/programmes", "/fr/sources"}
	embeds := []string{"/fr/embed/map", "/ar/embed/regions/09?as-of=2024-01-01"}
	unkept := []string{"/fr/?recorded=2026-10-01", "/fr/map?kind=nonsense", "/fr/map?nonsense=1", "/fr/communes/99", "/fr/organisations/nobody", "/fr/search?q=essai", "/fr/search/suggest?q=acc", "/ar/search?q=tafraout+essai"}
	before := map[string]string{}
	same := func(changed ...string) {
		t.Helper()
		for _, path := range slices.Concat(paths, embeds, unkept) {
			want, err := anew.Ask(t.Context(), path)
			check(t, err)
			for _, coding := range []string{"identity", "gzip", "gzip", "identity"} {
				res, body := get(t, home+path, "Accept-Encoding", coding, "Accept", "text/html")
				if got := res.Header.Get("Content-Encoding"); (got == "gzip") != (coding == "gzip") {
					t.Errorf("%s as %s came as %q", path, coding, got)
				} else if got == "gzip" {
					z, err := gzip.NewReader(strings.NewReader(body))
					check(t, err)
					raw, err := io.ReadAll(z)
					check(t, err)
					body = string(raw)
				}
				if res.StatusCode != want.Status || res.Header.Get("Content-Type") != want.ContentType || res.StatusCode == http.StatusOK && body != string(want.Body) {
					t.Fatalf("%s as %s: %d, %d bytes; made anew %d, %d bytes", path, coding, res.StatusCode, len(body), want.Status, len(want.Body))
				}
				if tag := res.Header.Get("ETag"); res.StatusCode == http.StatusOK && strings.Trim(tag, `"`) != httpserve.ContentVersion(want.Body)+map[string]string{"gzip": ".gz"}[coding] {
					t.Errorf("%s as %s has the ETag %s", path, coding, tag)
				} else if again, _ := get(t, home+path, "Accept-Encoding", coding, "If-None-Match", tag); res.StatusCode == http.StatusOK && again.StatusCode != http.StatusNotModified {
					t.Errorf("%s as %s has changed for who has it: %d", path, coding, again.StatusCode)
				}
			}
		}
		reads := watched.reads.Load()
		for _, path := range slices.Concat(paths, embeds) {
			get(t, home+path)
			_, body := get(t, home+path)
			if before[path] == body && slices.Contains(changed, path) {
				t.Errorf("%s is what it was", path)
			}
			before[path] = body
		}
		if n := watched.reads.Load() - reads; n != 0 {
			t.Errorf("the store was read %d times for pages that are kept", n)
		}
	}
	same()
	for range 2 {
		if res, _ := get(t, home+"/fr/map?kind=&trades=pottery"); res.StatusCode != http.StatusSeeOther || res.Header.Get("Location") != "/fr/map?trades=pottery" {
			t.Errorf("a form's empty fields led to %d %s", res.StatusCode, res.Header.Get("Location"))
		}
	}
	publisher := &publish.Publisher{Store: store, Places: plain.Gazetteer, Now: plain.Now}
	more := manyAgreements(t, 1, "09.581")
	for _, r := range records(t) {
		if r.Head().ID == "src-trial" { // whose text is there by now, so that the statement would have to be right
			r.Head().ID = "src-other"
			more = append(more, r)
			for _, x := range more {
				for i := range x.Head().Statements {
					x.Head().Statements[i].Source = "src-other"
				}
			}
		}
	}
	_, err = publisher.Publish(t.Context(), publish.Request{Records: more, Author: "test", Reason: "encore un"})
	check(t, err)
	same("/fr/", "/fr/?sort=name", "/ar/", "/fr/agreements", "/ar/provinces/09.581", "/fr/regions/09")
	clock.Store(day.AddDate(0, 0, 1).Unix())
	same(paths...) // each says when it was printed
}
