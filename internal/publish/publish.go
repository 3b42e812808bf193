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

	"mithaq/internal/feature"
	"mithaq/internal/gazetteer"
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
	Author  string // a role or the program, not a person
	Reason  string
	DryRun  bool
	// Progress is told after each record derived; may be nil.
	Progress func(done, total int)
}

// Report says what a publication did, or with DryRun would do.
type Report struct {
	New       []registry.ID `json:"new"`
	Changed   []registry.ID `json:"changed"`
	Unchanged []registry.ID `json:"unchanged"`
}

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

// Publish appends a revision for each record that is new or different. All or nothing. Errors: Problems, and the store's.
func (p *Publisher) Publish(ctx context.Context, req Request) (Report, error) {
	report := Report{New: []registry.ID{}, Changed: []registry.ID{}, Unchanged: []registry.ID{}}
	at := p.Now()
	err := p.Store.Write(ctx, func(w registry.Writer) error {
		s := p.begin(w)
		problems, changed, before, err := s.compare(ctx, req.Records, &report)
		if err != nil {
			return err
		}
		unfit, err := s.fits(ctx, req.Records)
		if err != nil {
			return err
		}
		misquotes, err := s.quoted(ctx, req.Records)
		if err != nil {
			return err
		}
		if problems = append(append(problems, unfit...), misquotes...); len(problems) > 0 {
			slices.SortStableFunc(problems, func(a, b Problem) int { return a.Index - b.Index })
			return Problems(problems)
		}
		for _, r := range changed {
			if err := w.Append(ctx, registry.Revision{Record: r, Author: req.Author, Reason: req.Reason, At: at}); err != nil {
				return err
			}
		}
		// Amendments can only be tried on their targets once both are in place.
		if problems, err = s.amendmentsFit(ctx, req.Records); err != nil {
			return err
		} else if len(problems) > 0 {
			return Problems(problems)
		}
		if req.DryRun {
			return errDry
		}
		ids, err := s.touched(ctx, append(changed, before...))
		if err != nil {
			return err
		}
		return s.derive(ctx, ids, req.Progress)
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
	all, err := s.w.Records(ctx, registry.RecordQuery{})
	if err != nil {
		return err
	}
	ids := make([]registry.ID, len(all))
	for i, x := range all {
		ids[i] = x.ID()
	}
	return s.derive(ctx, ids, progress)
}

// publication is one publication inside its transaction.
type publication struct {
	*Publisher
	w          registry.Writer
	boundaries registry.Reader // whose boundaries records are drawn in: w's, except in a replay
	spots      map[registry.PlaceCode]feature.Spot
}

// begin is a publication in w's transaction.
func (p *Publisher) begin(w registry.Writer) *publication {
	return &publication{Publisher: p, w: w, boundaries: w, spots: map[registry.PlaceCode]feature.Spot{}}
}

// compare sorts records into new, changed and unchanged, and checks that ids keep their type and stand once in the request.
// before are the published versions of the changed ones: what they touched must be derived anew, too.
func (s *publication) compare(ctx context.Context, records []registry.Record, report *Report) (problems []Problem, changed, before []registry.Record, err error) {
	ids := make([]registry.ID, len(records))
	for i, r := range records {
		ids[i] = r.Head().ID
	}
	stored, err := s.w.RecordsByID(ctx, ids)
	if err != nil {
		return nil, nil, nil, err
	}
	published := make(map[registry.ID]registry.Record, len(stored))
	for _, x := range stored {
		published[x.ID()] = x.Record
	}
	seen := map[registry.ID]bool{}
	for i, r := range records {
		id := ids[i]
		if seen[id] {
			problems = append(problems, Problem{i, registry.Problem{Pointer: "/id", Got: strconv.Quote(string(id)) + " twice in what is published together", Takes: "each id once"}})
			continue
		}
		seen[id] = true
		old, known := published[id]
		if !known {
			report.New = append(report.New, id)
			changed = append(changed, r)
			continue
		}
		if was := old.Head().Type; was != r.Head().Type {
			problems = append(problems, Problem{i, registry.Problem{Pointer: "/type", Got: fmt.Sprintf("%q for the id %s", r.Head().Type, id), Takes: fmt.Sprintf("%q, as published: an id names one record for good", was)}})
			continue
		}
		now, err := registry.Canonical(r)
		if err != nil {
			return nil, nil, nil, err
		}
		was, err := registry.Canonical(old)
		if err != nil {
			return nil, nil, nil, err
		}
		if string(now) == string(was) {
			report.Unchanged = append(report.Unchanged, id)
			continue
		}
		report.Changed = append(report.Changed, id)
		changed = append(changed, r)
		before = append(before, old)
	}
	return problems, changed, before, nil
}

// fits checks references, place codes and coordinates of each record.
func (s *publication) fits(ctx context.Context, records []registry.Record) (problems []Problem, err error) {
	types := map[registry.ID]registry.Type{}
	for _, r := range records {
		types[r.Head().ID] = r.Head().Type
	}
	var unknown []registry.ID
	for _, r := range records {
		for _, ref := range r.References() {
			if _, ok := types[ref.To]; !ok {
				unknown = append(unknown, ref.To)
			}
		}
	}
	found, err := s.w.RecordsByID(ctx, unknown)
	if err != nil {
		return nil, err
	}
	for _, x := range found {
		types[x.ID()] = x.Record.Head().Type
	}
	for i, r := range records {
		add := func(pointer, got, takes string) {
			problems = append(problems, Problem{i, registry.Problem{Pointer: pointer, Got: got, Takes: takes}})
		}
		for _, ref := range r.References() {
			if t, ok := types[ref.To]; !ok {
				add(ref.Pointer, fmt.Sprintf("%q, which is no record in the file or the registry", ref.To), "the id of "+names(ref.Types))
			} else if !slices.Contains(ref.Types, t) {
				add(ref.Pointer, fmt.Sprintf("%q, which is of type %s", ref.To, t), "the id of "+names(ref.Types))
			}
		}
		for _, p := range r.WrittenPlaces() {
			if _, ok := s.Places.Place(p.Place.Within); p.Place.Within != "" && !ok {
				add(p.Pointer+"/within", strconv.Quote(string(p.Place.Within)), "a code of the gazetteer")
			}
			if k := p.Place.Confirmed; k != nil {
				if _, ok := s.Places.Place(k.Code); !ok {
					add(p.Pointer+"/confirmed/code", strconv.Quote(string(k.Code)), "a code of the gazetteer")
				}
			}
		}
		if site, ok := r.(*registry.Site); ok {
			got, takes, err := s.misplaced(ctx, site)
			if err != nil {
				return nil, err
			}
			if got != "" {
				add("/position/geometry/coordinates", got, takes)
			}
		}
	}
	return problems, nil
}

func names(types []registry.Type) string {
	parts := make([]string, len(types))
	for i, t := range types {
		parts[i] = string(t)
	}
	return "a record of type " + strings.Join(parts, " or ")
}

// amendmentsFit tries each amendment of the request, and those whose target or site is in it, on what they change.
func (s *publication) amendmentsFit(ctx context.Context, records []registry.Record) (problems []Problem, err error) {
	index := map[registry.ID]int{}
	for i, r := range records {
		index[r.Head().ID] = i
	}
	tried := map[registry.ID]bool{}
	for i, r := range records {
		amendments := []registry.Stored{}
		switch r := r.(type) {
		case *registry.Amendment:
			amendments = append(amendments, registry.Stored{Record: r})
		case *registry.Agreement, *registry.Site:
			if amendments, err = s.w.Records(ctx, registry.RecordQuery{Types: []registry.Type{registry.TypeAmendment}, PointsTo: []registry.ID{r.Head().ID}}); err != nil {
				return nil, err
			}
		}
		for _, x := range amendments {
			a := x.Record.(*registry.Amendment)
			if tried[a.ID] {
				continue
			}
			tried[a.ID] = true
			at, own := index[a.ID]
			if !own {
				at = i // the record of the request that an older amendment no longer fits
			}
			found, err := s.tryAmendment(ctx, a)
			if err != nil {
				return nil, err
			}
			for _, p := range found {
				if !own {
					p.Got, p.Pointer = fmt.Sprintf("a record that amendment %s no longer fits: %s %s", a.ID, p.Pointer, p.Got), ""
				}
				problems = append(problems, Problem{at, p})
			}
		}
	}
	return problems, nil
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
