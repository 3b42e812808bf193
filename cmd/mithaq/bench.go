package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"mithaq/internal/bench"
	"mithaq/internal/dossier"
	"mithaq/internal/edtf"
	"mithaq/internal/export"
	"mithaq/internal/feature"
	"mithaq/internal/gazetteer"
	"mithaq/internal/publish"
	"mithaq/internal/registry"
)

// generating are the settings of one synthetic registry.
type generating struct {
	sites   int
	dump    string
	records string
}

func (a *app) bench() *cobra.Command {
	cmd := &cobra.Command{Use: "bench", Short: "What measurements need", RunE: func(*cobra.Command, []string) error {
		return usage("mithaq bench takes generate")
	}}
	var set generating
	generate := &cobra.Command{
		Use:   "generate",
		Short: "Fill an empty database with synthetic sites, the same ones on every machine",
		Long: "Fills an empty database, or one that isn't there yet, with so many invented sites in real communes, with agreements, sources,\n" +
			"organisations, programmes, amendments and events, for measurements. Every name and title says that it is invented.",
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.generate(cmd.Context(), set)
		},
	}
	generate.Flags().IntVar(&set.sites, "sites", 10_000, "how many sites")
	generate.Flags().StringVar(&set.records, "records", "", "write the records to this file instead, as import takes them, and touch no database")
	generate.Flags().StringVar(&set.dump, "dump", "", "write the sites to this file, too: one GeoJSON feature a line, as the format geojsonl gives them")
	cmd.AddCommand(generate)
	return cmd
}

// generate publishes a synthetic registry and dumps its sites.
func (a *app) generate(ctx context.Context, set generating) error {
	if set.sites < 1 || set.sites > bench.MaxSites {
		return usage("--sites %d: takes 1 to %d", set.sites, bench.MaxSites)
	}
	places, err := gazetteer.Default()
	if err != nil {
		return err
	}
	g, err := bench.New(places, set.sites)
	if err != nil {
		return err
	}
	if set.records != "" {
		if set.dump != "" {
			return usage("--dump goes without --records: what is dumped was published")
		}
		return writeSynthetic(set.records, g)
	}
	return a.with(ctx, func(s registry.Store, p *publish.Publisher) error {
		if some, err := s.Records(ctx, registry.RecordQuery{Limit: 1}); err != nil {
			return err
		} else if len(some) > 0 {
			return fmt.Errorf("%s holds records; a synthetic registry takes an empty database, or a file that isn't there yet", a.database)
		}
		if err := publishSynthetic(ctx, p, g); err != nil {
			return err
		}
		if set.dump == "" {
			return nil
		}
		return writeOut(set.dump, func(w io.Writer) error {
			sites := registry.FeatureQuery{Collection: feature.Sites, Day: edtf.DayOf(bench.Published)}
			return export.Selection{Format: "geojsonl", Queries: []registry.FeatureQuery{sites}}.Write(ctx, s, w)
		})
	})
}

// publishSynthetic publishes all records of g, as of a time that is always the same.
func publishSynthetic(ctx context.Context, p *publish.Publisher, g *bench.Generator) error {
	defer work()()
	p.Now = func() time.Time { return bench.Published }
	report, err := p.Publish(ctx, publish.Request{
		Author: "mithaq", Reason: "synthetic records to measure with", Progress: progress("generating"),
		Each: func(yield func(registry.Record, []byte) error) error {
			for r := range g.Records() {
				body, err := registry.Canonical(r)
				if err != nil {
					return err
				}
				if err := yield(r, body); err != nil {
					return err
				}
			}
			return nil
		},
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "%d synthetic records are in place.\n", report[publish.New])
	return nil
}

// writeSynthetic writes all records of g as a file that import takes.
func writeSynthetic(path string, g *bench.Generator) error {
	return writeOut(path, func(w io.Writer) error {
		out := dossier.NewWriter(w)
		for r := range g.Records() {
			if err := out.Add(r); err != nil {
				return err
			}
		}
		return out.Close()
	})
}
