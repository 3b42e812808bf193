package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/mail"
	"net/url"
	"os"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/gofiber/fiber/v2"
	"github.com/spf13/cobra"

	"mithaq/internal/archive"
	"mithaq/internal/dump"
	"mithaq/internal/export"
	"mithaq/internal/httpapi"
	"mithaq/internal/httpserve"
	"mithaq/internal/publish"
	"mithaq/internal/registry"
	"mithaq/internal/store/sqlite"
	"mithaq/internal/web"
	"mithaq/static"
)

// serving are the settings of serve.
type serving struct {
	addr, baseURL            string
	tileURL, tileAttribution string
	logLevel                 string
	contact                  string
	noRecords                bool
	downloads                string           // folder of the whole dumps, see defaultDownloads; empty for none
	past                     registry.Archive // nil: no registry of a moment before
	dumps                    *dump.Dumps      // nil: no whole dumps

	copied bool             // by mithaq site: with the pages that only a copy has
	now    func() time.Time // nil for the clock
}

// defaultAddr is where a registry is served unless told otherwise.
const defaultAddr = "127.0.0.1:8080"

// defaultDownloads is where the whole dumps are kept; "{database}" stands for the path of the database.
const defaultDownloads = "{database}.downloads"

func (a *app) serve() *cobra.Command {
	var s serving
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve the pages and the data; an empty registry is first given the shipped records",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.runServer(cmd.Context(), s)
		},
	}
	f := cmd.Flags()
	f.StringVar(&s.addr, "addr", env("MITHAQ_ADDR", defaultAddr), "address to listen on (environment: MITHAQ_ADDR)")
	f.StringVar(&s.baseURL, "base-url", env("MITHAQ_BASE_URL", ""), "public address, used in links; default http:// and the address (environment: MITHAQ_BASE_URL)")
	f.StringVar(&s.tileURL, "tile-url", env("MITHAQ_TILE_URL", ""), "background tiles, as https://tiles.example/{z}/{x}/{y}.png; none by default, and no other host is ever asked (environment: MITHAQ_TILE_URL)")
	f.StringVar(&s.tileAttribution, "tile-attribution", env("MITHAQ_TILE_ATTRIBUTION", ""), "credit line of the tiles (environment: MITHAQ_TILE_ATTRIBUTION)")
	f.StringVar(&s.contact, "contact", env("MITHAQ_CONTACT", ""), "where readers report mistakes: an e-mail address or an https address (environment: MITHAQ_CONTACT)")
	f.StringVar(&s.downloads, "downloads", env("MITHAQ_DOWNLOADS", defaultDownloads), "folder of the files at /downloads, prepared once per publication, {database} being the path of the database; empty for none (environment: MITHAQ_DOWNLOADS)")
	f.StringVar(&s.logLevel, "log-level", env("MITHAQ_LOG_LEVEL", "info"), "debug, info, warn or error (environment: MITHAQ_LOG_LEVEL)")
	f.BoolVar(&s.noRecords, "no-shipped-records", false, "leave an empty registry empty")
	return cmd
}

// runServer serves until the context ends.
func (a *app) runServer(ctx context.Context, set serving) (err error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(set.logLevel)); err != nil {
		return usage("--log-level %s: takes debug, info, warn or error", set.logLevel)
	}
	lines := newServerLog(os.Stderr, level)
	defer func() { err = errors.Join(err, lines.lines.flush()) }()
	log := slog.New(lines)
	if set.baseURL == "" {
		set.baseURL = "http://" + set.addr
	}
	if !isWebAddress(set.baseURL) {
		return usage("--base-url %s: takes an http or https address", set.baseURL)
	}
	if _, _, err := net.SplitHostPort(set.addr); err != nil {
		return usage("--addr %s: takes HOST:PORT", set.addr)
	}
	if set.contact != "" && !validContact(set.contact) {
		return usage("--contact %s: takes an e-mail address or an https address", set.contact)
	}
	limitServing()
	store, publisher, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	if !set.noRecords {
		n, err := loadShipped(ctx, store, publisher)
		if err != nil {
			return fmt.Errorf("load the shipped records: %w", err)
		}
		if n > 0 {
			log.Info("shipped records loaded", "records", n)
		}
	}
	past, err := archive.New(archive.Config{Live: store, Places: publisher.Places, Dir: a.database + ".snapshots", Log: log,
		Open: func(ctx context.Context, path string) (archive.Store, error) { return sqlite.Open(ctx, path) }})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(past.Close(), err) }()
	set.past = past
	if set.downloads != "" {
		if set.dumps, err = newDumps(store, strings.ReplaceAll(set.downloads, "{database}", a.database), strings.TrimRight(set.baseURL, "/"), log); err != nil {
			return err
		}
		defer set.dumps.Close()
	}
	app, pages, err := newApp(store, publisher, set, log)
	if err != nil {
		return err
	}
	ahead, stop := context.WithCancel(context.WithoutCancel(ctx)) // pages that are waited for when ctx ends still get what they need
	var work sync.WaitGroup
	work.Go(func() { pages.ReadAhead(ahead) })
	defer func() { stop(); work.Wait() }()
	return httpserve.Serve(ctx, app, set.addr, httpserve.Hooks{
		Ready: func(addr string) {
			log.Info("ready", "address", addr, "database", a.database, "version", buildVersion())
			fmt.Printf("Mithaq: http://%s/\n", addr)
		},
		OnShutdown: func() { log.Info("stopping") },
		Force:      secondSignal(ctx),
	})
}

// newDumps sees to the whole dumps in a folder.
func newDumps(store registry.Reader, dir, baseURL string, log *slog.Logger) (*dump.Dumps, error) {
	labels, err := web.CodeLabels()
	if err != nil {
		return nil, err
	}
	return dump.New(dump.Config{Live: store, Dir: dir, BaseURL: baseURL, Labels: labels, Program: buildVersion(), Now: time.Now, Log: log})
}

// newApp wires the store to the two faces of the registry.
func newApp(store *sqlite.Store, p *publish.Publisher, set serving, log *slog.Logger) (*fiber.App, *web.Server, error) {
	assets, err := httpserve.NewAssets(static.Files)
	if err != nil {
		return nil, nil, err
	}
	baseURL := strings.TrimRight(set.baseURL, "/")
	now := set.now
	if now == nil {
		now = time.Now
	}
	labels, err := web.CodeLabels()
	if err != nil {
		return nil, nil, err
	}
	var formats []string
	for _, f := range export.Formats() {
		formats = append(formats, f.ID)
	}
	api := &httpapi.Server{Store: store, Past: set.past, Places: p.Places, BaseURL: baseURL, Version: buildVersion(), Now: now, Labels: labels, Dumps: set.dumps, Kept: &httpserve.AnswerCache{}}
	deps := web.Deps{
		Store: store, Past: set.past, Gazetteer: p.Places, Assets: assets, BaseURL: baseURL, Log: log,
		Tiles: web.Tiles{URL: set.tileURL, Credit: set.tileAttribution}, Contact: set.contact, Formats: formats, Now: now, Definition: api.Definition,
	}
	if !set.copied { // a copy asks for each page once
		deps.Kept = api.Kept
	}
	if set.dumps != nil {
		deps.Dump = httpapi.LatestDownload
	}
	pages, err := web.New(deps)
	if err != nil {
		return nil, nil, err
	}
	app := httpserve.New(httpserve.Options{Logger: log, Ready: store.Ping, OnError: pages.ErrorPage, TileOrigin: origin(set.tileURL)})
	assets.Mount(app)
	pages.Mount(app)
	if set.copied {
		pages.MountCopy(app)
	}
	api.HTML = pages.Document
	api.Mount(app)
	return app, pages, nil
}

// validContact says whether readers can be sent to an address: by letter or to a page.
func validContact(s string) bool {
	if letter, err := mail.ParseAddress(s); err == nil {
		return letter.Address == s // a bare address, without a name
	}
	u, err := url.Parse(s)
	return err == nil && u.Scheme == "https" && u.Host != "" && !strings.Contains(s, "@")
}

// origin is the scheme and host of an address; empty for none.
func origin(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}

// secondSignal is closed by a second signal once the first has ended ctx: it ends the drain at once.
func secondSignal(ctx context.Context) <-chan struct{} {
	force := make(chan struct{})
	go func() {
		<-ctx.Done()
		again := make(chan os.Signal, 1)
		signal.Notify(again, os.Interrupt, syscall.SIGTERM)
		<-again
		close(force)
	}()
	return force
}
