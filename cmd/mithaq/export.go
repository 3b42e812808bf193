package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"mithaq/internal/cql"
	"mithaq/internal/dossier"
	"mithaq/internal/edtf"
	"mithaq/internal/export"
	"mithaq/internal/feature"
	"mithaq/internal/gazetteer"
	"mithaq/internal/publish"
	"mithaq/internal/registry"
	"mithaq/internal/web"
)

// exporting are the settings of one export.
type exporting struct {
	output      string
	format      string
	collections []string
	detail      string
	asOf        string
	baseURL     string
	filter      string // CQL2 text
	locatedOnly bool
}

func (a *app) export() *cobra.Command {
	var set exporting
	var ids []string
	for _, f := range export.Formats() {
		ids = append(ids, f.ID)
	}
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Give published records out as one file",
		Long: "Without --format, all published records, in the format that import takes back.\n\n" +
			"With --format and --collection, the rows of a collection for other tools. Formats: " + strings.Join(ids, ", ") + ".\n" +
			"Collections: " + strings.Join(feature.Collections, ", ") + "; a GeoPackage (gpkg) holds several.\n" +
			"With --output, a format that can't describe itself gets a second file beside it, FILE-metadata.json.",
		Args: args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if set.format != "" {
				return a.exportRows(cmd.Context(), set)
			}
			for _, flag := range []string{"collection", "detail", "as-of", "filter", "located-only", "base-url"} {
				if cmd.Flags().Changed(flag) {
					return usage("--%s goes with --format", flag)
				}
			}
			return a.exportRecords(cmd.Context(), set.output)
		},
	}
	cmd.Flags().StringVarP(&set.output, "output", "o", "", "write to this file instead of standard output")
	cmd.Flags().StringVar(&set.format, "format", "", "write the rows of a collection in this format")
	cmd.Flags().StringSliceVar(&set.collections, "collection", nil, "the collection, or several for gpkg")
	cmd.Flags().StringVar(&set.detail, "detail", string(gazetteer.DetailMedium), "detail of boundaries: low, medium or high")
	cmd.Flags().StringVar(&set.asOf, "as-of", "", "state on a day, as 2024-05-01 (default: today)")
	cmd.Flags().StringVar(&set.filter, "filter", "", "keep the rows for which a CQL2 expression is true, as \"shops >= 20\"")
	cmd.Flags().StringVar(&set.baseURL, "base-url", env("MITHAQ_BASE_URL", "http://"+defaultAddr), "public address, in the links of the file (environment: MITHAQ_BASE_URL)")
	cmd.Flags().BoolVar(&set.locatedOnly, "located-only", false, "leave out rows without a location, and say in the file how many")
	return cmd
}

// exportRecords writes every published record, by type and id.
func (a *app) exportRecords(ctx context.Context, output string) error {
	return a.with(ctx, func(s registry.Store, _ *publish.Publisher) error {
		return writeOut(output, func(w io.Writer) error {
			before, err := s.Version(ctx)
			if err != nil {
				return err
			}
			out := dossier.NewWriter(w)
			for _, t := range registry.Types {
				if err := eachOfType(ctx, s, t, out.Add); err != nil {
					return err
				}
			}
			if after, err := s.Version(ctx); err != nil || after != before {
				return cmp.Or(err, error(&registry.Error{Code: registry.Busy, Message: "Records were published meanwhile, and the file would be of two states. Try again."}))
			}
			return out.Close()
		})
	})
}

// recordsAtOnce is how many records are read at once.
const recordsAtOnce = 500

// eachOfType gives the published records of a type, by id.
func eachOfType(ctx context.Context, r registry.Reader, t registry.Type, yield func(registry.Record) error) error {
	var ids []registry.ID
	flush := func() error {
		found, err := r.RecordsByID(ctx, ids)
		if err != nil {
			return err
		}
		for _, x := range found {
			if err := yield(x.Record); err != nil {
				return err
			}
		}
		ids = ids[:0]
		return nil
	}
	err := r.EachListed(ctx, "", 0, func(l registry.Listed) error {
		if l.Type != t {
			return nil
		}
		if ids = append(ids, l.ID); len(ids) == recordsAtOnce {
			return flush()
		}
		return nil
	})
	if err != nil {
		return err
	}
	return flush()
}

// exportRows writes the rows of collections in one of export's formats.
func (a *app) exportRows(ctx context.Context, set exporting) error {
	var layers []export.Layer
	for _, c := range set.collections {
		layers = append(layers, export.LayerOf(c))
	}
	if err := export.Check(set.format, layers); err != nil {
		return usage("%v", err)
	}
	format, _ := export.FormatOf(set.format)
	if !slices.Contains(gazetteer.Details, gazetteer.Detail(set.detail)) {
		return usage("--detail %s: takes low, medium or high", set.detail)
	}
	day, err := registry.DayAsked(set.asOf, time.Now())
	if err != nil {
		return usage("--as-of %s: takes a day, as 2024-05-01", set.asOf)
	}
	labels, err := web.CodeLabels()
	if err != nil {
		return err
	}
	selection := export.Selection{Format: set.format, Link: set.link(), BaseURL: strings.TrimRight(set.baseURL, "/"), Labels: labels, Ahead: true}
	if set.output != "" {
		selection.Filename = filepath.Base(set.output)
	}
	for _, c := range set.collections {
		q, err := set.query(c, day)
		if err != nil {
			return err
		}
		selection.Queries = append(selection.Queries, q)
	}
	return a.with(ctx, func(s registry.Store, _ *publish.Publisher) error {
		err := writeOut(set.output, func(w io.Writer) error { return selection.Write(ctx, s, w) })
		if err != nil || format.Sidecar == "" || set.output == "" || set.output == "-" {
			return err
		}
		return writeWhole(set.output+format.Sidecar, func(w io.Writer) error { return selection.WriteSidecar(ctx, s, w) })
	})
}

// query asks for the features of a collection. Error: of usage, for a filter that the collection can't be asked.
func (set exporting) query(collection string, day edtf.Day) (registry.FeatureQuery, error) {
	q := registry.FeatureQuery{Collection: collection, Day: day}
	if _, ok := feature.ColumnOf(collection, "detail"); ok {
		q.Detail = set.detail
	}
	if set.locatedOnly {
		q.Located = registry.LocatedYes
	}
	if set.filter == "" {
		return q, nil
	}
	e, err := cql.ParseText(set.filter)
	if err == nil {
		q.Filter, err = cql.Check(e, feature.Queryables(collection))
	}
	if err != nil {
		return q, usage("--filter: %v", err)
	}
	return q, nil
}

// link is the address that asks the same of a server.
func (set exporting) link() string {
	q := url.Values{"f": {set.format}}
	if set.asOf != "" {
		q.Set("as-of", set.asOf)
	}
	if set.filter != "" {
		q.Set("filter", set.filter)
	}
	if set.locatedOnly {
		q.Set("located", "yes")
	}
	if set.detail != string(gazetteer.DetailMedium) {
		q.Set("detail", set.detail)
	}
	return fmt.Sprintf("%s/api/collections/%s/items?%s", strings.TrimRight(set.baseURL, "/"), strings.Join(set.collections, ","), q.Encode())
}

// writeOut writes to a file, whole or not at all, or to standard output for an empty name or "-".
func writeOut(path string, write func(io.Writer) error) error {
	if path == "" || path == "-" {
		w := bufio.NewWriter(os.Stdout)
		return errors.Join(write(w), w.Flush())
	}
	return writeWhole(path, write)
}

// writeWhole writes a file beside path and moves it there when it is whole. A pipe or a device is written to: a file in its place would be no use to whoever reads it,
// and where /dev/null is one the whole machine suffers.
func writeWhole(path string, write func(io.Writer) error) error {
	if info, err := os.Stat(path); err == nil && info.Mode()&(fs.ModeDevice|fs.ModeNamedPipe) != 0 {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return err
		}
		return errors.Join(write(f), f.Close())
	}
	f, err := os.CreateTemp(filepath.Dir(path), ".mithaq-*")
	if err != nil {
		return err
	}
	err = errors.Join(f.Chmod(0o644), write(f), f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
