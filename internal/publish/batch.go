package publish

import (
	"context"
	"errors"
	"slices"
	"strings"

	"mithaq/internal/feature"
	"mithaq/internal/registry"
	"mithaq/internal/search"
)

// asked is what deriving asks of a registry.
type asked interface {
	RecordsByID(ctx context.Context, ids []registry.ID) ([]registry.Stored, error)
	Undecoded(ctx context.Context, q registry.RecordQuery) ([]registry.Undecoded, error)
}

// drawn is where boundaries are read.
type drawn interface {
	EachFeature(ctx context.Context, q registry.FeatureQuery, yield func(registry.Feature) error) error
}

// relay asks a registry whose transaction belongs to one goroutine from others: questions wait until that one answers them.
type relay struct {
	to        asked
	questions chan<- func()
	stop      <-chan struct{} // closed when nobody answers any more
}

// answer has the transaction's goroutine run a question.
func (r relay) answer(question func() error) (err error) {
	done := make(chan struct{})
	select {
	case r.questions <- func() { err = question(); close(done) }:
		<-done
		return err
	case <-r.stop:
		return errStopped
	}
}

// RecordsByID implements asked.
func (r relay) RecordsByID(ctx context.Context, ids []registry.ID) (out []registry.Stored, err error) {
	err = r.answer(func() (err error) { out, err = r.to.RecordsByID(ctx, ids); return err })
	return out, err
}

// Undecoded implements asked.
func (r relay) Undecoded(ctx context.Context, q registry.RecordQuery) (out []registry.Undecoded, err error) {
	err = r.answer(func() (err error) { out, err = r.to.Undecoded(ctx, q); return err })
	return out, err
}

// answerUntil answers the questions of relays until done is closed.
func answerUntil(done <-chan struct{}, questions <-chan func()) {
	for {
		select {
		case answer := <-questions:
			answer()
		case <-done:
			return
		}
	}
}

// drawnRelay asks for boundaries likewise.
type drawnRelay struct {
	to drawn
	relay
}

// EachFeature implements drawn.
func (r drawnRelay) EachFeature(ctx context.Context, q registry.FeatureQuery, yield func(registry.Feature) error) error {
	return r.answer(func() error { return r.to.EachFeature(ctx, q, yield) })
}

// batch is some records of one type with what their derived rows depend on.
type batch struct {
	publication *publication
	ctx         context.Context
	boundaries  drawn
	records     []registry.Undecoded

	forms      search.Forms                      // of the words of the records
	names      search.Names                      // of the organisations that the records point at
	agreements map[registry.ID]registry.Stored   // those among the records, and those of amendments and events
	sites      map[registry.ID][]registry.Stored // of these agreements, each list by id
	amendments map[registry.ID][]feature.Change  // of these agreements and those of sites

	out  []func(context.Context) error // write them
	err  error
	done chan struct{}
}

// atOnce is how many records of a type are derived together: an agreement comes with all of its sites.
func atOnce(t registry.Type) int {
	if t == registry.TypeSite {
		return 250
	}
	return 10
}

// batchesAhead are computed while the transaction writes: batches differ in how long they take, and with fewer a processor waits now and then.
const batchesAhead = 3

// derive writes the derived rows of the marked records. The transaction reads and writes; what is computed between is computed beside it, batchesAhead ahead.
func (s *publication) derive(ctx context.Context, progress func(done, total int)) error {
	total, err := s.w.CountMarked(ctx)
	if err != nil {
		return err
	}
	questions, stop := make(chan func()), make(chan struct{})
	defer close(stop)
	types := slices.Clone(derivedFirst)
	for _, t := range registry.Types {
		if !slices.Contains(types, t) {
			types = append(types, t)
		}
	}
	var ahead []*batch
	for done := 0; ; {
		for len(ahead) <= batchesAhead && len(types) > 0 {
			records, err := s.w.TakeMarked(ctx, types[0], atOnce(types[0]))
			if err != nil {
				return err
			}
			if len(records) == 0 {
				types = types[1:]
				continue
			}
			b := &batch{publication: s, ctx: ctx, boundaries: drawnRelay{s.boundaries, relay{questions: questions, stop: stop}}, records: records,
				forms: search.Forms{}, done: make(chan struct{})}
			go b.run(relay{s.w, questions, stop})
			ahead = append(ahead, b)
		}
		if len(ahead) == 0 {
			return nil
		}
		b := ahead[0]
		ahead = ahead[1:]
		answerUntil(b.done, questions)
		if b.err != nil {
			return b.err
		}
		for _, write := range b.out {
			if err := write(ctx); err != nil {
				return err
			}
			select {
			case answer := <-questions:
				answer()
			default:
			}
			if done++; progress != nil {
				progress(done, total)
			}
		}
	}
}

// derivedFirst are the types that are derived before the others.
var derivedFirst = []registry.Type{registry.TypeSite, registry.TypeAgreement}

// run computes what is derived from a batch.
func (b *batch) run(r asked) {
	defer close(b.done)
	var records []registry.Stored
	if records, b.err = decode(b.records); b.err != nil {
		return
	}
	if b.err = b.gather(r, records); b.err != nil {
		return
	}
	for _, x := range records {
		d, err := b.derived(x)
		if err != nil {
			b.err = err
			return
		}
		b.out = append(b.out, b.publication.w.Derive(d))
	}
}

// decode decodes records.
func decode(bodies []registry.Undecoded) ([]registry.Stored, error) {
	out := make([]registry.Stored, len(bodies))
	for i, x := range bodies {
		var err error
		if out[i], err = x.Decode(); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// records asks for records and decodes them here, not where they are asked.
func records(ctx context.Context, r asked, q registry.RecordQuery) ([]registry.Stored, error) {
	bodies, err := r.Undecoded(ctx, q)
	if err != nil {
		return nil, err
	}
	return decode(bodies)
}

// gather reads what the derived rows of records depend on, with one question of each kind.
func (b *batch) gather(r asked, records []registry.Stored) error {
	var agreements, organisations, around []registry.ID
	for _, x := range records {
		switch record := x.Record.(type) {
		case *registry.Agreement:
			agreements, around = append(agreements, record.ID), append(around, record.ID)
		case *registry.Amendment:
			agreements, around = append(agreements, record.Target), append(around, record.Target)
		case *registry.Event:
			agreements, around = append(agreements, record.Agreements...), append(around, record.Agreements...)
		case *registry.Site:
			around = append(around, record.Agreements...)
		}
		for _, ref := range x.Record.References() {
			if slices.Contains(ref.Types, registry.TypeOrganisation) {
				organisations = append(organisations, ref.To)
			}
		}
	}
	return errors.Join(b.gatherNames(r, organisations), b.gatherAmendments(r, around), b.gatherAgreements(r, agreements))
}

// gatherNames reads the names of organisations.
func (b *batch) gatherNames(r asked, ids []registry.ID) error {
	found, err := r.RecordsByID(b.ctx, once(ids))
	b.names = search.NamesOf(found)
	return err
}

// gatherAgreements reads agreements and their sites: of those that no amendment may change, where they are and no more.
func (b *batch) gatherAgreements(r asked, ids []registry.ID) error {
	if len(ids) == 0 {
		return nil
	}
	ids = once(ids)
	found, err := r.RecordsByID(b.ctx, ids)
	if err != nil {
		return err
	}
	b.agreements, b.sites = map[registry.ID]registry.Stored{}, map[registry.ID][]registry.Stored{}
	for _, x := range found {
		b.agreements[x.ID()] = x
	}
	sites, err := r.Undecoded(b.ctx, registry.RecordQuery{Types: []registry.Type{registry.TypeSite}, PointsTo: ids})
	if err != nil {
		return err
	}
	for _, u := range sites {
		x, err := u.SiteInPlace()
		if err != nil {
			return err
		}
		of := once(x.Record.(*registry.Site).Agreements)
		if slices.ContainsFunc(of, func(id registry.ID) bool { return len(b.amendments[id]) > 0 }) {
			if x, err = u.Decode(); err != nil {
				return err
			}
		}
		for _, id := range of {
			if _, asked := b.agreements[id]; asked {
				b.sites[id] = append(b.sites[id], x)
			}
		}
	}
	for _, list := range b.sites {
		slices.SortFunc(list, func(a, b registry.Stored) int { return strings.Compare(string(a.ID()), string(b.ID())) })
	}
	return nil
}

// gatherAmendments reads the amendments of agreements.
func (b *batch) gatherAmendments(r asked, agreements []registry.ID) error {
	if len(agreements) == 0 {
		return nil
	}
	found, err := records(b.ctx, r, registry.RecordQuery{Types: []registry.Type{registry.TypeAmendment}, PointsTo: once(agreements)})
	b.amendments = map[registry.ID][]feature.Change{}
	for _, x := range found {
		a := x.Record.(*registry.Amendment)
		b.amendments[a.Target] = append(b.amendments[a.Target], feature.Change{Amendment: a, Updated: x.Updated})
	}
	return err
}

// once is each id once, in order.
func once(ids []registry.ID) []registry.ID {
	ids = slices.Clone(ids)
	slices.Sort(ids)
	return slices.Compact(ids)
}
