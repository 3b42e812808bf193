package web

import (
	"bytes"
	"cmp"
	"net/url"
	"slices"

	"mithaq/internal/edtf"
	"mithaq/internal/gazetteer"
	"mithaq/internal/httpserve"
	"mithaq/internal/registry"
)

// Bounds of the lists on a page that has a list of its own for all of them: what they count is counted whole, and the rest is one link away.
const (
	agreementsShown = 10
	aboveShown      = 5
	sitesShown      = 15
	eventsShown     = 50
)

// areaOutline is what reaches a unit, counted whole.
type areaOutline struct {
	agreements, documented int
	newest                 []registry.ID // agreements, what was published last first, as many as are shown
	sites, unlocated       int
	first, firstUnlocated  []registry.ID // sites by id, as many as are shown
	spots                  []spotCount
	measures               map[registry.PlaceCode]*measure // of the sites by the finest unit that they are known to be in
	all                    measure
}

// firstIDs keeps the first of some ids in their order.
type firstIDs struct {
	most int
	kept []string
}

func (f *firstIDs) add(id []byte) {
	if len(f.kept) == f.most && bytes.Compare(id, []byte(f.kept[f.most-1])) >= 0 {
		return
	}
	at, _ := slices.BinarySearch(f.kept, string(id))
	f.kept = slices.Insert(f.kept, at, string(id))
	f.kept = f.kept[:min(len(f.kept), f.most)]
}

func (f *firstIDs) ids() (out []registry.ID) {
	for _, id := range f.kept {
		out = append(out, registry.ID(id))
	}
	return out
}

// in is what reaches a unit on a day.
func (o *outlines) in(gaz *gazetteer.Gazetteer, code registry.PlaceCode, day edtf.Day) areaOutline {
	a := areaOutline{measures: map[registry.PlaceCode]*measure{}}
	inside := func(unit registry.PlaceCode) bool {
		return unit == code || slices.ContainsFunc(gaz.Ancestors(unit), func(p registry.Place) bool { return p.Code == code })
	}
	o.agreementsIn(&a, gaz, code, day)
	here := make([]bool, len(o.spots))
	for i, s := range o.spots {
		here[i] = inside(s.Unit)
	}
	counts := make([]int, len(o.spots))
	first, unlocated, spans := firstIDs{most: sitesShown}, firstIDs{most: sitesShown}, o.sites.spans
	var id []byte
	for row := range o.sites.ids.n {
		if len(spans) > 0 && spans[0].row == row {
			there := spans[0].on(day)
			if spans = spans[1:]; !there {
				continue
			}
		}
		spot := o.sites.columns[spotColumn].of.at(row)
		if !here[spot] {
			continue
		}
		counts[spot]++
		a.sites++
		id = o.sites.ids.bytes(row, id)
		first.add(id)
		if o.spots[spot].Precision == registry.PrecisionNone {
			a.unlocated++
			unlocated.add(id)
		}
	}
	a.first, a.firstUnlocated = first.ids(), unlocated.ids()
	for i, n := range counts {
		if n > 0 {
			a.spots = append(a.spots, spotCount{&o.spots[i], n})
		}
	}
	for unit, m := range o.measures {
		if inside(unit) {
			together := *m
			a.measures[unit] = &together
		}
	}
	for _, s := range o.changing {
		if inside(s.Spot.Unit) && (rowSpan{from: s.From, until: s.Until}).on(day) {
			if a.measures[s.Spot.Unit] == nil {
				a.measures[s.Spot.Unit] = &measure{}
			}
			a.measures[s.Spot.Unit].add(s)
		}
	}
	for _, m := range a.measures {
		a.all.join(m)
	}
	return a
}

// agreementsIn adds the agreements that reach a unit.
func (o *outlines) agreementsIn(a *areaOutline, gaz *gazetteer.Gazetteer, code registry.PlaceCode, day edtf.Day) {
	t := o.agreements
	unit, _ := gaz.Place(code)
	c := &t.columns[agreementColumn]
	of := func(param string) (at, k int) {
		at = slices.IndexFunc(t.set.filters, func(f filter) bool { return f.param == param })
		return at, slices.Index(c.filters, at)
	}
	level, levelK := of(placeParam(unit.Level))
	known, knownK := of("documentation")
	at, ok := t.values[level].at[string(code)]
	if !ok {
		return
	}
	documented := t.values[known].at[string(registry.Documented)]
	away := map[uint32]bool{}
	for _, span := range t.spans {
		away[uint32(span.row)] = !span.on(day)
	}
	for _, row := range o.newest {
		set := c.of.at(int(row))
		if !slices.Contains(c.have(set, levelK), at) || away[row] {
			continue
		}
		a.agreements++
		if slices.Contains(c.have(set, knownK), documented) {
			a.documented++
		}
		if len(a.newest) < agreementsShown {
			a.newest = append(a.newest, t.ids.of(int(row)))
		}
	}
}

// by is what the sites measure by the unit of a level that holds them; those in none stand under the empty code.
func (a areaOutline) by(gaz *gazetteer.Gazetteer, level registry.PlaceLevel) map[registry.PlaceCode]*measure {
	out := map[registry.PlaceCode]*measure{}
	for code, m := range a.measures {
		holder := registry.PlaceCode("")
		self, _ := gaz.Place(code)
		for _, u := range append(gaz.Ancestors(code), self) {
			if u.Level == level {
				holder = u.Code
			}
		}
		if out[holder] == nil {
			out[holder] = &measure{}
		}
		out[holder].join(m)
	}
	return out
}

// placeReading is a place's page: its first records, and all of them in outline.
type placeReading struct {
	registry.PlaceView
	in                                areaOutline
	events                            int
	moreAgreements, moreSites, others Link // to all of them; empty when the page has them
}

// placeOn reads what a place's page shows.
func (r *reading) placeOn(p registry.Place) (v placeReading, err error) {
	all, err := r.everything()
	if err != nil {
		return v, err
	}
	v.Code, v.Day, v.in = p.Code, r.day, all.in(r.gaz, p.Code, r.day)
	agreements, err := r.store.RecordsByID(r.ctx, v.in.newest)
	if err != nil {
		return v, err
	}
	if v.Agreements, err = r.agreements(agreements); err != nil {
		return v, err
	}
	if v.Sites, err = r.sitesOn(v.in.first); err != nil {
		return v, err
	}
	if v.Events, err = r.store.Records(r.ctx, registry.RecordQuery{Types: []registry.Type{registry.TypeEvent}, Reaches: p.Code, Limit: eventsShown}); err != nil {
		return v, err
	}
	if v.events = len(v.Events); v.events == eventsShown {
		counts, err := r.store.CountsByPlace(r.ctx)
		if err != nil {
			return v, err
		}
		v.events = counts[p.Code].Events
	}
	if v.in.agreements > len(v.Agreements) {
		v.moreAgreements = r.all("place.all_agreements", agreementFilters, placeParam(p.Level), string(p.Code), v.in.agreements)
	}
	if v.in.sites > len(v.Sites) {
		v.moreSites = r.all("place.all_sites", siteFilters, placeParam(p.Level), string(p.Code), v.in.sites)
	}
	return v, r.readAbove(&v)
}

// readAbove adds the newest records of each unit above a place, and of the country.
func (r *reading) readAbove(v *placeReading) error {
	for _, unit := range append(r.above(v.Code), registry.Country) {
		some, err := r.store.Records(r.ctx, registry.RecordQuery{Types: []registry.Type{registry.TypeProgramme, registry.TypeAgreement, registry.TypeAnnouncement}, At: unit, Limit: aboveShown + 1})
		if err != nil {
			return err
		}
		if p := r.unit(unit); len(some) > aboveShown {
			some = some[:aboveShown]
			if slices.Contains(registry.PagedLevels, p.Level) && v.others.Href == "" {
				v.others = Link{Text: r.ours(r.say("place.all_above", args{"Place": r.placeName(p)})), Href: r.allAddress(agreementFilters, placeParam(p.Level), string(unit))}
			}
		}
		for _, x := range some {
			seen := func(y registry.Stored) bool { return y.ID() == x.ID() }
			if !slices.ContainsFunc(v.Above, seen) && !slices.ContainsFunc(v.Agreements, func(a registry.AgreementView) bool { return seen(a.Stored) }) {
				v.Above = append(v.Above, x)
			}
		}
	}
	return nil
}

// sitesOn reads sites as they stand on the page's day.
func (r *reading) sitesOn(ids []registry.ID) ([]registry.Dated, error) {
	found, err := r.store.RecordsByID(r.ctx, ids)
	if err != nil {
		return nil, err
	}
	return registry.SitesOn(r.ctx, r.store, found, r.day)
}

// all leads to a list of n, of which a page shows the first.
func (r *reading) all(key string, set filterSet, param, value string, n int) Link {
	return Link{Text: r.ours(r.say(key, args{"N": r.whole(n)})), Href: r.allAddress(set, param, value)}
}

// allAddress is a list narrowed by one value, on the page's day.
func (r *reading) allAddress(set filterSet, param, value string) string {
	q := httpserve.Params{param: value}
	if r.asOf {
		q[asOfParam] = string(r.day)
	}
	return set.address(r.lang, q)
}

// tallyOf is the documented agreements, with the mentioned ones beside them.
func (r *reading) tallyOf(a areaOutline) string {
	text := r.whole(a.documented)
	if mentioned := a.agreements - a.documented; mentioned > 0 {
		text += " · " + r.count("count.mentioned", mentioned)
	}
	return text
}

// unitFiles are the forms of a place's sites.
func (r *reading) unitFiles(p registry.Place) []Link {
	return r.sitesIn(url.Values{placeParam(p.Level): {string(p.Code)}})
}

// figureOf is a sum with how many sites have no figure for it.
func (r *reading) figureOf(labelKey, noun string, t total) Fact {
	f := Fact{Label: r.say(labelKey)}
	if t.sum == nil {
		f.Missing = r.say("missing")
		return f
	}
	f.Values = []Value{r.value(r.figure(*t.sum, noun))}
	if t.missing > 0 {
		f.Note = r.count("sum.without_figure", t.missing)
	}
	return f
}

// vague counts the sites of which nobody knows more than their commune, by commune.
func (a areaOutline) vague() map[registry.PlaceCode]int {
	out := map[registry.PlaceCode]int{}
	for _, s := range a.spots {
		if s.Precision == registry.PrecisionCommune {
			out[s.Unit] += s.n
		}
	}
	return out
}

// ranked are the keys of counts, the largest first.
func ranked(counts map[string]int) (keys []string) {
	for key := range counts {
		keys = append(keys, key)
	}
	slices.SortFunc(keys, func(a, b string) int { return cmp.Or(counts[b]-counts[a], cmp.Compare(a, b)) })
	return keys
}
