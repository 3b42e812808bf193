package web

import (
	"slices"
	"strconv"
	"strings"

	"github.com/paulmach/orb"

	"mithaq/internal/httpserve"
	"mithaq/internal/registry"
)

// ExplorerView is the page of the explorer.
type ExplorerView struct {
	Filters
	listPage
	AsOfText string
	Total    string // "7 sites"
	Switch   []Choice
	Rows     []SiteRow
	Units    []UnitTable
	Map      MapView
	Download string // address of the set; empty when one file can't hold it
	TakeText string
	Files    []Link // the set in other formats, whole whatever its size
}

// UnitTable is a table of units with their sites. The map draws its badges from it, so that the two can't differ.
type UnitTable struct {
	Caption, First string
	Level          string // "region", "province" or "commune": the map draws what the zoom has room for
	Rows           []UnitRow
}

// UnitRow is a unit with sites of the set.
type UnitRow struct {
	Code        registry.PlaceCode
	Name        Link
	Only        string // the explorer, narrowed to this unit
	Count, Area int    // sites on the map; those of them known only to be somewhere in the unit
	N           string
	Label       string    // "2 sites, Tafraout"
	AreaLabel   string    // "2 sites somewhere in the commune of Tafraout"
	AreaShort   string    // the same in few words
	Point       string    // longitude,latitude of the badge
	at          orb.Point // the same
}

func (r *reading) explorerView(q httpserve.Params, tiles Tiles) (ExplorerView, error) {
	all, err := r.everything()
	if err != nil {
		return ExplorerView{}, err
	}
	n := all.sites.narrow(q, r.day, explorerRows)
	if err := r.knowChoices(n.facetCounts); err != nil {
		return ExplorerView{}, err
	}
	v := ExplorerView{Filters: r.filtersOf(siteFilters, q, n.facetCounts), Total: r.count("count.sites", n.left), Switch: r.locatedSwitch(q, n.facetCounts)}
	if r.asOf {
		v.AsOfText = r.say("as_of.shown", args{"Day": r.sayDay(r.day)})
	}
	if err := r.explorerList(&v, q, all, n); err != nil {
		return ExplorerView{}, err
	}
	spots := all.spotsLeft(n)
	for _, x := range []struct {
		level registry.PlaceLevel
		of    func(*mapSpot) registry.PlaceCode
	}{{registry.LevelRegion, (*mapSpot).widest}, {registry.LevelProvince, (*mapSpot).wider}, {registry.LevelCommune, (*mapSpot).unit}} {
		rows := r.unitRows(q, spots, x.of)
		if len(rows) > 0 {
			v.Units = append(v.Units, UnitTable{Caption: r.say("explorer.by_" + string(x.level)), First: label(r.words, "place_level", x.level), Level: string(x.level), Rows: rows})
		}
	}
	var box orb.Bound
	v.Map, box = r.explorerMap(q, spots, tiles)
	scene, err := r.explorerScene(box, v.Units)
	if err != nil {
		return ExplorerView{}, err
	}
	v.Map.Still = r.still(scene, v.Map.Name)
	v.Files = r.sitesIn(question(q))
	if n.left > 0 && n.left <= downloadLimit {
		v.Download, v.TakeText = sitesAddress(q), r.count("explorer.download", n.left)
	}
	return v, nil
}

// locatedSwitch says how many sites are on the map and how many aren't, and leads to either.
func (r *reading) locatedSwitch(q httpserve.Params, n facetCounts) []Choice {
	counts := n.counts[locatedParam]
	out := []Choice{{Text: r.count("explorer.all", n.without[locatedParam]), Href: siteFilters.address(r.lang, q, locatedParam, afterParam), Current: q[locatedParam] == ""}}
	for _, x := range []struct {
		value registry.Located
		key   string
	}{{registry.LocatedYes, "explorer.on_map"}, {registry.LocatedNo, "explorer.not_on_map"}} {
		out = append(out, Choice{Text: r.count(x.key, counts[string(x.value)]), Href: siteFilters.address(r.lang, with(q, locatedParam, string(x.value))), Current: q[locatedParam] == string(x.value)})
	}
	return out
}

// explorerList fills one page of the list.
func (r *reading) explorerList(v *ExplorerView, q httpserve.Params, all *outlines, n facetAnswer) error {
	v.listPage = r.pageOf(all.sites, q, n)
	found, err := r.store.RecordsByID(r.ctx, all.sites.idsOf(n.rows))
	if err != nil {
		return err
	}
	dated, err := registry.SitesOn(r.ctx, r.store, found, r.day)
	if err != nil {
		return err
	}
	if v.Rows, err = r.siteRows(dated); err != nil {
		return err
	}
	for i, row := range n.rows {
		s := all.spots[all.sites.columns[spotColumn].of.at(row)]
		if i < len(v.Rows) && s.Located {
			v.Rows[i].Units = strings.TrimSpace(string(s.unit()) + " " + string(s.wider()) + " " + string(s.region))
		}
	}
	return nil
}

// unitRows counts the sites on the map by unit, in the order of the codes.
func (r *reading) unitRows(q httpserve.Params, spots []spotCount, of func(*mapSpot) registry.PlaceCode) []UnitRow {
	rows := map[registry.PlaceCode]*UnitRow{}
	var order []registry.PlaceCode
	for _, s := range spots {
		if !s.Located {
			continue
		}
		code := of(s.mapSpot)
		row := rows[code]
		if row == nil {
			row = &UnitRow{Code: code}
			if s.Bound != nil {
				row.at = s.Bound.Center()
			}
			rows[code], order = row, append(order, code)
		}
		row.Count += s.n
		if !s.exact() {
			row.Area += s.n
		}
	}
	slices.Sort(order)
	var out []UnitRow
	for _, code := range order {
		row := rows[code]
		row.Name = r.placeLink(registry.Country)
		if p, ok := r.gaz.Place(code); ok {
			row.Name = r.placeLink(code)
			if p.Label != nil {
				row.at = *p.Label
			}
			row.Only = siteFilters.address(r.lang, with(q, placeParam(p.Level), string(code)))
		}
		row.Point = pointText(row.at)
		name := row.Name.Text.Text
		row.N = r.whole(row.Count)
		row.Label = r.say("explorer.badge", args{"Sites": r.count("count.sites", row.Count), "Place": name})
		row.AreaLabel = r.somewhere(code, row.Area, name)
		row.AreaShort = r.say("explorer.badge", args{"Sites": r.count("count.sites", row.Area), "Place": name})
		out = append(out, *row)
	}
	return out
}

// somewhere says that sites lie in a unit, nobody knows where in it.
func (r *reading) somewhere(code registry.PlaceCode, n int, name string) string {
	gaps := args{"Sites": r.count("count.sites", n), "Place": r.of(name)}
	switch p, _ := r.gaz.Place(code); p.Level {
	case registry.LevelCommune:
		return r.say("map.somewhere", gaps)
	case registry.LevelProvince:
		return r.say("explorer.in_province", gaps)
	case registry.LevelRegion:
		return r.say("explorer.in_region", gaps)
	}
	return r.say("explorer.badge", args{"Sites": gaps["Sites"], "Place": name})
}

// pointText writes a point as longitude,latitude.
func pointText(p orb.Point) string {
	return strconv.FormatFloat(p[0], 'f', 5, 64) + "," + strconv.FormatFloat(p[1], 'f', 5, 64)
}

// explorerMap is the map of the set, and what it shows.
func (r *reading) explorerMap(q httpserve.Params, spots []spotCount, tiles Tiles) (MapView, orb.Bound) {
	name := r.say("explorer.title")
	m := MapView{
		Kind: "explorer", Name: name, GeoJSON: sitesAddress(q), Shapes: "/api/collections/communes/items?detail=medium&limit=500",
		Prefix: "/" + string(r.lang) + "/sites/", Credit: r.say("credit.map"), TileURL: tiles.URL, TileCredit: tiles.Credit, SkipTo: "after-map",
		Words: r.mapWords(name, map[string]any{"only": r.say("explorer.only"), "closer": r.say("explorer.closer")}),
	}
	var box orb.Bound
	drawn := map[string]bool{}
	add := func(b orb.Bound) {
		if box == (orb.Bound{}) {
			box = b
		}
		box = box.Union(b)
	}
	for _, s := range spots {
		if !s.Located {
			continue
		}
		drawn["badge"], drawn["hatch"] = true, drawn["hatch"] || s.Precision == registry.PrecisionCommune
		if s.exact() {
			drawn[signs[s.Precision]] = true
		}
		if p, ok := r.gaz.Place(s.unit()); ok && p.Bound != nil {
			add(*p.Bound)
		} else if s.Bound != nil {
			add(*s.Bound)
		}
	}
	for _, sign := range []string{"badge", "hatch", "pin", "shape"} {
		if drawn[sign] {
			m.Legend = append(m.Legend, LegendItem{sign, r.say("legend." + sign)})
		}
	}
	if len(drawn) == 0 {
		if len(spots) > 0 {
			m.Notes = append(m.Notes, r.say("explorer.none_on_map"))
		}
		for _, p := range r.gaz.Places(registry.LevelRegion) {
			if p.Bound != nil {
				add(*p.Bound)
			}
		}
	}
	if box != (orb.Bound{}) {
		// A badge is wider than the point that it stands on.
		box = box.Pad(0.12 * max(box.Right()-box.Left(), box.Top()-box.Bottom()))
		m.Bounds = boxText(box)
	}
	return m, box
}
