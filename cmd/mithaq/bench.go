package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/spf13/cobra"

	"mithaq/internal/bench"
	"mithaq/internal/edtf"
	"mithaq/internal/export"
	"mithaq/internal/feature"
	"mithaq/internal/gazetteer"
	"mithaq/internal/publish"
	"mithaq/internal/registry"
)

// chunk is how many synthetic records are published at once.
const chunk = 4000

// generating are the settings of one synthetic registry.
type generating struct {
	sites int
	dump  string
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
	p.Now = func() time.Time { return bench.Published }
	show, done, total := progress("generating"), 0, g.Count()
	req := publish.Request{Author: "mithaq", Reason: "synthetic records to measure with"}
	flush := func() error {
		if _, err := p.Publish(ctx, req); err != nil {
			return err
		}
		if done += len(req.Records); show != nil {
			show(done, total)
		}
		req.Records = req.Records[:0]
		return nil
	}
	for r := range g.Records() {
		if req.Records = append(req.Records, r); len(req.Records) == chunk {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if err := flush(); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "%d synthetic records are in place.\n", done)
	return nil
}
