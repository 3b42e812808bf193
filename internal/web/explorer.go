package web

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/paulmach/orb"

	"mithaq/internal/feature"
	"mithaq/internal/httpserve"
	"mithaq/internal/registry"
)

// The explorer: every site of the registry, narrowed by filters, as a list and as a map of the same set. The filters have the
// names that /api/collections/sites/items gives them, so that the page's address, its map and its download ask one question.
//
// The whole collection is read for each page, because each choice of each filter says how many sites it would leave. That's
// one stream of stored features and takes milliseconds for thousands of sites; a registry of hundreds of thousands will
// want the counts from the store.

// explorerRows is how many sites a page of the list has. The map and the download have all of them.
const explorerRows = 50

// afterParam is the id of the last site of the page before.
const afterParam = "after"

// mapSite is what the explorer reads of a site's feature.
type mapSite struct {
	id                        registry.ID
	located                   bool
	box                       orb.Bound
	commune, province, region registry.PlaceCode
	precision                 registry.Precision
	values                    map[string][]string // by filter
}

// unit is the narrowest unit that a site is known to be in; empty for none.
func (s *mapSite) unit() registry.PlaceCode {
	for _, code := range []registry.PlaceCode{s.commune, s.province, s.region} {
		if code != "" {
			return code
		}
	}
	return ""
}

// wider is the unit that stands for a site where communes are too small to be drawn.
func (s *mapSite) wider() registry.PlaceCode {
	if s.province != "" {
		return s.province
	}
	return s.region
}

// widest is the region, which stands for a site where provinces are too small.
func (s *mapSite) widest() registry.PlaceCode { return s.region }

// exact says whether the site has a place of its own, not just a unit that it's somewhere in.
func (s *mapSite) exact() bool {
	return s.located && slices.Contains([]registry.Precision{registry.PrecisionFootprint, registry.PrecisionPoint, registry.PrecisionLocality}, s.precision)
}

// filter is one question that the explorer may be narrowed by.
type filter struct {
	param string
	codes []string                             // the closed set that it takes; nil for records and places
	label func(r *reading, code string) string // what people read
	valid func(r *reading, code string) bool   // for what isn't a closed set
}

// ofSet is a filter by a closed set that the catalogs name.
func ofSet(param, set, words string) filter {
	return filter{param: param, codes: registry.ClosedSets[set], label: func(r *reading, code string) string { return r.say(words + "." + code) }}
}

// ofRecord is a filter by a record of one type.
func ofRecord(param string, t registry.Type) filter {
	return filter{param: param,
		label: func(r *reading, code string) string { return r.link(registry.ID(code)).Text.Text },
		valid: func(r *reading, code string) bool {
			s, ok := r.known[registry.ID(code)]
			return ok && s.Record.Head().Type == t
		}}
}

// ofPlace is a filter by a unit of one level.
func ofPlace(level registry.PlaceLevel) filter {
	return filter{param: placeParam(level),
		label: func(r *reading, code string) string { return r.placeLink(registry.PlaceCode(code)).Text.Text },
		valid: func(r *reading, code string) bool {
			p, ok := r.gaz.Place(registry.PlaceCode(code))
			return ok && p.Level == level
		}}
}

// placeParam names the filter by a unit of a level.
func placeParam(level registry.PlaceLevel) string { return string(level) + "_code" }

// locatedParam asks for the sites on the map, or for those that aren't. It's a switch of its own beside the other filters.
const locatedParam = "located"

// filters are the explorer's, in the order of the form.
var filters = []filter{
	ofSet("kind", "SiteKind", "site_kind"),
	ofSet("status", "SiteStatus", "site_status"),
	ofSet("works", "Work", "work"),
	ofSet("trades", "Trade", "trade"),
	ofPlace(registry.LevelRegion),
	ofPlace(registry.LevelProvince),
	ofPlace(registry.LevelCommune),
	ofRecord("party", registry.TypeOrganisation),
	ofRecord("programme", registry.TypeProgramme),
	ofSet("location_precision", "Precision", "explorer.precision"),
	{param: locatedParam, codes: []string{string(registry.LocatedYes), string(registry.LocatedNo)}, label: func(r *reading, code string) string { return r.say("explorer.located." + code) }},
}

// explorerParams are the parameters of the page.
func explorerParams() []string {
	params := []string{asOfParam, afterParam}
	for _, f := range filters {
		params = append(params, f.param)
	}
	return params
}

// checkFilters refuses values that no site could have: a misspelt filter must not look like an empty answer.
func (r *reading) checkFilters(q httpserve.Params) error {
	if err := r.know(registry.ID(q["party"]), registry.ID(q["programme"])); err != nil {
		return err
	}
	for _, f := range filters {
		value := q[f.param]
		if value == "" {
			continue
		}
		if f.codes != nil && !slices.Contains(f.codes, value) || f.valid != nil && !f.valid(r, value) {
			return &registry.Error{Code: registry.Invalid, Message: "There is no such value.", Param: f.param, Got: value, Takes: "a value that the page's form offers"}
		}
	}
	if q.Has(afterParam) && !registry.ID(q[afterParam]).Valid() {
		return &registry.Error{Code: registry.Invalid, Message: "The page can't be found.", Param: afterParam, Got: q[afterParam], Takes: "what a link to the next page holds"}
	}
	return nil
}

// mapSites reads every site of the registry as it stands on the page's day.
func (r *reading) mapSites() ([]*mapSite, error) {
	var all []*mapSite
	agreements := map[*mapSite][]registry.ID{}
	err := r.store.EachFeature(r.ctx, registry.FeatureQuery{Collection: feature.Sites, Day: r.day}, func(f registry.Feature) error {
		var body struct {
			Properties struct {
				Kind       string             `json:"kind"`
				Status     string             `json:"status"`
				Works      []string           `json:"works"`
				Trades     []string           `json:"trades"`
				Commune    registry.PlaceCode `json:"commune_code"`
				Province   registry.PlaceCode `json:"province_code"`
				Region     registry.PlaceCode `json:"region_code"`
				Precision  registry.Precision `json:"location_precision"`
				Agreements []registry.ID      `json:"agreements"`
			} `json:"properties"`
		}
		if err := json.Unmarshal(f.JSON, &body); err != nil {
			return fmt.Errorf("feature of site %s: %w", f.ID, err)
		}
		p := body.Properties
		s := &mapSite{
			id: registry.ID(f.ID), located: f.Geometry != nil, commune: p.Commune, province: p.Province, region: p.Region, precision: p.Precision,
			values: map[string][]string{"kind": {p.Kind}, "status": {p.Status}, "works": p.Works, "trades": p.Trades, "location_precision": {string(p.Precision)}},
		}
		for level, code := range map[registry.PlaceLevel]registry.PlaceCode{registry.LevelCommune: p.Commune, registry.LevelProvince: p.Province, registry.LevelRegion: p.Region} {
			if code != "" {
				s.values[placeParam(level)] = []string{string(code)}
			}
		}
		located := registry.LocatedNo
		if s.located {
			located, s.box = registry.LocatedYes, f.Geometry.Bound()
		}
		s.values[locatedParam] = []string{string(located)}
		agreements[s] = p.Agreements
		all = append(all, s)
		return nil
	})
	if err != nil {
		return nil, err
	}
	// Those on the map first, then by place; within a place by id, which the stream's order gives.
	slices.SortStableFunc(all, func(a, b *mapSite) int {
		switch {
		case a.located && !b.located:
			return -1
		case b.located && !a.located:
			return 1
		}
		return strings.Compare(string(a.unit()), string(b.unit()))
	})
	return all, r.throughAgreements(agreements)
}

// throughAgreements adds to sites the parties and programmes of their agreements.
func (r *reading) throughAgreements(agreements map[*mapSite][]registry.ID) error {
	var ids []registry.ID
	for _, some := range agreements {
		ids = append(ids, some...)
	}
	if err := r.know(ids...); err != nil {
		return err
	}
	var named []registry.ID
	for s, some := range agreements {
		for _, id := range some {
			a, ok := r.known[id].Record.(*registry.Agreement)
			if !ok {
				continue
			}
			for _, x := range a.Parties {
				if x.Organisation != "" {
					s.values["party"] = include(s.values["party"], string(x.Organisation))
					named = append(named, x.Organisation)
				}
			}
			for _, x := range a.Programmes {
				s.values["programme"] = include(s.values["programme"], string(x.Programme))
				named = append(named, x.Programme)
			}
		}
	}
	return r.know(named...)
}

// include adds a value that isn't there yet.
func include(list []string, value string) []string {
	if slices.Contains(list, value) {
		return list
	}
	return append(list, value)
}

// misses are the filters that keep a site out; nobody needs to know of more than two.
func (s *mapSite) misses(q httpserve.Params) (out []string) {
	for _, f := range filters {
		if v := q[f.param]; v != "" && !slices.Contains(s.values[f.param], v) {
			if out = append(out, f.param); len(out) == 2 {
				break
			}
		}
	}
	return out
}

// narrowed is what filters leave of the sites.
type narrowed struct {
	sites []*mapSite
	// counts are, for each filter and each of its values, the sites that the value would leave with the other filters as they are.
	counts map[string]map[string]int
	// without are the sites that there would be without a filter.
	without map[string]int
}

func narrow(all []*mapSite, q httpserve.Params) narrowed {
	n := narrowed{counts: map[string]map[string]int{}, without: map[string]int{}}
	for _, f := range filters {
		n.counts[f.param] = map[string]int{}
	}
	for _, s := range all {
		missed := s.misses(q)
		if len(missed) == 0 {
			n.sites = append(n.sites, s)
		}
		for _, f := range filters {
			if len(missed) == 0 || len(missed) == 1 && missed[0] == f.param {
				n.without[f.param]++
				for _, v := range s.values[f.param] {
					n.counts[f.param][v]++
				}
			}
		}
	}
	return n
}

// address is the explorer's with these filters, without those left out. It says nothing that isn't chosen, so that one set has one address.
func (r *reading) explorerAddress(q httpserve.Params, but ...string) string {
	values := url.Values{}
	for name, value := range q {
		if value != "" && !slices.Contains(but, name) {
			values.Set(name, value)
		}
	}
	address := "/" + string(r.lang) + "/map"
	if len(values) > 0 {
		address += "?" + values.Encode()
	}
	return address
}

// with are the filters with one more, from the first page on.
func with(q httpserve.Params, name, value string) httpserve.Params {
	out := httpserve.Params{}
	for k, v := range q {
		if k != afterParam {
			out[k] = v
		}
	}
	out[name] = value
	return out
}

// downloadLimit is the most features that one file of the API has.
const downloadLimit = 10_000

// sitesAddress is where the API answers with the set that these filters leave.
func sitesAddress(q httpserve.Params) string {
	values := url.Values{"limit": {fmt.Sprint(downloadLimit)}}
	for name, value := range q {
		if value != "" && name != afterParam {
			values.Set(name, value)
		}
	}
	return "/api/collections/sites/items?" + values.Encode()
}
