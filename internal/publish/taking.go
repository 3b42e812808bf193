package publish

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"mithaq/internal/idmap"
	"mithaq/internal/passage"
	"mithaq/internal/registry"
)

// recordsAtOnce is how many records are read ahead, checked and appended together: enough that questions to the store are few, few enough that
// memory doesn't feel it.
const recordsAtOnce = 250

// maxForward bounds the references to what comes later that are remembered. In a file with more, which puts what points before what is pointed at, references
// are checked in a second reading.
var maxForward = 100_000

// taking takes the records of one request in: each is checked and, as long as nothing was found wrong, appended at once and marked with what is to be derived anew. Nothing
// of it is kept in memory but a few bytes for each id.
type taking struct {
	*publication
	req    Request
	at     time.Time
	report Report

	n        int                  // records so far
	seen     *idmap.Map[kept]     // what is known of ids of the request
	forward  []forward            // references to what hasn't come yet
	again    bool                 // there are more of them than are remembered
	expanded *idmap.Map[struct{}] // published agreements whose neighbours are marked
	own      map[registry.ID]int  // amendments of the request, by their index
	older    map[registry.ID]int  // published amendments of what the request changes, with the index of the first record that does
	texts    map[registry.ID]*passage.Text
	problems Problems
}

// kept is what is remembered of an id of the request.
type kept struct {
	typ uint8 // its place in registry.Types
	new bool  // nothing was published under it before
}

// item is a record of the request with what is known of it without what is published.
type item struct {
	registry.Record
	body []byte // its canonical JSON

	append     func(context.Context) error
	references []registry.Reference
	misplaced  []registry.Problem // what is wrong with its places
}

// items are records that are taken in together.
type items struct {
	list []item
	err  error
	done chan struct{} // closed when their fields are filled
}

// forward is a reference to an id that hasn't come yet.
type forward struct {
	index int
	registry.Reference
}

func (t *taking) fail(index int, pointer, got, takes string) {
	t.problems = append(t.problems, Problem{index, registry.Problem{Pointer: pointer, Got: got, Takes: takes}})
}

// take takes all records in.
func (t *taking) take(ctx context.Context) error {
	err := t.ahead(ctx, func(batch []item) error {
		err := t.batch(ctx, batch)
		if t.n += len(batch); err == nil && t.req.Progress != nil {
			t.req.Progress(t.n, -1)
		}
		return err
	})
	if err != nil {
		return err
	}
	if !t.again {
		for _, f := range t.forward {
			t.refers(f.index, f.Reference, nil)
		}
		return nil
	}
	n := 0
	return t.ahead(ctx, func(batch []item) error {
		n += len(batch)
		return t.references(ctx, n-len(batch), batch, nil)
	})
}

// errStopped ends a reading whose records nobody takes any more.
var errStopped = errors.New("stopped")

// ahead reads records in batches and prepares them while those before are worked on.
func (t *taking) ahead(ctx context.Context, work func([]item) error) error {
	batches, questions, stop := make(chan *items, 2), make(chan func()), make(chan struct{})
	boundaries := drawnRelay{t.boundaries, relay{questions: questions, stop: stop}}
	var failed error
	go func() {
		defer close(batches)
		batch := &items{done: make(chan struct{})}
		send := func() error {
			go t.prepare(ctx, batch, boundaries)
			select {
			case batches <- batch:
				batch = &items{done: make(chan struct{})}
				return nil
			case <-stop:
				return errStopped
			}
		}
		failed = t.req.each(func(r registry.Record, body []byte) error {
			if batch.list = append(batch.list, item{Record: r, body: body}); len(batch.list) == recordsAtOnce {
				return send()
			}
			return nil
		})
		if failed == nil && len(batch.list) > 0 {
			failed = send()
		}
	}()
	for batch := range batches {
		answerUntil(batch.done, questions)
		err := errors.Join(ctx.Err(), batch.err)
		if err == nil {
			err = work(batch.list)
		}
		if err != nil {
			close(stop)
			for range batches { // until the reading has ended
			}
			return err
		}
	}
	close(stop)
	return failed
}

// prepare does what records take without the transaction.
func (t *taking) prepare(ctx context.Context, batch *items, boundaries drawn) {
	defer close(batch.done)
	for i := range batch.list {
		x := &batch.list[i]
		x.references = x.References()
		if x.misplaced, batch.err = t.placed(ctx, boundaries, x.Record); batch.err != nil {
			return
		}
		x.append = t.w.Append(registry.Revision{Record: x.Record, Body: x.body, Author: t.req.Author, Reason: t.req.Reason, At: t.at})
	}
}

// batch takes one batch in.
func (t *taking) batch(ctx context.Context, batch []item) error {
	ids := make([]registry.ID, len(batch))
	for i, x := range batch {
		ids[i] = x.Head().ID
	}
	stored, err := t.w.RecordsByID(ctx, ids)
	if err != nil {
		return err
	}
	published := make(map[registry.ID]registry.Record, len(stored))
	for _, x := range stored {
		published[x.ID()] = x.Record
	}
	changed, err := t.compare(batch, published)
	if err != nil {
		return err
	}
	var agreements []registry.ID
	if err := t.references(ctx, t.n, batch, func(i int, to registry.ID) {
		if changed[i] {
			agreements = append(agreements, to)
		}
	}); err != nil {
		return err
	}
	for i, x := range batch {
		for _, p := range x.misplaced {
			t.problems = append(t.problems, Problem{t.n + i, p})
		}
		if err := t.quoted(ctx, t.n+i, x.Record); err != nil {
			return err
		}
	}
	if len(t.problems) > 0 {
		return nil // the rest is read for its problems alone
	}
	return t.append(ctx, batch, changed, published, agreements)
}

// compare sorts records into new, changed and unchanged, and checks that ids keep their type and stand once in the request.
func (t *taking) compare(batch []item, published map[registry.ID]registry.Record) (changed []bool, err error) {
	changed = make([]bool, len(batch))
	for i, x := range batch {
		id := x.Head().ID
		if _, twice := t.seen.Get(string(id)); twice {
			t.fail(t.n+i, "/id", strconv.Quote(string(id))+" twice in what is published together", "each id once")
			continue
		}
		old, known := published[id]
		t.seen.Put(string(id), kept{typ: uint8(slices.Index(registry.Types, x.Head().Type)), new: !known})
		if a, ok := x.Record.(*registry.Amendment); ok {
			t.own[a.ID] = t.n + i
		}
		if !known {
			changed[i] = true
			t.tell(id, New)
			continue
		}
		if was := old.Head().Type; was != x.Head().Type {
			t.fail(t.n+i, "/type", fmt.Sprintf("%q for the id %s", x.Head().Type, id), fmt.Sprintf("%q, as published: an id names one record for good", was))
			continue
		}
		was, err := registry.Canonical(old)
		if err != nil {
			return nil, err
		}
		if string(was) == string(x.body) {
			t.tell(id, Unchanged)
			continue
		}
		changed[i] = true
		t.tell(id, Changed)
	}
	return changed, nil
}

func (t *taking) tell(id registry.ID, what Outcome) {
	t.report[what]++
	if t.req.Tell != nil {
		t.req.Tell(id, what)
	}
}

// references checks what the records of a batch, which begins at an index, point at; what hasn't come yet is remembered. published is told of each
// agreement that was published before and that record i of the batch points at; it is nil in a second reading.
func (t *taking) references(ctx context.Context, from int, batch []item, published func(i int, to registry.ID)) error {
	var unknown []registry.ID
	for _, x := range batch {
		for _, ref := range x.references {
			if _, ok := t.seen.Get(string(ref.To)); !ok && !slices.Contains(unknown, ref.To) {
				unknown = append(unknown, ref.To)
			}
		}
	}
	found, err := t.w.RecordsByID(ctx, unknown)
	if err != nil {
		return err
	}
	types := make(map[registry.ID]registry.Type, len(found))
	for _, x := range found {
		types[x.ID()] = x.Record.Head().Type
	}
	for i, x := range batch {
		for _, ref := range x.references {
			k, ours := t.seen.Get(string(ref.To))
			_, stored := types[ref.To]
			switch {
			case ours || stored || published == nil:
				t.refers(from+i, ref, types)
			case len(t.forward) < maxForward:
				t.forward = append(t.forward, forward{from + i, ref})
			default:
				t.again, t.forward = true, nil
			}
			if published != nil && (ours && !k.new || stored) && slices.Contains(ref.Types, registry.TypeAgreement) {
				published(i, ref.To)
			}
		}
	}
	return nil
}

// refers checks one reference, by what is known of the request and by the types of published records.
func (t *taking) refers(index int, ref registry.Reference, types map[registry.ID]registry.Type) {
	typ, ok := types[ref.To]
	if k, ours := t.seen.Get(string(ref.To)); ours {
		typ, ok = registry.Types[k.typ], true
	}
	if !ok {
		t.fail(index, ref.Pointer, fmt.Sprintf("%q, which is no record in the file or the registry", ref.To), "the id of "+names(ref.Types))
	} else if !slices.Contains(ref.Types, typ) {
		t.fail(index, ref.Pointer, fmt.Sprintf("%q, which is of type %s", ref.To, typ), "the id of "+names(ref.Types))
	}
}

// placed checks place codes and coordinates of a record.
func (s *publication) placed(ctx context.Context, boundaries drawn, r registry.Record) (problems []registry.Problem, err error) {
	for _, p := range r.WrittenPlaces() {
		if _, ok := s.Places.Place(p.Place.Within); p.Place.Within != "" && !ok {
			problems = append(problems, registry.Problem{Pointer: p.Pointer + "/within", Got: strconv.Quote(string(p.Place.Within)), Takes: "a code of the gazetteer"})
		}
		if k := p.Place.Confirmed; k != nil {
			if _, ok := s.Places.Place(k.Code); !ok {
				problems = append(problems, registry.Problem{Pointer: p.Pointer + "/confirmed/code", Got: strconv.Quote(string(k.Code)), Takes: "a code of the gazetteer"})
			}
		}
	}
	if site, ok := r.(*registry.Site); ok {
		got, takes, err := s.misplaced(ctx, boundaries, site)
		if err != nil {
			return nil, err
		}
		if got != "" {
			problems = append(problems, registry.Problem{Pointer: "/position/geometry/coordinates", Got: got, Takes: takes})
		}
	}
	return problems, nil
}

// append appends what changed and marks what is to be derived anew: the changed records and what depends on them, an agreement's sites and amendments, a site's agreements with
// all that is theirs, the agreements of a party that has another name. Only what was published before needs a search: nothing older points at a new record, and
// a record that is still to come is marked when it does. agreements are those published before that changed records point at.
func (t *taking) append(ctx context.Context, batch []item, changed []bool, published map[registry.ID]registry.Record, agreements []registry.ID) error {
	var ids, organisations []registry.ID
	changes := map[registry.ID]int{} // agreements and sites, with their index
	for i, x := range batch {
		if !changed[i] {
			continue
		}
		head := x.Head()
		if err := x.append(ctx); err != nil {
			return err
		}
		ids = append(ids, head.ID)
		old, known := published[head.ID]
		if !known {
			continue
		}
		for _, ref := range old.References() { // what it touched must be derived anew, too
			if slices.Contains(ref.Types, registry.TypeAgreement) {
				agreements = append(agreements, ref.To)
			}
		}
		switch head.Type {
		case registry.TypeOrganisation:
			organisations = append(organisations, head.ID)
		case registry.TypeAgreement:
			agreements = append(agreements, head.ID)
			changes[head.ID] = t.n + i
		case registry.TypeSite:
			changes[head.ID] = t.n + i
		}
	}
	if err := t.w.MarkByID(ctx, ids); err != nil {
		return err
	}
	agreements = slices.DeleteFunc(agreements, func(id registry.ID) bool {
		_, done := t.expanded.Get(string(id))
		t.expanded.Put(string(id), struct{}{})
		return done
	})
	if len(agreements) > 0 {
		around := registry.RecordQuery{Types: []registry.Type{registry.TypeSite, registry.TypeAmendment, registry.TypeEvent}, PointsTo: agreements}
		if err := errors.Join(t.w.MarkByID(ctx, agreements), t.w.Mark(ctx, around)); err != nil {
			return err
		}
	}
	if len(organisations) > 0 {
		if err := t.w.Mark(ctx, registry.RecordQuery{PointsTo: organisations}); err != nil {
			return err
		}
	}
	return t.amended(ctx, changes)
}

// amended notes the published amendments of agreements and sites that change, which are given with their index.
func (t *taking) amended(ctx context.Context, changes map[registry.ID]int) error {
	if len(changes) == 0 {
		return nil
	}
	q := registry.RecordQuery{Types: []registry.Type{registry.TypeAmendment}, PointsTo: slices.Sorted(maps.Keys(changes))}
	found, err := t.w.Records(ctx, q)
	if err != nil {
		return err
	}
	for _, x := range found {
		for _, ref := range x.Record.References() {
			if i, ok := changes[ref.To]; ok {
				if first, noted := t.older[x.ID()]; !noted || i < first {
					t.older[x.ID()] = i
				}
			}
		}
	}
	return nil
}

// amendmentsFit tries each amendment of the request, and those whose target or site is in it, on what they change.
func (t *taking) amendmentsFit(ctx context.Context) (problems Problems, err error) {
	for id := range t.own {
		delete(t.older, id)
	}
	for _, some := range []struct {
		amendments map[registry.ID]int
		own        bool // else the record at the index is one that an older amendment no longer fits
	}{{t.own, true}, {t.older, false}} {
		for id, at := range some.amendments {
			found, err := t.w.Record(ctx, id)
			if err != nil {
				return nil, err
			}
			a := found.Record.(*registry.Amendment)
			misfits, err := t.tryAmendment(ctx, a)
			if err != nil {
				return nil, err
			}
			for _, p := range misfits {
				if !some.own {
					p.Got, p.Pointer = fmt.Sprintf("a record that amendment %s no longer fits: %s %s", a.ID, p.Pointer, p.Got), ""
				}
				problems = append(problems, Problem{at, p})
			}
		}
	}
	slices.SortStableFunc(problems, func(a, b Problem) int {
		return cmp.Or(a.Index-b.Index, strings.Compare(a.Pointer, b.Pointer), strings.Compare(a.Got, b.Got))
	})
	return problems, nil
}
