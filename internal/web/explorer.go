package web

import (
	"cmp"
	"fmt"
	"net/url"
	"slices"

	"mithaq/internal/gazetteer"
	"mithaq/internal/httpserve"
	"mithaq/internal/registry"
)

// The explorer: every site of the registry, narrowed by filters, as a list and as a map of the same set. The filters have the
// names that /api/collections/sites/items gives them, so that the page's address, its map and its download ask one question.

// explorerRows is how many sites a page of the list has. The map and the download have all of them.
const explorerRows = 50

// mapSpot is where some sites are.
type mapSpot struct {
	registry.SiteSpot
	commune, province, region registry.PlaceCode
}

// spotIn adds to a spot the units that hold it.
func spotIn(gaz *gazetteer.Gazetteer, spot registry.SiteSpot) mapSpot {
	s := mapSpot{SiteSpot: spot}
	self, _ := gaz.Place(spot.Unit)
	for _, u := range append(gaz.Ancestors(spot.Unit), self) {
		switch u.Level {
		case registry.LevelCommune:
			s.commune = u.Code
		case registry.LevelProvince:
			s.province = u.Code
		case registry.LevelRegion:
			s.region = u.Code
		}
	}
	return s
}

// unit is the narrowest unit with a page that the sites are known to be in; empty for none.
func (s *mapSpot) unit() registry.PlaceCode { return cmp.Or(s.commune, s.province, s.region) }

// wider is the unit that stands for a site where communes are too small to be drawn.
func (s *mapSpot) wider() registry.PlaceCode { return cmp.Or(s.province, s.region) }

// widest is the region, which stands for a site where provinces are too small.
func (s *mapSpot) widest() registry.PlaceCode { return s.region }

// exact says whether the sites have places of their own, not just a unit that they're somewhere in.
func (s *mapSpot) exact() bool {
	return s.Located && slices.Contains([]registry.Precision{registry.PrecisionFootprint, registry.PrecisionPoint, registry.PrecisionLocality}, s.Precision)
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
