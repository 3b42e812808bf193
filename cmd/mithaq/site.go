package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mithaq/internal/edtf"
	"mithaq/internal/gazetteer"
	"mithaq/internal/httpserve"
	"mithaq/internal/publish"
	"mithaq/internal/registry"
	"mithaq/internal/site"
	"mithaq/internal/store/sqlite"
	"mithaq/internal/web"
)

func (a *app) site() *cobra.Command {
	var baseURL string
	var quiet bool
	cmd := &cobra.Command{
		Use:   "site OUT/",
		Short: "Write the whole public site as plain files, for any host and for a disk",
		Long: "Writes every page in every language, the data, and a search that works in the browser. Links are relative, so the folder works under any\n" +
			"path and opened from a disk. A run after a publication rewrites the files that changed and removes those that are no more; it touches\n" +
			"nothing that it did not write, and refuses a folder that holds anything else.",
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			if baseURL != "" && !isWebAddress(baseURL) {
				return usage("--base-url %s: takes an http or https address", baseURL)
			}
			return a.writeSite(cmd.Context(), given[0], strings.TrimRight(baseURL, "/"), quiet)
		},
	}
	cmd.Flags().StringVar(&baseURL, "base-url", env("MITHAQ_BASE_URL", ""), "public address of the live registry, which canonical links name and what needs a server leads to (environment: MITHAQ_BASE_URL)")
	cmd.Flags().BoolVar(&quiet, "quiet", false, "say nothing but errors")
	return a.jsonFlag(cmd)
}

func isWebAddress(s string) bool {
	u, err := url.Parse(s)
	return err == nil && u.Host != "" && (u.Scheme == "http" || u.Scheme == "https")
}

// writeSite writes the site of the registry into a folder.
func (a *app) writeSite(ctx context.Context, dir, baseURL string, quiet bool) (err error) {
	start := time.Now()
	store, publisher, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	s, err := a.newSite(ctx, store, publisher, baseURL)
	if err != nil {
		return err
	}
	if !quiet && !a.asJSON {
		s.Progress = progress("writing")
	}
	report, err := s.Write(ctx, dir)
	switch {
	case err != nil:
		return err
	case a.asJSON:
		return printJSON(report)
	case quiet:
	case report.UpToDate:
		fmt.Fprintf(os.Stderr, "Nothing to do: the %d files are those of this registry.\n", report.Files)
	default:
		fmt.Fprintf(os.Stderr, "%d files, %.1f MB: %d written, %d removed, %d unchanged, in %.1f s.\n",
			report.Files, float64(report.Bytes)/1e6, report.Written, report.Removed, report.Unchanged, time.Since(start).Seconds())
	}
	return nil
}

// newSite is the site of a registry: its application, asked without a socket, and where to begin.
func (a *app) newSite(ctx context.Context, store *sqlite.Store, p *publish.Publisher, baseURL string) (*site.Site, error) {
	records, err := store.Records(ctx, registry.RecordQuery{})
	if err != nil {
		return nil, err
	}
	day := siteDay(records, edtf.DayOf(time.Now()))
	now, err := time.Parse(time.DateOnly, string(day))
	if err != nil {
		return nil, err
	}
	served, _, err := newApp(store, p, serving{baseURL: baseURL, copied: true, now: func() time.Time { return now }}, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	asker := httpserve.NewAsker(served)
	s := &site.Site{
		Ask: func(ctx context.Context, address string) (site.Answer, error) {
			ans, err := asker.Ask(ctx, address)
			return site.Answer{Status: ans.Status, ContentType: ans.ContentType, Body: ans.Body}, err
		},
		Instead: map[string]string{"": web.CopyChooser},
		Missing: web.CopyNotFound,
		BaseURL: baseURL,
	}
	if s.Registry, err = siteState(ctx, store, day); err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	sum, err := site.Fingerprint(self) // two builds may have one version
	if err != nil {
		return nil, err
	}
	s.Program = buildVersion() + " " + sum
	s.Settled = func(ctx context.Context) error { // pages of two states don't make one site
		state, err := siteState(ctx, store, day)
		if err == nil && state != s.Registry {
			err = errors.New("the registry was published to while its site was written; nothing was changed, run it again")
		}
		return err
	}
	for _, province := range p.Places.Places(registry.LevelProvince) {
		if b := province.Bound; b != nil {
			s.Parts = append(s.Parts, site.Part{Code: string(province.Code), Box: [4]float64{b.Left(), b.Bottom(), b.Right(), b.Top()}})
		}
	}
	for _, l := range web.Langs {
		lang := string(l)
		s.Languages = append(s.Languages, lang)
		s.Instead["/"+lang+"/search"] = web.CopySearch(lang)
		s.Instead["/"+lang+"/search/suggest"] = web.CopyIndex(lang)
	}
	s.Addresses = siteAddresses(s.Languages, p.Places, records)
	return s, nil
}

// siteAddresses are the pages and data of all that the registry knows.
func siteAddresses(langs []string, places *gazetteer.Gazetteer, records []registry.Stored) []string {
	all := []string{"/"}
	both := func(path, ending string) {
		for _, lang := range langs {
			all = append(all, "/"+lang+path)
		}
		all = append(all, path+ending)
	}
	for _, lang := range langs {
		all = append(all, "/"+lang+"/", "/"+lang+"/map", "/"+lang+"/about", "/"+lang+"/search")
	}
	for _, level := range registry.PagedLevels {
		for _, p := range places.Places(level) {
			both("/"+level.Plural()+"/"+string(p.Code), ".geojson")
		}
	}
	for _, r := range records {
		both("/"+r.Record.Head().Type.Plural()+"/"+string(r.ID()), ".json")
	}
	return all
}

// siteDay is the day whose state a site shows: the files of two days on which nothing changes are the same.
func siteDay(records []registry.Stored, today edtf.Day) edtf.Day {
	var last edtf.Day
	var amendments []*registry.Amendment
	for _, r := range records {
		last = max(last, edtf.DayOf(r.Updated))
		if a, ok := r.Record.(*registry.Amendment); ok {
			amendments = append(amendments, a)
		}
	}
	return registry.SettledDay(last, amendments, today)
}

// siteState names what the registry says and shows on a day.
func siteState(ctx context.Context, store *sqlite.Store, day edtf.Day) (string, error) {
	version, err := store.Version(ctx)
	if err != nil {
		return "", err
	}
	boundaries, err := store.BoundariesVersion(ctx)
	return strings.Join([]string{version, boundaries, string(day)}, " "), err
}
