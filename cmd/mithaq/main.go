// Command mithaq is the registry: it serves it, and it takes records in and gives them out. This folder holds subcommands,
// flags, wiring and signals; what they do is in internal/.
//
// Data goes to standard output, words to standard error. Exit codes: 0 done; 1 the data or the run failed, and nothing was
// written; 2 wrong usage.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"mithaq/internal/gazetteer"
	"mithaq/internal/publish"
	"mithaq/internal/registry"
	"mithaq/internal/store/sqlite"
)

// version is set by the build: -ldflags "-X main.version=…".
var version = "development"

func main() { os.Exit(run(os.Args[1:])) }

// errUsage marks errors of usage: exit code 2.
var errUsage = errors.New("usage")

// errReported marks errors whose every line was printed already.
var errReported = errors.New("reported")

// run runs one command line and returns the exit code. The first signal ends it in order, the second at once.
func run(args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	a := &app{}
	root := a.command()
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	switch {
	case err == nil:
		return 0
	case errors.Is(err, errReported):
		return 1
	}
	fmt.Fprintln(os.Stderr, "mithaq:", plain(err))
	// Cobra has no type for an unknown command or flag; its texts are all there is to tell them by.
	if errors.Is(err, errUsage) || strings.HasPrefix(err.Error(), "unknown command") || strings.HasPrefix(err.Error(), "unknown flag") {
		fmt.Fprintln(os.Stderr, "See mithaq --help.")
		return 2
	}
	return 1
}

// plain is an error as the person at the terminal should read it.
func plain(err error) string {
	return strings.TrimPrefix(err.Error(), errUsage.Error()+": ")
}

func usage(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errUsage, fmt.Sprintf(format, args...))
}

// app holds the settings that commands share.
type app struct {
	database string
	asJSON   bool
}

// command builds the tree of subcommands.
func (a *app) command() *cobra.Command {
	root := &cobra.Command{
		Use:           "mithaq",
		Short:         "A public registry of partnership agreements and of what they build",
		SilenceUsage:  true,
		SilenceErrors: true,
		Version:       buildVersion(),
	}
	root.SetVersionTemplate("{{.Version}}\n")
	root.SetOut(os.Stdout)
	root.SetErr(os.Stderr)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usage("%v", err) })
	root.PersistentFlags().StringVar(&a.database, "database", env("MITHAQ_DATABASE", "mithaq.db"), "SQLite file (environment: MITHAQ_DATABASE)")
	root.AddCommand(a.serve(), a.importRecords(), a.export(), a.site(), a.source(), a.migrate(), a.reindex(), a.boundaries(), a.bench(), schemaCommand(), a.versionCommand())
	return root
}

// args checks the number of arguments as an error of usage.
func args(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, given []string) error {
		if err := check(cmd, given); err != nil {
			return usage("%s: %v", cmd.CommandPath(), err)
		}
		return nil
	}
}

// jsonFlag adds --json to a command.
func (a *app) jsonFlag(cmd *cobra.Command) *cobra.Command {
	cmd.Flags().BoolVar(&a.asJSON, "json", false, "answer as JSON")
	return cmd
}

// env is a setting's environment twin, or its default.
func env(name, def string) string {
	if v, ok := os.LookupEnv(name); ok {
		return v
	}
	return def
}

// buildVersion is the release, and the commit when the build knows it.
func buildVersion() string {
	v := version
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" && version == "development" {
				v += " " + s.Value[:min(12, len(s.Value))]
			}
		}
	}
	return v
}

// open opens the store with the gazetteer and the boundaries in place.
func (a *app) open(ctx context.Context) (*sqlite.Store, *publish.Publisher, error) {
	if strings.HasPrefix(a.database, "postgres://") || strings.HasPrefix(a.database, "postgresql://") {
		return nil, nil, usage("--database %s: PostgreSQL is not served by this version; give a file for SQLite", a.database)
	}
	places, err := gazetteer.Default()
	if err != nil {
		return nil, nil, err
	}
	store, err := sqlite.Open(ctx, a.database)
	if err != nil {
		return nil, nil, err
	}
	p := &publish.Publisher{Store: store, Places: places, Now: time.Now}
	if err := p.ShippedBoundaries(ctx); err != nil {
		return nil, nil, errors.Join(err, store.Close())
	}
	return store, p, nil
}

// with runs f on the open store and closes it.
func (a *app) with(ctx context.Context, f func(registry.Store, *publish.Publisher) error) (err error) {
	store, p, err := a.open(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	return f(store, p)
}
