package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"time"

	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"mithaq/geodata"
	"mithaq/internal/dossier"
	"mithaq/internal/publish"
	"mithaq/internal/registry"
)

// maxFile bounds a file that is read into memory: far above any real one, far below the machine's memory.
const maxFile = 512 << 20

func (a *app) importRecords() *cobra.Command {
	var dry bool
	var reason string
	cmd := &cobra.Command{
		Use:   "import FILE…",
		Short: "Take records in: all of them, or, with a problem in any, none",
		Long: "Reads files of records (mithaq schema prints their JSON Schema), checks them, and publishes what is new or different as revisions.\n" +
			"Records of several files may point at one another. \"-\" reads standard input. The same file again changes nothing.",
		Args: args(cobra.MinimumNArgs(1)),
		RunE: func(cmd *cobra.Command, files []string) error {
			records, err := openRecords(files)
			if err != nil {
				return err
			}
			defer records.Close()
			return a.with(cmd.Context(), func(_ registry.Store, p *publish.Publisher) error {
				return a.publish(cmd.Context(), p, records, publish.Request{Author: "import", Reason: reason, DryRun: dry})
			})
		},
	}
	cmd.Flags().BoolVar(&dry, "dry-run", false, "check and say what would change, write nothing")
	cmd.Flags().StringVar(&reason, "reason", "import", "why, for the history of each record")
	return a.jsonFlag(cmd)
}

// publish publishes the records of files and reports, on the terminal or as JSON.
func (a *app) publish(ctx context.Context, p *publish.Publisher, records *recordFiles, req publish.Request) error {
	defer work()()
	req.Each, req.Progress = records.each, progress("publishing")
	var told outcomes
	if a.asJSON {
		if err := told.open(); err != nil {
			return err
		}
		defer told.close()
		req.Tell = told.tell
	}
	report, err := p.Publish(ctx, req)
	var wrong publish.Problems
	var unsound unsoundFiles
	switch {
	case errors.As(err, &unsound):
		return a.reportProblems(unsound)
	case errors.As(err, &wrong):
		var problems []dossier.Problem
		for _, w := range wrong {
			problems = append(problems, records.entry(w.Index).Problem(w.Problem))
		}
		return a.reportProblems(problems)
	case err != nil:
		return err
	case a.asJSON:
		return told.print(os.Stdout, req.DryRun)
	}
	would := ""
	if req.DryRun {
		would = "nothing written; would be: "
	}
	switch {
	case report[publish.New]+report[publish.Changed] == 0:
		fmt.Fprintf(os.Stderr, "Nothing to do: the registry has these %d records already.\n", report[publish.Unchanged])
	default:
		fmt.Fprintf(os.Stderr, "%s%d new, %d changed, %d unchanged.\n", would, report[publish.New], report[publish.Changed], report[publish.Unchanged])
	}
	return nil
}

// reportProblems prints every problem and fails.
func (a *app) reportProblems(problems []dossier.Problem) error {
	if a.asJSON {
		if err := printJSON(struct {
			Problems []dossier.Problem `json:"problems"`
		}{problems}); err != nil {
			return err
		}
		return errReported
	}
	for _, p := range problems {
		fmt.Fprintln(os.Stderr, p)
	}
	fmt.Fprintf(os.Stderr, "Problems: %d. Nothing was written.\n", len(problems))
	return errReported
}

// shipped reads the records that the program carries.
func shipped() ([]dossier.Entry, error) {
	files, err := fs.Glob(geodata.Files, "records/*.json")
	if err != nil {
		return nil, err
	}
	slices.Sort(files)
	var entries []dossier.Entry
	for _, file := range files {
		raw, err := geodata.Files.ReadFile(file)
		if err != nil {
			return nil, err
		}
		some, problems := dossier.Read(file, raw)
		if len(problems) > 0 {
			return nil, fmt.Errorf("%d problems in the shipped records, the first: %s", len(problems), problems[0])
		}
		entries = append(entries, some...)
	}
	return entries, nil
}

// loadShipped publishes the shipped records in an empty registry, by the road that every import takes.
func loadShipped(ctx context.Context, s registry.Store, p *publish.Publisher) (n int, err error) {
	some, err := s.Records(ctx, registry.RecordQuery{Limit: 1})
	if err != nil || len(some) > 0 {
		return 0, err
	}
	entries, err := shipped()
	if err != nil {
		return 0, err
	}
	req := publish.Request{Author: "mithaq", Reason: "shipped records of mithaq " + buildVersion()}
	for _, e := range entries {
		req.Records = append(req.Records, e.Record)
	}
	_, err = p.Publish(ctx, req)
	return len(entries), err
}

func readFile(path string) ([]byte, error) {
	var r io.Reader = os.Stdin
	if path != "-" {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		r = f
	}
	raw, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err == nil && len(raw) > maxFile {
		err = fmt.Errorf("%s: more than %d MiB", path, maxFile>>20)
	}
	return raw, err
}

func printJSON(v any) error {
	enc := json.NewEncoder(os.Stdout)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(v)
}

// progress shows a bar on a terminal when a run takes longer than a moment, and is nil elsewhere.
func progress(what string) func(done, total int) {
	if !term.IsTerminal(int(os.Stderr.Fd())) {
		return nil
	}
	var bar *progressbar.ProgressBar
	start := time.Now()
	return func(done, total int) {
		if bar != nil && bar.GetMax64() < 0 && total >= 0 { // the number is known now
			_ = bar.Finish()
			bar = nil
		}
		if bar == nil && time.Since(start) > 500*time.Millisecond {
			bar = progressbar.NewOptions(total, progressbar.OptionSetDescription(what), progressbar.OptionSetWriter(os.Stderr),
				progressbar.OptionShowCount(), progressbar.OptionShowIts(), progressbar.OptionClearOnFinish(), progressbar.OptionThrottle(100*time.Millisecond))
		}
		if bar != nil {
			if total >= 0 && int(bar.GetMax64()) != total { // more may be found on the way
				bar.ChangeMax(total)
			}
			_ = bar.Set(done) // a bar that can't be drawn must not stop the work
		}
	}
}
