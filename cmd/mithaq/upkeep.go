package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"mithaq/internal/dossier"
	"mithaq/internal/gazetteer"
	"mithaq/internal/passage"
	"mithaq/internal/publish"
	"mithaq/internal/registry"
)

func (a *app) source() *cobra.Command {
	cmd := &cobra.Command{Use: "source", Short: "The texts of sources", RunE: func(*cobra.Command, []string) error {
		return usage("mithaq source takes attach or sentences")
	}}
	attach := &cobra.Command{
		Use:   "attach ID FILE",
		Short: "Attach a source's text, after checking every locator, hash and wording against it",
		Args:  args(cobra.ExactArgs(2)),
		RunE: func(cmd *cobra.Command, given []string) error {
			raw, err := readFile(given[1])
			if err != nil {
				return err
			}
			return a.with(cmd.Context(), func(_ registry.Store, p *publish.Publisher) error {
				checked, err := p.AttachText(cmd.Context(), registry.ID(given[0]), raw)
				var wrong publish.Misquotes
				switch {
				case errors.As(err, &wrong) && a.asJSON:
					return errors.Join(printJSON(struct {
						Misquotes publish.Misquotes `json:"misquotes"`
					}{wrong}), errReported)
				case errors.As(err, &wrong):
					for _, m := range wrong {
						fmt.Fprintf(os.Stderr, "%s%s\n", m.Record, m.Problem)
					}
					fmt.Fprintf(os.Stderr, "Statements that the text doesn't bear out: %d of %d. It was not attached.\n", len(wrong), checked)
					return errReported
				case err != nil:
					return err
				case a.asJSON:
					return printJSON(map[string]int{"statements": checked})
				}
				fmt.Fprintf(os.Stderr, "Attached; %d statements found word for word.\n", checked)
				return nil
			})
		},
	}
	sentences := &cobra.Command{
		Use:   "sentences FILE",
		Short: "Print a text's sentences with the locators that statements take: paragraph, sentence, hash, text",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(_ *cobra.Command, given []string) error {
			raw, err := readFile(given[0])
			if err != nil {
				return err
			}
			text, err := passage.Parse(raw)
			if err != nil {
				return fmt.Errorf("%s: %w", given[0], err)
			}
			for _, p := range text.Paragraphs {
				for _, s := range p.Sentences {
					fmt.Printf("%d\t%d\t%s\t%s\n", p.Number, s.Number, s.SHA256, s.Text)
				}
			}
			return nil
		},
	}
	cmd.AddCommand(a.jsonFlag(attach), sentences)
	return cmd
}

func (a *app) migrate() *cobra.Command {
	return &cobra.Command{
		Use:   "migrate",
		Short: "Bring the database up to date, after a copy; serve and import do it too",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.with(cmd.Context(), func(registry.Store, *publish.Publisher) error {
				fmt.Fprintln(os.Stderr, "The database is up to date.")
				return nil
			})
		},
	}
}

func (a *app) reindex() *cobra.Command {
	return &cobra.Command{
		Use:   "reindex",
		Short: "Derive everything anew from the revisions; what is served stays the same",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			return a.with(cmd.Context(), func(_ registry.Store, p *publish.Publisher) error {
				defer work()()
				return p.Reindex(cmd.Context(), progress("reindexing"))
			})
		},
	}
}

func (a *app) boundaries() *cobra.Command {
	return &cobra.Command{
		Use:   "boundaries FILE.geojson",
		Short: "Replace the shipped boundaries by your own: a FeatureCollection of polygons whose property \"code\" is a census code",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			raw, err := readFile(given[0])
			if err != nil {
				return err
			}
			boundaries, err := gazetteer.ReadBoundaries(raw)
			if err != nil {
				return fmt.Errorf("%s: %w", given[0], err)
			}
			sum := sha256.Sum256(raw)
			return a.with(cmd.Context(), func(_ registry.Store, p *publish.Publisher) error {
				if err := p.OwnBoundaries(cmd.Context(), hex.EncodeToString(sum[:]), boundaries); err != nil {
					return err
				}
				fmt.Fprintf(os.Stderr, "%d boundaries are in place.\n", len(boundaries))
				return nil
			})
		},
	}
}

func schemaCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "Print the JSON Schema of the record format",
		Args:  args(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			_, err := os.Stdout.Write(dossier.Schema)
			return err
		},
	}
}

func (a *app) versionCommand() *cobra.Command {
	return a.jsonFlag(&cobra.Command{
		Use:   "version",
		Short: "Print the version",
		Args:  args(cobra.NoArgs),
		RunE: func(*cobra.Command, []string) error {
			if a.asJSON {
				return printJSON(map[string]string{"version": buildVersion()})
			}
			fmt.Println(buildVersion())
			return nil
		},
	})
}
