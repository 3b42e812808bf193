// Package publish is the life of a record from a file to the page: what files can't know of each other is checked here, a
// revision is appended for what changed, and everything that is read is derived from it, all in one transaction.
//
// It checks what takes other records or the gazetteer: that references meet a record of the right type, that an amendment's changes
// fit what they change, that coordinates lie in the commune that is named. It never edits a record.
package publish

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"mithaq/internal/gazetteer"
	"mithaq/internal/idmap"
	"mithaq/internal/passage"
	"mithaq/internal/registry"
)

// Publisher publishes records into a store.
type Publisher struct {
	Store  registry.Store
	Places *gazetteer.Gazetteer
	Now    func() time.Time
}

// Request is a set of records to publish together.
type Request struct {
	Records []registry.Record
	// Each gives the records instead, one after the other, with their canonical JSON, so that memory doesn't grow with their number. It runs beside the
	// publication, may be asked twice, and must then give the same. Its error is Publish's.
	Each   func(yield func(r registry.Record, body []byte) error) error
	Author string // a role or the program, not a person
	Reason string
	DryRun bool
	// Tell is told what becomes of each record, in their order; it may be nil. What it was told is void when Publish fails.
	Tell func(registry.ID, Outcome)
	// Progress is told how far it is; total is -1 while records are read, whose number nobody knows. It may be nil.
	Progress func(done, total int)
}

// each gives the records of a request, however they come.
func (r Request) each(yield func(r registry.Record, body []byte) error) error {
	if r.Each != nil {
		return r.Each(yield)
	}
	for _, x := range r.Records {
		body, err := registry.Canonical(x)
		if err != nil {
			return err
		}
		if err := yield(x, body); err != nil {
			return err
		}
	}
	return nil
}

// Outcome is what becomes of a record that is published.
type Outcome string

// A record is new, changed, or as it was published before.
const (
	New       Outcome = "new"
	Changed   Outcome = "changed"
	Unchanged Outcome = "unchanged"
)

// Outcomes lists every outcome.
var Outcomes = []Outcome{New, Changed, Unchanged}

// Report counts what a publication did, or with DryRun would do.
type Report map[Outcome]int

// Problem is something wrong with record Index of a request.
type Problem struct {
	Index int
	registry.Problem
}

// Problems is every problem of a request; nothing was written.
type Problems []Problem

// Error counts the problems and names the first.
func (p Problems) Error() string {
	return fmt.Sprintf("%d problems, the first: record %d %s", len(p), p[0].Index, p[0])
}

// errDry undoes a dry run.
var errDry = errors.New("dry run")

// Publish appends a revision for each record that is new or different. All or nothing. Errors: Problems, the store's, and those of Each.
func (p *Publisher) Publish(ctx context.Context, req Request) (Report, error) {
	report := Report{}
	at := p.Now()
	err := p.Store.Write(ctx, func(w registry.Writer) error {
		s := p.begin(w)
		t := &taking{publication: s, req: req, at: at, report: report, seen: idmap.New[kept](),
			expanded: idmap.New[struct{}](), own: map[registry.ID]int{}, older: map[registry.ID]int{}, texts: map[registry.ID]*passage.Text{}}
		if err := t.take(ctx); err != nil {
			return err
		}
		if len(t.problems) > 0 {
			slices.SortStableFunc(t.problems, func(a, b Problem) int { return a.Index - b.Index })
			return t.problems
		}
		// Amendments can only be tried on their targets once both are in place.
		if problems, err := t.amendmentsFit(ctx); err != nil {
			return err
		} else if len(problems) > 0 {
			return problems
		}
		if req.DryRun {
			return errDry
		}
		return s.derive(ctx, req.Progress)
	})
	if errors.Is(err, errDry) {
		err = nil
	}
	return report, err
}

// Reindex derives everything anew from the revisions. What is read afterwards is the same as before.
func (p *Publisher) Reindex(ctx context.Context, progress func(done, total int)) error {
	return p.Store.Write(ctx, func(w registry.Writer) error {
		return p.begin(w).deriveAll(ctx, progress)
	})
}

// deriveAll derives what is read from every record.
func (s *publication) deriveAll(ctx context.Context, progress func(done, total int)) error {
	if err := s.w.Mark(ctx, registry.RecordQuery{}); err != nil {
		return err
	}
	return s.derive(ctx, progress)
}

func names(types []registry.Type) string {
	parts := make([]string, len(types))
	for i, t := range types {
		parts[i] = string(t)
	}
	return "a record of type " + strings.Join(parts, " or ")
}

// tryAmendment applies every change of a by itself.
func (s *publication) tryAmendment(ctx context.Context, a *registry.Amendment) (problems []registry.Problem, err error) {
	for i, c := range a.Sets {
		pointer := fmt.Sprintf("/sets/%d", i)
		target := c.Record
		if target == "" {
			target = a.Target
		}
		found, err := s.w.Record(ctx, target)
		if err != nil {
			return nil, err
		}
		if site, ok := found.Record.(*registry.Site); ok && !slices.Contains(site.Agreements, a.Target) {
			problems = append(problems, registry.Problem{Pointer: pointer + "/record", Got: fmt.Sprintf("%q, a site of other agreements", target), Takes: "a site of " + string(a.Target)})
			continue
		}
		next, _, err := registry.Apply(found.Record, c)
		if err != nil {
			problems = append(problems, registry.Problem{Pointer: pointer, Got: err.Error(), Takes: "a field of " + string(target) + " and a value of its type"})
			continue
		}
		if twin, err := otherCase(next, c); err != nil {
			return nil, err
		} else if twin != "" {
			problems = append(problems, registry.Problem{Pointer: pointer + twin, Got: "a field's name in other case", Takes: "the name as the schema writes it"})
			continue
		}
		next.Head().Statements = append(next.Head().Statements, registry.Statement{Path: c.Path, Source: "any", Paragraph: 1, Sentence: 1, Words: "x", SHA256: strings.Repeat("0", 64)})
		for _, p := range registry.Validate(next) {
			if registry.Below(p.Pointer, c.Path) {
				problems = append(problems, registry.Problem{Pointer: pointer + "/value" + strings.TrimPrefix(p.Pointer, c.Path), Got: p.Got, Takes: p.Takes})
			}
		}
	}
	return problems, nil
}

// otherCase finds a field of a change that encoding/json took for another, because it doesn't tell capitals from small letters. It
// returns a pointer into the change: "/path", or below "/value"; empty when there is none.
func otherCase(next registry.Record, c registry.Change) (pointer string, err error) {
	raw, err := registry.Canonical(next)
	if err != nil {
		return "", err
	}
	var taken, given any
	if err := errors.Join(json.Unmarshal(raw, &taken), json.Unmarshal(c.Value, &given)); err != nil {
		return "", err
	}
	for _, key := range strings.Split(strings.TrimPrefix(c.Path, "/"), "/") {
		if twin(taken, key) {
			return "/path", nil
		}
		switch t := taken.(type) {
		case map[string]any:
			taken = t[key]
		case []any:
			if i, err := strconv.Atoi(key); err == nil && i >= 0 && i < len(t) {
				taken = t[i]
			} else if len(t) > 0 {
				taken = t[len(t)-1] // "-": what was added
			}
		}
	}
	return twinBelow("/value", given, taken), nil
}

// twinBelow is the pointer of the first field of given that stands in taken in other case only.
func twinBelow(pointer string, given, taken any) string {
	switch g := given.(type) {
	case map[string]any:
		fields, _ := taken.(map[string]any)
		for _, key := range slices.Sorted(maps.Keys(g)) {
			if twin(taken, key) {
				return pointer + "/" + key
			}
			if found := twinBelow(pointer+"/"+key, g[key], fields[key]); found != "" {
				return found
			}
		}
	case []any:
		list, _ := taken.([]any)
		for i := range min(len(g), len(list)) {
			if found := twinBelow(pointer+"/"+strconv.Itoa(i), g[i], list[i]); found != "" {
				return found
			}
		}
	}
	return ""
}

// twin reports whether an object has key in other case only.
func twin(object any, key string) bool {
	fields, _ := object.(map[string]any)
	if _, there := fields[key]; there {
		return false
	}
	for k := range fields {
		if strings.EqualFold(k, key) {
			return true
		}
	}
	return false
}
