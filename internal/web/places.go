package web

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/paulmach/orb"

	"mithaq/internal/registry"
)

// neighbourLimit bounds the neighbours that a commune's page names: those with the longest common border.
const neighbourLimit = 8

// PlaceHead opens the page of a commune, province or region.
type PlaceHead struct {
	Kind      string
	Name      string
	OtherName Text
	Code      registry.PlaceCode
	Facts     []Fact
	Cite      CiteView
}

// OpenQuestion is an agreement and what no source states about it.
type OpenQuestion struct {
	Agreement Link
	Missing   string
}

// CommuneView is the page of a commune.
type CommuneView struct {
	PlaceHead
	Summary    string
	Tally      string // documented agreements, and those only mentioned
	AsOf       AsOf
	Agreements []AgreementRow
	Sites      []SiteRow
	Events     []EventRow
	Above      []AgreementRow // what reaches the commune from its province, its region or the country
	Programmes []ProgrammeRow
	Open       []OpenQuestion
	Neighbours []Link
	Map        MapView
	GeoJSON    string
	Files      []Link // the sites, in other formats
	SitesTally string
	// To all of what the page has the first of; empty when it has all.
	MoreAgreements, MoreSites, MoreAbove Link
}

// ProgrammeRow is a programme that reaches a place from above.
type ProgrammeRow struct {
	Title Link
	Reach string // "national", "provincial"
	Date  string
}

// AsOf is the day that a page shows, and the form that asks for another.
type AsOf struct {
	Action string
	Day    string // the form's value
	Words  string
	Chosen bool
	Reset  string
}

func (r *reading) asOfForm(action string) AsOf {
	a := AsOf{Action: action, Reset: action, Chosen: r.asOf, Words: r.sayDay(r.day)}
	if r.asOf {
		a.Day = string(r.day)
	}
	return a
}

// communeView builds a commune's page.
func (r *reading) communeView(p registry.Place, tiles Tiles) (CommuneView, error) {
	found, err := r.placeOn(p)
	if err != nil {
		return CommuneView{}, err
	}
	v := CommuneView{PlaceHead: r.placeHead(p), GeoJSON: "/communes/" + string(p.Code) + ".geojson"}
	if r.asOf {
		v.GeoJSON += "?as-of=" + url.QueryEscape(string(r.day))
	}
	v.AsOf = r.asOfForm("/" + string(r.lang) + "/communes/" + string(p.Code))
	v.Files = r.unitFiles(p)
	v.Agreements, v.Open = r.agreementRows(found.Agreements)
	if v.Sites, err = r.siteRows(found.Sites); err != nil {
		return CommuneView{}, err
	}
	if v.Events, err = r.eventRows(found.Events); err != nil {
		return CommuneView{}, err
	}
	if v.Above, v.Programmes, err = r.fromAbove(found.Above); err != nil {
		return CommuneView{}, err
	}
	for i, n := range r.gaz.Neighbours(p.Code) {
		if i < neighbourLimit {
			v.Neighbours = append(v.Neighbours, r.placeLink(n.Code))
		}
	}
	work, err := r.citePlace(p)
	if err != nil {
		return CommuneView{}, err
	}
	v.Cite = r.citeView(work, placePath(p))
	v.Tally, v.SitesTally = r.tallyOf(found.in), r.whole(found.in.sites)
	v.MoreAgreements, v.MoreSites, v.MoreAbove = found.moreAgreements, found.moreSites, found.others
	v.Summary = r.summary(found.in.documented, found.in.sites, found.events)
	v.Map = r.unitsMap([]registry.Place{p}, []int{found.in.sites}, found.Sites, v.Sites, tiles)
	switch {
	case len(v.Sites) == 0:
		v.Map.Notes = append(v.Map.Notes, r.say("map.no_sites"))
	case len(v.Sites) < found.in.sites:
		v.Map.Notes = append(v.Map.Notes, r.say("map.first_sites", args{"Shown": r.whole(len(v.Sites)), "N": r.whole(found.in.sites)}))
	}
	scene, err := r.siteScene(p.Code, found.Sites, found.in.vague())
	v.Map.Still = r.still(scene, v.Name)
	return v, err
}

// agreementRows are agreements with what is open about the documented ones.
func (r *reading) agreementRows(views []registry.AgreementView) (rows []AgreementRow, open []OpenQuestion) {
	for _, v := range views {
		row := r.agreementRow(v)
		rows = append(rows, row)
		a := v.Agreement()
		if missing := r.open(a, v.Sites); a.Documentation == registry.Documented && len(missing) > 0 {
			open = append(open, OpenQuestion{row.Title, r.join(missing)})
		}
	}
	return rows, open
}

// siteRows are sites in a list.
func (r *reading) siteRows(sites []registry.Dated) ([]SiteRow, error) {
	var stored []registry.Stored
	for _, s := range sites {
		stored = append(stored, s.Stored)
		for _, c := range slices.Concat(s.State.Applied, s.State.Possible) {
			if err := r.know(c.Amendment); err != nil {
				return nil, err
			}
		}
	}
	if err := r.follow(stored...); err != nil {
		return nil, err
	}
	var rows []SiteRow
	for _, s := range sites {
		rows = append(rows, r.siteRow(s))
	}
	return rows, nil
}

func (r *reading) eventRows(events []registry.Stored) ([]EventRow, error) {
	if err := r.follow(events...); err != nil {
		return nil, err
	}
	var rows []EventRow
	for _, e := range events {
		rows = append(rows, r.eventRow(e))
	}
	return rows, nil
}

// above are the units that hold code, nearest first.
func (r *reading) above(code registry.PlaceCode) []registry.PlaceCode {
	var codes []registry.PlaceCode
	for _, p := range r.gaz.Ancestors(code) {
		codes = append(codes, p.Code)
	}
	slices.Reverse(codes)
	return codes
}

// fromAbove are the agreements and programmes among the records of wider units, each marked with how far it reaches.
func (r *reading) fromAbove(found []registry.Stored) (rows []AgreementRow, programmes []ProgrammeRow, err error) {
	var agreements []registry.Stored
	for _, s := range found {
		switch x := s.Record.(type) {
		case *registry.Agreement:
			agreements = append(agreements, s)
		case *registry.Programme:
			programmes = append(programmes, ProgrammeRow{r.linkTo(x), r.reach(s), r.date(x.Period)})
		}
	}
	views, err := r.agreements(agreements)
	if err != nil {
		return nil, nil, err
	}
	rows, _ = r.agreementRows(views)
	for i := range rows {
		rows[i].Chips = append(rows[i].Chips, Chip{r.reach(agreements[i]), "plain"})
	}
	return rows, programmes, nil
}

// reach says how far a record reaches: the unit that its own place is.
func (r *reading) reach(s registry.Stored) string {
	place := r.nearestPlace(s)
	if place == "" {
		place = r.say("place.country")
	}
	return r.say("reach.from", args{"Place": place})
}

func (r *reading) placeHead(p registry.Place) PlaceHead {
	h := PlaceHead{Kind: r.placeKind(p), Name: r.placeName(p), OtherName: r.otherPlaceName(p), Code: p.Code}
	if p.Population2024 != nil {
		h.Facts = append(h.Facts, Fact{Label: r.say("place.population"), Values: []Value{r.value(r.whole(*p.Population2024))}, Note: r.say("place.census")})
	}
	if p.AreaKM2 != nil {
		h.Facts = append(h.Facts, Fact{Label: r.say("place.area"), Values: []Value{r.value(r.say("unit.km2", args{"Value": r.whole(int(*p.AreaKM2 + 0.5))}))}})
	}
	h.Facts = append(h.Facts, Fact{Label: r.say("place.code"), Values: []Value{{Link: Link{Text: Text{Text: string(p.Code), Dir: "ltr"}}}}})
	return h
}

// placeKind says what a unit is: "Commune urbaine", "Province".
func (r *reading) placeKind(p registry.Place) string {
	if p.Type != "" {
		if s := r.say("place_type." + p.Type); !strings.HasPrefix(s, "⟦") {
			return s
		}
	}
	return label(r.words, "place_level", p.Level)
}

// Tiles is the operator's own background map; empty for none.
type Tiles struct{ URL, Credit string }

func (r *reading) mapWords(name string, more map[string]any) string {
	w := map[string]any{
		"map": r.say("map.name", args{"Place": name}), "zoomIn": r.say("map.zoom_in"), "zoomOut": r.say("map.zoom_out"),
		"whole": r.say("map.whole"), "close": r.say("map.close"), "failed": r.say("map.failed"), "retry": r.say("map.retry"),
	}
	for k, v := range more {
		w[k] = v
	}
	raw, err := json.Marshal(w)
	if err != nil {
		return "{}" // strings always encode
	}
	return string(raw)
}

func bounds(p registry.Place) string {
	if p.Bound == nil {
		return ""
	}
	return boxText(*p.Bound)
}

// boxText writes a box as west,south,east,north: degrees, to about ten metres.
func boxText(b orb.Bound) string {
	return fmt.Sprintf("%.4f,%.4f,%.4f,%.4f", b.Left(), b.Bottom(), b.Right(), b.Top())
}

// countIn is how many sites are in each of some units, for certain.
func (r *reading) countIn(units []registry.Place, sites []registry.Dated) []int {
	counts := make([]int, len(units))
	for i, p := range units {
		for _, s := range sites {
			if r.holder(s, p.Level) == p.Code {
				counts[i]++
			}
		}
	}
	return counts
}

// unitsMap is the map of one or a few units, with how many sites each has. It draws the sites that stand on the page: their rows, in the same order, learn where.
func (r *reading) unitsMap(units []registry.Place, counts []int, sites []registry.Dated, rows []SiteRow, tiles Tiles) MapView {
	for i, s := range sites {
		rows[i].Drawn = r.drawn(s)
	}
	type unitWords struct {
		Badge     string     `json:"badge"`
		Somewhere string     `json:"somewhere"`
		At        *orb.Point `json:"at"` // where the badge stands
	}
	var words []unitWords
	var names, codes []string
	var box *orb.Bound
	for i, p := range units {
		name, count := r.placeName(p), r.count("count.sites", counts[i])
		words = append(words, unitWords{count, r.say("map.somewhere", args{"Sites": count, "Place": r.of(name)}), p.Label})
		names, codes = append(names, name), append(codes, string(p.Code))
		if p.Bound != nil {
			if box == nil {
				box = &orb.Bound{Min: p.Bound.Min, Max: p.Bound.Max}
			}
			*box = box.Union(*p.Bound)
		}
	}
	name := r.join(names)
	m := MapView{
		Kind: "commune", Name: name, Codes: strings.Join(codes, " "), Credit: r.say("credit.map"),
		TileURL: tiles.URL, TileCredit: tiles.Credit, SkipTo: "after-map", Words: r.mapWords(name, map[string]any{"units": words}),
		Legend: []LegendItem{{"boundary", r.say("legend.boundary." + string(units[0].Level))}},
	}
	if box != nil {
		m.Bounds = boxText(*box)
		around := box.Pad(max(box.Right()-box.Left(), box.Top()-box.Bottom()) / 8)
		m.Surroundings = "/api/collections/" + units[0].Level.Plural() + "/items?detail=medium&limit=500&bbox=" + boxText(around)
	}
	for _, sign := range []string{"hatch", "pin", "shape"} {
		if slices.ContainsFunc(rows, func(s SiteRow) bool { return s.sign == sign }) {
			m.Legend = append(m.Legend, LegendItem{sign, r.say("legend." + sign)})
		}
	}
	return m
}

// summary says in one line how much is recorded in a place.
func (r *reading) summary(agreements, sites, events int) string {
	var parts []string
	for _, x := range []struct {
		key string
		n   int
	}{{"count.agreements", agreements}, {"count.sites", sites}, {"count.events", events}} {
		if x.n > 0 {
			parts = append(parts, r.count(x.key, x.n))
		}
	}
	if len(parts) == 0 {
		return r.say("empty.place")
	}
	return r.say("sentence", args{"Text": r.join(parts)})
}

// of puts the preposition before a name: French writes "de Tafraout" and "d’Anzi"; the other languages need none.
func (r *reading) of(name string) string {
	if r.lang != French || name == "" {
		return name
	}
	if strings.ContainsAny(strings.ToLower(name[:1]), "aeiouy") || strings.HasPrefix(name, "É") {
		return "d’" + name
	}
	return "de " + name
}

// signs are how the map draws each precision; what has no sign isn't drawn by itself.
var signs = map[registry.Precision]string{
	registry.PrecisionFootprint: "shape", registry.PrecisionPoint: "pin", registry.PrecisionLocality: "pin", registry.PrecisionCommune: "hatch",
}

// areaMap is the map shaded by number of agreements.
func (r *reading) areaMap(name, shapes, prefix, box string, shades bands, tiles Tiles) MapView {
	return MapView{
		Kind: "area", Name: name, Shapes: shapes, Prefix: prefix, Bounds: box, Words: r.mapWords(name, nil), Credit: r.say("credit.map"),
		TileURL: tiles.URL, TileCredit: tiles.Credit, SkipTo: "after-map", Bands: fmt.Sprintf("%d,%d,%d,%d", shades[0], shades[1], shades[2], shades[3]), Legend: r.legend(shades),
	}
}
