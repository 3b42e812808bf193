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

// mapSite is what the explorer reads of a site's feature.
type mapSite struct {
	faceted
	located                   bool
	box                       orb.Bound
	commune, province, region registry.PlaceCode
	precision                 registry.Precision
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

// locatedParam asks for the sites on the map, or for those that aren't. It's a switch of its own beside the other filters.
const locatedParam = "located"

// siteFilters are the explorer's.
var siteFilters = filterSet{path: "/map", words: "explorer", counted: "count.sites", filters: []filter{
	ofSet("kind", "SiteKind", "site_kind"),
	ofSet("status", "SiteStatus", "site_status"),
	ofSet("works", "Work", "work"),
	ofSet("trades", "Trade", "trade"),
	ofPlace(registry.LevelRegion),
	ofPlace(registry.LevelProvince),
	ofPlace(registry.LevelCommune),
	ofRecord("party", registry.TypeOrganisation),
	ofRecord("programme", registry.TypeProgramme),
	ofYear,
	ofSet("location_precision", "Precision", "explorer.precision"),
	{param: locatedParam, codes: []string{string(registry.LocatedYes), string(registry.LocatedNo)}, label: func(r *reading, code string) string { return r.say("explorer.located." + code) }, apart: true},
}}

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
			located: f.Geometry != nil, commune: p.Commune, province: p.Province, region: p.Region, precision: p.Precision,
			faceted: faceted{registry.ID(f.ID), map[string][]string{"kind": {p.Kind}, "status": {p.Status}, "works": p.Works, "trades": p.Trades, "location_precision": {string(p.Precision)}}},
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

// throughAgreements adds to sites the parties, programmes and years of their agreements.
func (r *reading) throughAgreements(agreements map[*mapSite][]registry.ID) error {
	var ids []registry.ID
	for _, some := range agreements {
		ids = append(ids, some...)
	}
	if err := r.know(ids...); err != nil {
		return err
	}
	dated, err := r.listedAgreements() // as they stand on the page's day, which the years are of
	if err != nil {
		return err
	}
	years := map[registry.ID][]string{}
	for _, a := range dated {
		years[a.id] = a.values[yearParam]
	}
	var named []registry.ID
	for s, some := range agreements {
		for _, id := range some {
			for _, year := range years[id] {
				s.values[yearParam] = include(s.values[yearParam], year)
			}
			a, ok := r.known[id].Record.(*registry.Agreement)
			if !ok {
				continue
			}
			named = append(named, s.addParties(a)...)
			for _, x := range a.Programmes {
				s.values["programme"] = include(s.values["programme"], string(x.Programme))
			}
		}
	}
	return r.know(named...)
}

// downloadLimit is the most features that one file of the API has.
const downloadLimit = 10_000

// question is what the API is asked for the set that these filters leave.
func question(q httpserve.Params) url.Values {
	values := url.Values{}
	for name, value := range q {
		if value != "" && name != afterParam {
			values.Set(name, value)
		}
	}
	return values
}

// sitesAddress is where the API answers with the set that these filters leave.
func sitesAddress(q httpserve.Params) string {
	values := question(q)
	values.Set("limit", fmt.Sprint(downloadLimit))
	values.Set("f", "geojson") // a link that a browser follows: it would get the page for people
	return "/api/collections/sites/items?" + values.Encode()
}
