package web

import (
	"cmp"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strings"

	"mithaq/internal/httpserve"
	"mithaq/internal/registry"
)

// AreaView is the page of a province or region.
type AreaView struct {
	PlaceHead
	AsOf       AsOf
	Map        MapView
	Summary    string
	GeoJSON    string
	Files      []Link // the sites, in other formats
	UnitsTitle string
	Tally      string
	Table      AreaTable
	Unlocated  []SiteRow
	Agreements []AgreementRow
	Above      []AgreementRow
	Programmes []ProgrammeRow
	Sums       []Fact
	Comparison Comparison
	// To all of what the page has the first of; empty when it has all.
	MoreAgreements, MoreUnlocated, MoreAbove Link
	UnlocatedTally                           string
}

// AreaTable is the table beside an area map: the units that something touches, and the names of the silent rest.
type AreaTable struct {
	Caption    string
	Columns    []AreaColumn
	Rows       []AreaRow
	Elsewhere  Elsewhere
	Silent     []Link
	SilentNote string
}

// Elsewhere is the last row: what is in the area but in no unit that a source or the gazetteer tells. No cells: there is nothing such.
type Elsewhere struct {
	Name  string
	Cells []Cell // in the columns' order; agreements and amendments are counted by their own places and leave theirs empty
}

// AreaColumn is a column of the table, leading to the same page in its order.
type AreaColumn struct {
	Label, Href string
	Order       string // ascending or descending when the rows are in this column's order; empty otherwise
}

// Comparison sets an area beside its neighbours. Where too little is recorded for that, Note says so and there are no rows.
type Comparison struct {
	Note string
	Rows []ComparisonRow
}

// ComparisonRow is one area of a comparison.
type ComparisonRow struct {
	Name       Link
	Self       bool
	Agreements string
	Sites      string
	PerPeople  string // agreements per 100,000 inhabitants
}

// sortParam asks for an order of the table beside an area map.
const sortParam = "sort"

// column is one of an area table's: what it counts, by the code that addresses use.
type column struct {
	code  string
	value func(areaCounts) float64 // NaN for what isn't known
	cell  func(r *reading, c areaCounts) Cell
}

// areaCounts is what is known of one unit of an area table.
type areaCounts struct {
	registry.PlaceCounts
	created, restored, surface *registry.Figure
	unknown                    int // sites of which no source tells a size
}

// countColumns are those that every table has.
var countColumns = []column{
	counted("agreements", func(c areaCounts) int { return c.Agreements }),
	counted("amendments", func(c areaCounts) int { return c.Amendments }),
	counted("sites", func(c areaCounts) int { return c.Sites }),
}

// figureColumns are those of a table of which every site was read.
var figureColumns = []column{
	summed("created", func(c areaCounts) *registry.Figure { return c.created }),
	summed("restored", func(c areaCounts) *registry.Figure { return c.restored }),
	summed("surface", func(c areaCounts) *registry.Figure { return c.surface }),
	counted("unknown", func(c areaCounts) int { return c.unknown }),
}

func counted(code string, n func(areaCounts) int) column {
	return column{code, func(c areaCounts) float64 { return float64(n(c)) }, func(r *reading, c areaCounts) Cell { return Cell{Text: r.whole(n(c)), Zero: n(c) == 0} }}
}

func summed(code string, figure func(areaCounts) *registry.Figure) column {
	return column{code,
		func(c areaCounts) float64 {
			if f := figure(c); f != nil {
				return f.Value.Float()
			}
			return math.NaN()
		},
		func(r *reading, c areaCounts) Cell {
			if f := figure(c); f != nil {
				return Cell{Text: r.figure(*f, "")}
			}
			return Cell{Text: r.say("missing_short"), Unknown: true}
		}}
}

// nameColumn is the code of the first column.
const nameColumn = "name"

// order is the order asked for: a column's code, after a hyphen when it is turned round. Numbers begin with the largest, names with the first.
func (r *reading) order(columns []column) (code string, turned bool, err error) {
	if !r.q.Has(sortParam) {
		return "agreements", false, nil
	}
	code, turned = strings.CutPrefix(r.q[sortParam], "-")
	codes := []string{nameColumn}
	for _, c := range columns {
		codes = append(codes, c.code)
	}
	if !slices.Contains(codes, code) {
		return "", false, &registry.Error{Code: registry.Invalid, Message: "There is no such column.", Param: sortParam, Got: r.q[sortParam],
			Takes: "one of " + strings.Join(codes, ", ") + ", after a hyphen for the other way round"}
	}
	return code, turned, nil
}

// areaTable is the table of units; address is the page's own, without its query.
func (r *reading) areaTable(address, first string, units []registry.Place, counts map[registry.PlaceCode]areaCounts, columns []column) (t AreaTable, err error) {
	code, turned, err := r.order(columns)
	if err != nil {
		return t, err
	}
	t.Caption = r.say("area.caption")
	add := func(name, text, natural, other string) {
		query := url.Values{}
		if r.asOf {
			query.Set(asOfParam, string(r.day))
		}
		c := AreaColumn{Label: text}
		next := name
		if name == code {
			if c.Order = natural; turned {
				c.Order = other
			} else {
				next = "-" + name
			}
		}
		query.Set(sortParam, next)
		c.Href = address + "?" + query.Encode() + "#units"
		t.Columns = append(t.Columns, c)
	}
	add(nameColumn, first, "ascending", "descending")
	for _, c := range columns {
		add(c.code, r.say("column."+c.code), "descending", "ascending")
	}
	type ordered struct {
		AreaRow
		name  string
		value float64
	}
	var rows []ordered
	for _, p := range units {
		n := counts[p.Code]
		if n.PlaceCounts == (registry.PlaceCounts{}) {
			t.Silent = append(t.Silent, r.placeLink(p.Code))
			continue
		}
		row := ordered{name: r.placeName(p), AreaRow: AreaRow{Code: p.Code, Name: r.placeLink(p.Code), OtherName: r.otherPlaceName(p), Agreements: n.Agreements}}
		row.Spoken = r.say("area.spoken", args{"Place": row.name, "Agreements": r.count("count.agreements", n.Agreements)})
		for _, c := range columns {
			row.Cells = append(row.Cells, c.cell(r, n))
			if c.code == code {
				row.value = c.value(n)
			}
		}
		rows = append(rows, row)
	}
	byName := r.byName()
	slices.SortFunc(rows, func(a, b ordered) int {
		before, after := a, b
		if turned {
			before, after = b, a
		}
		switch known := !math.IsNaN(a.value); {
		case code == nameColumn:
			return byName(before.name, after.name)
		case known == math.IsNaN(b.value): // what isn't known comes last either way
			if known {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(after.value, before.value), byName(a.name, b.name))
	})
	for _, row := range rows {
		t.Rows = append(t.Rows, row.AreaRow)
	}
	return t, nil
}

// areaView builds the page of a province or region.
func (r *reading) areaView(p registry.Place, tiles Tiles) (AreaView, error) {
	level, unit, within := registry.LevelCommune, "communes", "province_code"
	if p.Level == registry.LevelRegion {
		level, unit, within = registry.LevelProvince, "provinces", "region_code"
	}
	address := "/" + string(r.lang) + "/" + p.Level.Plural() + "/" + string(p.Code)
	v := AreaView{PlaceHead: r.placeHead(p), UnitsTitle: r.say("section." + unit), AsOf: r.asOfForm(address)}
	shapes := fmt.Sprintf("/api/collections/%s/items?%s=%s&detail=medium&limit=500", unit, within, p.Code)
	found, err := r.placeOn(p)
	if err != nil {
		return AreaView{}, err
	}
	counts, err := r.store.CountsByPlace(r.ctx)
	if err != nil {
		return AreaView{}, err
	}
	v.Map = r.areaMap(r.placeName(p), shapes, "/"+string(r.lang)+"/"+unit+"/", bounds(p), r.bandsIn(p.Code, level, counts), tiles)
	scene, err := r.areaScene(p.Code, level, counts)
	if err != nil {
		return AreaView{}, err
	}
	v.Map.Still = r.still(scene, v.Name)
	units := r.gaz.Inside(p.Code, level)
	measured, elsewhere := r.measure(units, found.in.by(r.gaz, level), counts)
	if v.Table, err = r.areaTable(address, label(r.words, "place_level", level), units, measured, slices.Concat(countColumns, figureColumns)); err != nil {
		return AreaView{}, err
	}
	v.Table.SilentNote = r.count("area.silent_"+unit, len(v.Table.Silent))
	if elsewhere.Sites > 0 {
		v.Table.Elsewhere = Elsewhere{r.say("area.elsewhere_" + unit), make([]Cell, 2)}
		for _, c := range append(countColumns[2:3:3], figureColumns...) {
			v.Table.Elsewhere.Cells = append(v.Table.Elsewhere.Cells, c.cell(r, elsewhere))
		}
	}
	v.Comparison = r.comparison(p, counts)

	v.Agreements, _ = r.agreementRows(found.Agreements)
	v.MoreAgreements, v.MoreAbove = found.moreAgreements, found.others
	v.Tally, v.Summary = r.tallyOf(found.in), r.summary(found.in.documented, found.in.sites, found.events)
	work, err := r.citePlace(p)
	if err != nil {
		return AreaView{}, err
	}
	v.Cite = r.citeView(work, placePath(p))
	v.Files = r.unitFiles(p)
	v.GeoJSON = placePath(p) + ".geojson"
	if r.asOf {
		v.GeoJSON += "?as-of=" + url.QueryEscape(string(r.day))
	}
	if v.Above, v.Programmes, err = r.fromAbove(found.Above); err != nil {
		return AreaView{}, err
	}
	return v, r.addSites(&v, p, found.in)
}

// measure adds to the counts of units what their sites measure. elsewhere are the sites that no source puts in one of the units.
func (r *reading) measure(units []registry.Place, sites map[registry.PlaceCode]*measure, counts map[registry.PlaceCode]registry.PlaceCounts) (measured map[registry.PlaceCode]areaCounts, elsewhere areaCounts) {
	measured = map[registry.PlaceCode]areaCounts{}
	for _, p := range units {
		measured[p.Code] = areaCounts{PlaceCounts: counts[p.Code]}
	}
	together := &measure{} // of those elsewhere
	for at, m := range sites {
		if c, ok := measured[at]; ok {
			measured[at] = c.with(m)
		} else {
			together.join(m)
		}
	}
	elsewhere = elsewhere.with(together)
	elsewhere.Sites = together.sites
	return measured, elsewhere
}

// with are the counts with what sites measure.
func (c areaCounts) with(m *measure) areaCounts {
	c.created, c.restored, c.surface, c.unknown = m.created.sum, m.restored.sum, m.surface.sum, m.unknown
	return c
}

// holder is the unit of a level that a site is in, for certain; a place that nobody found is still in the unit its source names round it.
func (r *reading) holder(s registry.Dated, level registry.PlaceLevel) registry.PlaceCode {
	code := s.Resolution("/place").Code
	if place := s.Site().Place; code == "" && place != nil {
		code = place.Within
	}
	for _, u := range append(r.gaz.Ancestors(code), r.unit(code)) {
		if u.Level == level {
			return u.Code
		}
	}
	return ""
}

// unit is a unit of the gazetteer; empty for an unknown code.
func (r *reading) unit(code registry.PlaceCode) registry.Place {
	p, _ := r.gaz.Place(code)
	return p
}

// enoughToCompare is how many documented agreements each area of a comparison has at least: with fewer, one press article more or less
// would turn the order round.
const enoughToCompare = 10

// comparison sets an area beside those that share a border with it, by what is recorded. The registry knows what its sources tell, so few
// records say nothing about a place, and are not compared.
func (r *reading) comparison(p registry.Place, counts map[registry.PlaceCode]registry.PlaceCounts) (c Comparison) {
	codes := []registry.PlaceCode{p.Code}
	for _, n := range r.gaz.Neighbours(p.Code) {
		codes = append(codes, n.Code)
	}
	for _, code := range codes {
		n, unit := counts[code], r.unit(code)
		if n.Agreements < enoughToCompare {
			if code == p.Code {
				break
			}
			continue
		}
		row := ComparisonRow{Name: r.placeLink(code), Self: code == p.Code, Agreements: r.whole(n.Agreements), Sites: r.whole(n.Sites), PerPeople: r.say("missing")}
		if unit.Population2024 != nil && *unit.Population2024 > 0 {
			row.PerPeople = r.rate(float64(n.Agreements) / float64(*unit.Population2024) * 1e5)
		}
		c.Rows = append(c.Rows, row)
	}
	if len(c.Rows) < 2 {
		return Comparison{Note: r.say("comparison.too_few", args{"N": r.whole(enoughToCompare)})}
	}
	return c
}

// addSites adds the sums over a place's sites, and those of its sites that the gazetteer finds in no unit.
func (r *reading) addSites(v *AreaView, p registry.Place, in areaOutline) error {
	unlocated, err := r.sitesOn(in.firstUnlocated)
	if err != nil {
		return err
	}
	if v.Unlocated, err = r.siteRows(unlocated); err != nil {
		return err
	}
	v.UnlocatedTally = r.whole(in.unlocated)
	if in.unlocated > len(v.Unlocated) {
		q := httpserve.Params{placeParam(p.Level): string(p.Code), "location_precision": string(registry.PrecisionNone)}
		v.MoreUnlocated = Link{Text: r.ours(r.say("place.all_sites", args{"N": v.UnlocatedTally})), Href: siteFilters.address(r.lang, q)}
	}
	if in.sites > 0 {
		v.Sums = []Fact{
			r.figureOf("shops.created", "count.premises", in.all.created), r.figureOf("shops.restored", "count.premises", in.all.restored), r.figureOf("site.surface", "", in.all.surface),
		}
	}
	return nil
}

// mainSurface is the surface that a total counts: all of it if told, else the plot, else what is covered; nil when none is.
func mainSurface(s registry.Surface) *registry.Figure { return cmp.Or(s.Total, s.Plot, s.Covered) }
