package web

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"

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

// outlineShelf keeps the outlines of the newest publication. Whoever comes while they are made waits for them.
type outlineShelf struct {
	mu      sync.Mutex
	version string
	kept    *outlines
}

func (s *outlineShelf) of(ctx context.Context, store registry.Reader, gaz *gazetteer.Gazetteer) (*outlines, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	version, err := store.Version(ctx)
	if err != nil {
		return nil, err
	}
	if s.kept != nil && s.version == version {
		return s.kept, nil
	}
	s.kept = nil // the memory of the old is wanted for the new
	made, err := makeOutlines(ctx, store, gaz)
	if err != nil {
		return nil, err
	}
	s.version, s.kept = version, made
	return made, nil
}

// everything is the whole registry in outline.
func (r *reading) everything() (*outlines, error) {
	if r.moment != "" { // nobody keeps what was
		return makeOutlines(r.ctx, r.store, r.gaz)
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

// readAgreements fills the table of agreements. through are the values that their sites have through them.
func (o *outlines) readAgreements(ctx context.Context, store registry.Reader, gaz *gazetteer.Gazetteer) (through map[registry.ID]map[string][]string, err error) {
	var all []registry.AgreementOutline
	err = store.EachAgreementOutline(ctx, func(a registry.AgreementOutline) error {
		all = append(all, a)
		return nil
	})
	if err != nil {
		return nil, err
	}
	order := make([]uint32, len(all))
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortFunc(order, func(i, j uint32) int {
		return cmp.Or(cmp.Compare(all[j].Last, all[i].Last), cmp.Compare(all[i].ID, all[j].ID), cmp.Compare(all[i].From, all[j].From))
	})
	var own []string
	for _, f := range agreementFilters.filters {
		if f.param != amendedParam {
			own = append(own, f.param)
		}
	}
	t := newFacetTable(agreementFilters, own, []string{amendedParam})
	t.share(amendedColumn, map[string][]string{amendedParam: {"no"}})
	t.share(amendedColumn, map[string][]string{amendedParam: {"yes"}})
	through = make(map[registry.ID]map[string][]string, len(all))
	o.newest = make([]uint32, len(all))
	for row, i := range order {
		a := all[i]
		o.newest[i] = uint32(row)
		values := map[string][]string{"kind": {string(a.Kind)}, "documentation": {string(a.Documentation)}, datedParam: {"no"}, yearParam: yearsBetween(a.First, a.Last), "party": texts(a.Parties), "programme": texts(a.Programmes)}
		if a.Dated {
			values[datedParam] = []string{"yes"}
		}
		for _, code := range a.Touches {
			if p, ok := gaz.Place(code); ok && slices.Contains(registry.PagedLevels, p.Level) {
				values[placeParam(p.Level)] = append(values[placeParam(p.Level)], string(code))
			}
		}
		t.columns[agreementColumn].of = append(t.columns[agreementColumn].of, t.share(agreementColumn, values))
		t.ids.add(a.ID)
		if a.From != "" || a.Until != "" {
			t.spans = append(t.spans, rowSpan{row, a.From, a.Until})
		}
		through[a.ID] = map[string][]string{yearParam: values[yearParam], "party": values["party"], "programme": values["programme"]}
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
	of := make([]uint32, len(t.ids.ends))
	for row := range of {
		if amended[t.ids.of(row)] {
			of[row] = 1
		}
	}
	t.columns[amendedColumn].of = of
	return &t
}

// readSites fills the table of sites: those on the map first, then by place; within a place by id.
func (o *outlines) readSites(ctx context.Context, store registry.Reader, gaz *gazetteer.Gazetteer, through map[registry.ID]map[string][]string) error {
	t := newFacetTable(siteFilters, []string{"kind", "status"}, []string{"works", "trades"},
		[]string{placeParam(registry.LevelRegion), placeParam(registry.LevelProvince), placeParam(registry.LevelCommune), "location_precision", locatedParam},
		[]string{"party", "programme", yearParam})
	sorts, crafts, spots, under := map[*registry.SiteSort]uint32{}, map[*registry.SiteCraft]uint32{}, map[*registry.SiteSpot]uint32{}, map[*[]registry.ID]uint32{}
	var read facetTable // as they come
	var of [4][]uint32
	spans := map[uint32]rowSpan{}
	err := store.EachSiteOutline(ctx, func(s registry.SiteOutline) error {
		if s.From == "" && s.Until == "" {
			if o.measures[s.Spot.Unit] == nil {
				o.measures[s.Spot.Unit] = &measure{}
			}
			o.measures[s.Spot.Unit].add(s)
		} else {
			spans[uint32(len(read.ids.ends))] = rowSpan{from: s.From, until: s.Until}
			o.changing = append(o.changing, s)
		}
		read.ids.add(s.ID)
		of[sortColumn] = append(of[sortColumn], shared(sorts, s.Sort, func() uint32 {
			return t.share(sortColumn, map[string][]string{"kind": {string(s.Sort.Kind)}, "status": {string(s.Sort.Status)}})
		}))
		of[craftColumn] = append(of[craftColumn], shared(crafts, s.Craft, func() uint32 {
			return t.share(craftColumn, map[string][]string{"works": texts(s.Craft.Works), "trades": texts(s.Craft.Trades)})
		}))
		of[spotColumn] = append(of[spotColumn], shared(spots, s.Spot, func() uint32 {
			spot := spotIn(gaz, *s.Spot)
			o.spots = append(o.spots, spot)
			return t.share(spotColumn, spot.values())
		}))
		of[underColumn] = append(of[underColumn], shared(under, s.Agreements, func() uint32 {
			values := map[string][]string{}
			if s.Agreements != nil {
				for _, id := range *s.Agreements {
					for param, some := range through[id] {
						for _, v := range some {
							values[param] = include(values[param], v)
						}
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
	order := make([]uint32, len(read.ids.ends))
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortFunc(order, func(i, j uint32) int {
		a, b := place[of[spotColumn][i]], place[of[spotColumn][j]]
		if a != b {
			return a - b
		}
		if c := slices.Compare(read.ids.bytes(int(i)), read.ids.bytes(int(j))); c != 0 {
			return c
		}
		return cmp.Compare(spans[i].from, spans[j].from)
	})
	t.ids = idList{make([]byte, 0, len(read.ids.text)), make([]uint32, 0, len(order))}
	for row, i := range order {
		t.ids.text = append(t.ids.text, read.ids.bytes(int(i))...)
		t.ids.ends = append(t.ids.ends, uint32(len(t.ids.text)))
		if span, ok := spans[i]; ok {
			span.row = row
			t.spans = append(t.spans, span)
		}
	}
	read.ids = idList{}
	for c := range t.columns {
		t.columns[c].of = make([]uint32, len(order))
		for row, i := range order {
			t.columns[c].of[row] = of[c][i]
		}
		of[c] = nil
	}
	o.sites = t
	return nil
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
