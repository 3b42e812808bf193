package web

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"
	"time"

	"mithaq/internal/edtf"
	"mithaq/internal/gazetteer"
	"mithaq/internal/registry"
)

// outlines are the whole registry in outline, for the lists, maps and sums that are of all of it. They are read once for each publication
// and are for every day.
type outlines struct {
	sites      *facetTable
	spots      []mapSpot // the sets of the sites' spotColumn
	agreements *facetTable
	newest     []uint32 // rows of agreements, what was published last first
	amendments []*registry.Amendment
	measures   map[registry.PlaceCode]*measure // of the sites in each very unit that stay as they are
	changing   []registry.SiteOutline          // those that don't: one for each stretch of days
}

// The columns of the sites. What they have through their agreements is the same for all sites of the same agreements.
const (
	sortColumn = iota
	craftColumn
	spotColumn
	underColumn
)

// The columns of the agreements; whether an amendment is in force is a matter of the day.
const (
	agreementColumn = iota
	amendedColumn
)

// throughParams are the filters of the sites that ask for something of their agreements.
var throughParams = []string{"party", "programme", yearParam}

// outlineShelf keeps the outlines of the newest publication. They are made once for all who want them, and whoever comes meanwhile waits.
type outlineShelf struct {
	turn sync.Mutex // held by whoever makes some: the memory of two at once is never needed

	mu      sync.Mutex
	version string // of kept
	kept    *outlines
	making  *outlineWork // nil: none
}

// outlineWork are outlines that are being made.
type outlineWork struct {
	version string
	stop    context.CancelFunc
	done    chan struct{} // closed when made and err are there
	made    *outlines
	err     error
}

// of are the outlines of a publication that was the newest after the call, or of a later one.
func (s *outlineShelf) of(ctx context.Context, store registry.Reader, gaz *gazetteer.Gazetteer) (*outlines, error) {
	for waited := false; ; waited = true {
		version, err := store.Version(ctx)
		if err != nil {
			return nil, err
		}
		kept, work := s.begin(version, store, gaz)
		if kept != nil {
			return kept, nil
		}
		select {
		case <-work.done:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
		if waited || work.version == version { // else it may have been begun before the call
			return work.made, work.err
		}
	}
}

// begin gives the outlines of a publication, or the work on some: what is being made already, or else those.
func (s *outlineShelf) begin(version string, store registry.Reader, gaz *gazetteer.Gazetteer) (*outlines, *outlineWork) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.making != nil {
		return nil, s.making
	}
	if s.kept != nil && s.version == version {
		return s.kept, nil
	}
	s.kept = nil                                          // its memory is wanted for the new
	ctx, stop := context.WithCancel(context.Background()) // for all who wait: the first may leave
	work := &outlineWork{version: version, stop: stop, done: make(chan struct{})}
	s.making = work
	go func() {
		defer stop()
		work.made, work.err = s.make(ctx, store, gaz)
		s.mu.Lock()
		defer s.mu.Unlock()
		if s.making = nil; work.err == nil {
			s.version, s.kept = version, work.made
		}
		close(work.done)
	}()
	return nil, work
}

// giveUp ends the work on outlines, if there is any.
func (s *outlineShelf) giveUp() {
	s.mu.Lock()
	work := s.making
	s.mu.Unlock()
	if work != nil {
		work.stop()
		<-work.done
	}
}

// make makes outlines when nobody else does.
func (s *outlineShelf) make(ctx context.Context, store registry.Reader, gaz *gazetteer.Gazetteer) (*outlines, error) {
	s.turn.Lock()
	defer s.turn.Unlock()
	return makeOutlines(ctx, store, gaz)
}

// lookAgain is how often ReadAhead reads the version: one row of one table.
const lookAgain = time.Second

// ReadAhead makes the outlines of every publication as soon as it is there, until ctx ends: at a million sites that takes seconds, for which no
// visitor should wait. At its end nothing reads the store on its behalf any more.
func (s *Server) ReadAhead(ctx context.Context) {
	tick := time.NewTicker(lookAgain)
	defer tick.Stop()
	defer s.outlines.giveUp()
	failed := ""
	for {
		_, err := s.outlines.of(ctx, s.Store, s.Gazetteer)
		if ctx.Err() != nil {
			return
		}
		if err == nil {
			failed = ""
		} else if err.Error() != failed { // once, not every second
			failed = err.Error()
			s.Log.Error("the outlines of the registry could not be made ahead; the first page that needs them tries again", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// everything is the whole registry in outline.
func (r *reading) everything() (*outlines, error) {
	if r.moment != "" { // nobody keeps what was
		return r.outlines.make(r.ctx, r.store, r.gaz)
	}
	return r.outlines.of(r.ctx, r.store, r.gaz)
}

func makeOutlines(ctx context.Context, store registry.Reader, gaz *gazetteer.Gazetteer) (*outlines, error) {
	o := &outlines{measures: map[registry.PlaceCode]*measure{}}
	through, err := o.readAgreements(ctx, store, gaz)
	if err != nil {
		return nil, err
	}
	found, err := store.Records(ctx, registry.RecordQuery{Types: []registry.Type{registry.TypeAmendment}})
	if err != nil {
		return nil, err
	}
	for _, x := range found {
		o.amendments = append(o.amendments, x.Record.(*registry.Amendment))
	}
	return o, o.readSites(ctx, store, gaz, through)
}

// readAgreements fills the table of agreements. through are the sets of its first column of which the sites of each have some values, too.
func (o *outlines) readAgreements(ctx context.Context, store registry.Reader, gaz *gazetteer.Gazetteer) (through map[registry.ID]uint32, err error) {
	var own []string
	for _, f := range agreementFilters.filters {
		if f.param != amendedParam {
			own = append(own, f.param)
		}
	}
	t := newFacetTable(agreementFilters, own, []string{amendedParam})
	t.share(amendedColumn, map[string][]string{amendedParam: {"no"}})
	t.share(amendedColumn, map[string][]string{amendedParam: {"yes"}})
	type head struct { // of the set of the same place
		id                registry.ID
		last, from, until edtf.Day
	}
	var read []head
	err = store.EachAgreementOutline(ctx, func(a registry.AgreementOutline) error {
		values := map[string][]string{"kind": {string(a.Kind)}, "documentation": {string(a.Documentation)}, datedParam: {"no"}, yearParam: yearsBetween(a.First, a.Last), "party": texts(a.Parties), "programme": texts(a.Programmes)}
		if a.Dated {
			values[datedParam] = []string{"yes"}
		}
		for _, code := range a.Touches {
			if p, ok := gaz.Place(code); ok && slices.Contains(registry.PagedLevels, p.Level) {
				values[placeParam(p.Level)] = append(values[placeParam(p.Level)], string(code))
			}
		}
		t.share(agreementColumn, values)
		read = append(read, head{a.ID, a.Last, a.From, a.Until})
		return nil
	})
	if err != nil {
		return nil, err
	}
	order := make([]uint32, len(read))
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortFunc(order, func(i, j uint32) int {
		return cmp.Or(cmp.Compare(read[j].last, read[i].last), cmp.Compare(read[i].id, read[j].id), cmp.Compare(read[i].from, read[j].from))
	})
	o.newest = make([]uint32, len(read))
	t.ids = newIDList(len(read))
	through = make(map[registry.ID]uint32, len(read))
	for row, i := range order {
		a := read[i]
		o.newest[i] = uint32(row)
		t.columns[agreementColumn].of.add(i)
		t.ids.add([]byte(a.id))
		through[a.id] = i
		if a.from != "" || a.until != "" {
			t.spans = append(t.spans, rowSpan{row, a.from, a.until})
		}
	}
	o.agreements = t
	return through, nil
}

func texts[T ~string](list []T) []string {
	out := make([]string, len(list))
	for i, x := range list {
		out[i] = string(x)
	}
	return out
}

// agreementsOn is the table of agreements with the amendments that are, or may be, in force on a day.
func (o *outlines) agreementsOn(day edtf.Day) *facetTable {
	amended := map[registry.ID]bool{}
	for _, a := range o.amendments {
		if a.ForceOn(day) != registry.ForceNotYet {
			amended[a.Target] = true
		}
	}
	t := *o.agreements
	t.columns = slices.Clone(t.columns)
	of, id, next := newPlaceList(t.ids.n), []byte(nil), uint32(0)
	for range t.ids.n {
		id, next = t.ids.next(id, next)
		if amended[registry.ID(id)] {
			of.add(1)
		} else {
			of.add(0)
		}
	}
	t.columns[amendedColumn].of = of
	return &t
}

// readSites fills the table of sites: those on the map first, then by place; within a place by id.
func (o *outlines) readSites(ctx context.Context, store registry.Reader, gaz *gazetteer.Gazetteer, through map[registry.ID]uint32) error {
	t := newFacetTable(siteFilters, []string{"kind", "status"}, []string{"works", "trades"},
		[]string{placeParam(registry.LevelRegion), placeParam(registry.LevelProvince), placeParam(registry.LevelCommune), "location_precision", locatedParam},
		throughParams)
	sorts, crafts, spots, under := map[*registry.SiteSort]uint32{}, map[*registry.SiteCraft]uint32{}, map[*registry.SiteSpot]uint32{}, map[*[]registry.ID]uint32{}
	size, err := store.Count(ctx, registry.FeatureQuery{Collection: "sites"})
	if err != nil {
		return err
	}
	ids, of := newIDList(size), make([]placeList, len(t.columns)) // as they come
	for c := range of {
		of[c] = newPlaceList(size)
	}
	spans := map[uint32]rowSpan{}
	err = store.EachSiteOutline(ctx, func(s registry.SiteOutline) error {
		if s.From == "" && s.Until == "" {
			if o.measures[s.Spot.Unit] == nil {
				o.measures[s.Spot.Unit] = &measure{}
			}
			o.measures[s.Spot.Unit].add(s)
		} else {
			spans[uint32(ids.n)] = rowSpan{from: s.From, until: s.Until}
			o.changing = append(o.changing, registry.SiteOutline{From: s.From, Until: s.Until, Spot: s.Spot, Figures: s.Figures}) // what measuring takes
		}
		ids.add([]byte(s.ID))
		of[sortColumn].add(shared(sorts, s.Sort, func() uint32 {
			return t.share(sortColumn, map[string][]string{"kind": {string(s.Sort.Kind)}, "status": {string(s.Sort.Status)}})
		}))
		of[craftColumn].add(shared(crafts, s.Craft, func() uint32 {
			return t.share(craftColumn, map[string][]string{"works": texts(s.Craft.Works), "trades": texts(s.Craft.Trades)})
		}))
		of[spotColumn].add(shared(spots, s.Spot, func() uint32 {
			spot := spotIn(gaz, *s.Spot)
			o.spots = append(o.spots, spot)
			return t.share(spotColumn, spot.values())
		}))
		of[underColumn].add(shared(under, s.Agreements, func() uint32 {
			values := map[string][]string{}
			if s.Agreements != nil {
				for _, id := range *s.Agreements {
					if set, ok := through[id]; ok {
						o.addThrough(values, set)
					}
				}
			}
			return t.share(underColumn, values)
		}))
		return nil
	})
	if err != nil {
		return err
	}
	place := rankSpots(o.spots)
	order := inRanks(ids.n, func(i int) int { return place[of[spotColumn].at(i)] })
	type named struct {
		id registry.ID
		i  uint32
	}
	var there []named // at one place: no more ids than those are spelt out at once
	t.ids = newIDList(ids.n)
	for row := 0; row < len(order); {
		here := place[of[spotColumn].at(int(order[row]))]
		there = there[:0]
		for _, i := range order[row:] {
			if place[of[spotColumn].at(int(i))] != here {
				break
			}
			there = append(there, named{ids.of(int(i)), i})
		}
		slices.SortFunc(there, func(a, b named) int {
			return cmp.Or(cmp.Compare(a.id, b.id), cmp.Compare(spans[a.i].from, spans[b.i].from))
		})
		for _, x := range there {
			t.ids.add([]byte(x.id))
			if span, ok := spans[x.i]; ok {
				span.row = row
				t.spans = append(t.spans, span)
			}
			order[row] = x.i
			row++
		}
	}
	ids = idList{}
	for c := range t.columns {
		t.columns[c].of = of[c].in(order)
		of[c] = placeList{}
	}
	o.sites = t
	return nil
}

// inRanks are the numbers below n by their ranks, which are small, then by themselves.
func inRanks(n int, rank func(int) int) []uint32 {
	var starts []int // by rank
	for i := range n {
		for r := rank(i) + 1; r >= len(starts); {
			starts = append(starts, 0)
		}
		starts[rank(i)+1]++
	}
	for r := 1; r < len(starts); r++ {
		starts[r] += starts[r-1]
	}
	order := make([]uint32, n)
	for i := range n {
		r := rank(i)
		order[starts[r]] = uint32(i)
		starts[r]++
	}
	return order
}

// addThrough adds what sites have through an agreement with a set of values.
func (o *outlines) addThrough(values map[string][]string, set uint32) {
	c := &o.agreements.columns[agreementColumn]
	for k, i := range c.filters {
		param := o.agreements.set.filters[i].param
		if !slices.Contains(throughParams, param) {
			continue
		}
		for _, at := range c.have(set, k) {
			values[param] = include(values[param], o.agreements.values[i].list[at])
		}
	}
}

// shared is the place of what records have alike.
func shared[T any](known map[*T]uint32, of *T, add func() uint32) uint32 {
	at, ok := known[of]
	if !ok {
		at = add()
		known[of] = at
	}
	return at
}

// values are what a spot has of the filters.
func (s *mapSpot) values() map[string][]string {
	values := map[string][]string{"location_precision": {string(s.Precision)}, locatedParam: {string(registry.LocatedNo)}}
	if s.Located {
		values[locatedParam] = []string{string(registry.LocatedYes)}
	}
	for level, code := range map[registry.PlaceLevel]registry.PlaceCode{registry.LevelCommune: s.commune, registry.LevelProvince: s.province, registry.LevelRegion: s.region} {
		if code != "" {
			values[placeParam(level)] = []string{string(code)}
		}
	}
	return values
}

// rankSpots gives each spot its rank in the list: those on the map first, then by unit. Spots of one unit have one rank.
func rankSpots(spots []mapSpot) []int {
	order := make([]int, len(spots))
	for i := range order {
		order[i] = i
	}
	before := func(i, j int) int {
		a, b := &spots[i], &spots[j]
		if a.Located != b.Located {
			if a.Located {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.unit(), b.unit())
	}
	slices.SortFunc(order, before)
	ranks, rank := make([]int, len(spots)), 0
	for k, i := range order {
		if k > 0 && before(order[k-1], i) != 0 {
			rank++
		}
		ranks[i] = rank
	}
	return ranks
}

// spotCount is a spot and how many of some sites are there.
type spotCount struct {
	*mapSpot
	n int
}

// spotsLeft are the spots of the sites that filters leave, in the order of the list.
func (o *outlines) spotsLeft(a facetAnswer) (out []spotCount) {
	for i, n := range a.per[spotColumn] {
		if n > 0 {
			out = append(out, spotCount{&o.spots[i], int(n)})
		}
	}
	slices.SortStableFunc(out, func(a, b spotCount) int { return cmp.Compare(a.unit(), b.unit()) })
	return out
}

// knowChoices loads the records whose names are choices of filters.
func (r *reading) knowChoices(n facetCounts) error {
	var ids []registry.ID
	for _, param := range []string{"party", "programme"} {
		for id := range maps.Keys(n.counts[param]) {
			ids = append(ids, registry.ID(id))
		}
	}
	return r.know(ids...)
}

// measure is what the sites of a unit measure together.
type measure struct {
	sites                      int
	created, restored, surface total
	unknown                    int // sites of which no source tells a size
}

// total is a sum of figures, and how many are missing from it.
type total struct {
	sum     *registry.Figure
	missing int
}

func (t *total) add(f *registry.Figure) {
	if f == nil {
		t.missing++
		return
	}
	t.sum, _ = registry.Sum(t.sum, f)
}

func (t *total) join(other total) {
	t.missing += other.missing
	if other.sum != nil {
		t.add(other.sum)
	}
}

func (m *measure) add(s registry.SiteOutline) {
	m.sites++
	m.created.add(s.Figures.Created)
	m.restored.add(s.Figures.Restored)
	m.surface.add(s.Figures.Surface)
	if s.Figures == (registry.SiteFigures{}) {
		m.unknown++
	}
}

func (m *measure) join(other *measure) {
	m.sites += other.sites
	m.unknown += other.unknown
	m.created.join(other.created)
	m.restored.join(other.restored)
	m.surface.join(other.surface)
}
