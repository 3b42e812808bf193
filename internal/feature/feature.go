// Package feature makes map features of records and of boundaries: GeoJSON by RFC 7946 (degrees, longitude first, CRS84,
// id at the top), encoded once when a record is published, so that reading encodes nothing.
//
// A feature without a known place has the geometry null; nothing here makes up a coordinate. A record that amendments change
// has one feature for each stretch of days on which it is the same.
package feature

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/paulmach/orb"

	"mithaq/internal/edtf"
	"mithaq/internal/gazetteer"
	"mithaq/internal/registry"
)

// The collections of features; boundary collections have a detail, the others none.
const (
	Sites           = "sites"
	Agreements      = "agreements"
	Amendments      = "amendments"
	Communes        = "communes"
	Provinces       = "provinces"
	Regions         = "regions"
	Arrondissements = "arrondissements" // kept for placing records, not served
)

// Collections lists the collections that are served.
var Collections = []string{Sites, Agreements, Amendments, Communes, Provinces, Regions}

// BoundaryCollection is where the boundaries of a level are; empty for a level without boundaries.
func BoundaryCollection(level registry.PlaceLevel) string {
	if level == registry.LevelArrondissement || slices.Contains(registry.PagedLevels, level) {
		return level.Plural()
	}
	return ""
}

// Spot is where a record is drawn when only its unit is known: a point in the unit, and the radius that holds all of it.
type Spot struct {
	Point        orb.Point
	UncertaintyM float64
}

// Maker makes features. Spot answers for units with a boundary; ok is false for the others. Resolve answers for a place that an
// amendment writes; what records themselves write is resolved already.
type Maker struct {
	Places  *gazetteer.Gazetteer
	Spot    func(code registry.PlaceCode) (spot Spot, ok bool, err error)
	Resolve func(*registry.WrittenPlace) registry.Resolution
}

// resolution is where a record's own place is in a state: as stored, unless an amendment has moved it.
func (m Maker) resolution(s registry.Stored, state registry.State, place *registry.WrittenPlace) registry.Resolution {
	moved := slices.ContainsFunc(state.Applied, func(c registry.AppliedChange) bool { return registry.Below(c.Path, "/place") })
	switch {
	case !moved:
		return s.Resolution("/place")
	case place == nil:
		return registry.Resolution{Match: registry.MatchNone}
	}
	return m.Resolve(place)
}

// encoded is a GeoJSON feature with its members in the order in which people look for them.
type encoded struct {
	Type       string            `json:"type"`
	ID         string            `json:"id"`
	Geometry   registry.Geometry `json:"geometry"`
	Properties any               `json:"properties"`
}

// encode writes one feature on one line.
func encode(id string, g orb.Geometry, properties any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(encoded{"Feature", id, registry.Geometry{Geometry: g}, properties}); err != nil {
		return nil, fmt.Errorf("encode feature %s: %w", id, err)
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// siteProperties are the public properties of a site, in the order of the contract; what follows "updated" is beyond it.
type siteProperties struct {
	Name             *string             `json:"name"`
	NameAR           *string             `json:"name_ar"`
	NameEN           *string             `json:"name_en"`
	Kind             registry.SiteKind   `json:"kind"`
	CommuneCode      *string             `json:"commune_code"`
	CommuneName      *string             `json:"commune_name"`
	ProvinceCode     *string             `json:"province_code"`
	ProvinceName     *string             `json:"province_name"`
	RegionCode       *string             `json:"region_code"`
	RegionName       *string             `json:"region_name"`
	PlaceAsWritten   *string             `json:"place_as_written"`
	PlaceMatch       registry.PlaceMatch `json:"place_match"`
	Precision        registry.Precision  `json:"location_precision"`
	UncertaintyM     *float64            `json:"coordinate_uncertainty_m"`
	SurfaceM2        *registry.Decimal   `json:"surface_m2"`
	SurfaceQualifier *registry.Qualifier `json:"surface_qualifier"`
	Shops            *registry.Decimal   `json:"shops"`
	ShopsQualifier   *registry.Qualifier `json:"shops_qualifier"`
	Works            []registry.Work     `json:"works"`
	Utilities        []registry.Utility  `json:"utilities"`
	Trades           []registry.Trade    `json:"trades"`
	Status           registry.SiteStatus `json:"status"`
	Agreements       []registry.ID       `json:"agreements"`
	Sources          []registry.ID       `json:"sources"`
	Updated          string              `json:"updated"`
	SurfaceKind      *string             `json:"surface_kind"` // total, plot or covered: what surface_m2 measures
	ShopsCreated     *registry.Decimal   `json:"shops_created"`
	ShopsRestored    *registry.Decimal   `json:"shops_restored"`
	PlaceBySimilar   bool                `json:"place_matched_by_similarity"`
	Localities       []registry.Locality `json:"localities"`
	AmendedBy        []registry.ID       `json:"amended_by"`
	PossiblyAmended  []registry.ID       `json:"possibly_amended_by"`
}

// Placed is a record's own place as features tell it.
type placed struct {
	commune, province, region registry.Place
	codes                     []registry.PlaceCode // the units it is in, widest first
}

// finest is the narrowest of the units; empty when none is known.
func (p placed) finest() registry.PlaceCode {
	if len(p.codes) == 0 {
		return ""
	}
	return p.codes[len(p.codes)-1]
}

// units are the units that a resolution puts a record in; an unresolved place is still within what its context names.
func (m Maker) units(p *registry.WrittenPlace, r registry.Resolution) (out placed) {
	code := r.Code
	if code == "" && p != nil {
		code = p.Within
	}
	if code == "" {
		return out
	}
	self, ok := m.Places.Place(code)
	if !ok {
		return out
	}
	for _, u := range append(m.Places.Ancestors(code), self) {
		out.codes = append(out.codes, u.Code)
		switch u.Level {
		case registry.LevelCommune:
			out.commune = u
		case registry.LevelProvince:
			out.province = u
		case registry.LevelRegion:
			out.region = u
		}
	}
	return out
}

// optional is nil for an empty text.
func optional[T ~string](s T) *string {
	if s == "" {
		return nil
	}
	t := string(s)
	return &t
}

// name picks the version of a text in one language only.
func name(t registry.Texts, lang string) *string {
	if x, ok := t.In(lang); ok && x.Lang == lang {
		return &x.Text
	}
	return nil
}

// Location is where a site is drawn: what its source gives, else a point in its unit, else nowhere.
func (m Maker) Location(site *registry.Site, r registry.Resolution) (g orb.Geometry, precision registry.Precision, uncertaintyM *float64, err error) {
	if p := site.Position; p != nil {
		if p.UncertaintyM != nil {
			u := p.UncertaintyM.Float()
			uncertaintyM = &u
		}
		return p.Geometry.Geometry, p.Precision, uncertaintyM, nil
	}
	if r.Code == "" {
		return nil, registry.PrecisionNone, nil, nil
	}
	unit, _ := m.Places.Place(r.Code)
	precision = levelPrecision(unit.Level)
	spot, ok, err := m.Spot(r.Code)
	if err != nil || !ok {
		return nil, precision, nil, err
	}
	return spot.Point, precision, &spot.UncertaintyM, nil
}

// levelPrecision says how precise it is to know the unit and no more.
func levelPrecision(level registry.PlaceLevel) registry.Precision {
	switch level {
	case registry.LevelArrondissement, registry.LevelCommune:
		return registry.PrecisionCommune
	case registry.LevelCercle, registry.LevelPrefecture, registry.LevelProvince:
		return registry.PrecisionProvince
	case registry.LevelRegion:
		return registry.PrecisionRegion
	case registry.LevelCountry:
		return registry.PrecisionCountry
	}
	return registry.PrecisionNone
}

// Change is an amendment with the time of its publication, which is the time of what it changes, too.
type Change struct {
	Amendment *registry.Amendment
	Updated   time.Time
}

// Site makes the features of a site: one for each stretch of days. changes are the amendments of its agreements.
func (m Maker) Site(s registry.Stored, changes []Change) ([]registry.Feature, error) {
	return stretches(s.Record, changes, func(_ edtf.Day, state registry.State) (registry.Feature, error) {
		site := state.Record.(*registry.Site)
		res := m.resolution(s, state, site.Place)
		geometry, precision, uncertainty, err := m.Location(site, res)
		if err != nil {
			return registry.Feature{}, err
		}
		at := m.units(site.Place, res)
		p := siteProperties{
			Name: name(site.Names, "fr"), NameAR: name(site.Names, "ar"), NameEN: name(site.Names, "en"), Kind: site.Kind,
			CommuneCode: optional(at.commune.Code), CommuneName: optional(at.commune.NameFR),
			ProvinceCode: optional(at.province.Code), ProvinceName: optional(at.province.NameFR),
			RegionCode: optional(at.region.Code), RegionName: optional(at.region.NameFR),
			PlaceMatch: res.Match, Precision: precision, UncertaintyM: uncertainty, PlaceBySimilar: res.Similar,
			Works: list(site.Works), Utilities: list(site.Utilities), Trades: list(site.Trades), Status: site.Status,
			Agreements: list(site.Agreements), Sources: sources(site), Updated: updated(s, state, changes),
			Localities: []registry.Locality{}, AmendedBy: amendments(state.Applied), PossiblyAmended: amendments(state.Possible),
		}
		if site.Place != nil {
			p.PlaceAsWritten = &site.Place.AsWritten
			p.Localities = list(site.Place.Localities)
		}
		for _, x := range []struct {
			kind   string
			figure *registry.Figure
		}{{"total", site.Surface.Total}, {"plot", site.Surface.Plot}, {"covered", site.Surface.Covered}} {
			if x.figure != nil {
				p.SurfaceM2, p.SurfaceQualifier, p.SurfaceKind = &x.figure.Value, &x.figure.Qualifier, &x.kind
				break
			}
		}
		if total, _ := registry.Sum(site.Shops.Created, site.Shops.Restored); total != nil {
			p.Shops, p.ShopsQualifier = &total.Value, &total.Qualifier
		}
		if f := site.Shops.Created; f != nil {
			p.ShopsCreated = &f.Value
		}
		if f := site.Shops.Restored; f != nil {
			p.ShopsRestored = &f.Value
		}
		body, err := encode(string(s.ID()), geometry, p)
		return registry.Feature{
			Collection: Sites, ID: string(s.ID()), Geometry: geometry, Places: at.codes, Unit: at.finest(), JSON: body,
			Where: map[string]string{"kind": string(site.Kind), "status": string(site.Status),
				"place_match": string(res.Match), "location_precision": string(precision)},
		}, err
	})
}

// agreementProperties are the properties of an agreement in its collection.
type agreementProperties struct {
	Title           *string                `json:"title"`
	TitleAR         *string                `json:"title_ar"`
	TitleEN         *string                `json:"title_en"`
	Kind            registry.AgreementKind `json:"kind"`
	Documentation   registry.Documentation `json:"documentation"`
	Several         bool                   `json:"several"` // stands for several agreements whose number isn't told
	Scope           *string                `json:"scope"`
	Signed          *string                `json:"signed"` // EDTF; null when no source gives the date
	CommuneCodes    []registry.PlaceCode   `json:"commune_codes"`
	ProvinceCodes   []registry.PlaceCode   `json:"province_codes"`
	RegionCodes     []registry.PlaceCode   `json:"region_codes"`
	PlaceAsWritten  *string                `json:"place_as_written"`
	PlaceMatch      registry.PlaceMatch    `json:"place_match"`
	Precision       registry.Precision     `json:"location_precision"` // the coarsest among the points
	Parties         []string               `json:"parties"`            // names as written
	PartiesComplete bool                   `json:"parties_complete"`   // false: the source says there are more, or names none
	Programmes      []registry.ID          `json:"programmes"`
	Sites           []registry.ID          `json:"sites"`
	Sources         []registry.ID          `json:"sources"`
	Updated         string                 `json:"updated"`
	AmendedBy       []registry.ID          `json:"amended_by"`
	PossiblyAmended []registry.ID          `json:"possibly_amended_by"`
}

// Agreement makes the features of an agreement: its points are those of its sites, or its own place's. Footprints count by a
// point too, so that the collection has one type of geometry.
func (m Maker) Agreement(a registry.Stored, sites []registry.Stored, changes []Change) ([]registry.Feature, error) {
	return stretches(a.Record, changes, func(day edtf.Day, state registry.State) (registry.Feature, error) {
		ag := state.Record.(*registry.Agreement)
		res := m.resolution(a, state, ag.Place)
		p := agreementProperties{
			Title: name(ag.Titles, "fr"), TitleAR: name(ag.Titles, "ar"), TitleEN: name(ag.Titles, "en"),
			Kind: ag.Kind, Documentation: ag.Documentation, Several: ag.Several, Scope: optional(ag.Scope), PlaceMatch: res.Match,
			PartiesComplete: len(ag.Parties) > 0 && !ag.PartiesIncomplete, Sources: sources(ag), Updated: updated(a, state, changes),
			CommuneCodes: []registry.PlaceCode{}, ProvinceCodes: []registry.PlaceCode{}, RegionCodes: []registry.PlaceCode{},
			Parties: []string{}, Programmes: []registry.ID{}, Sites: []registry.ID{}, Precision: registry.PrecisionNone,
			AmendedBy: amendments(state.Applied), PossiblyAmended: amendments(state.Possible),
		}
		if ag.Place != nil {
			p.PlaceAsWritten = &ag.Place.AsWritten
		}
		var signed edtf.Date
		for _, s := range ag.Steps {
			if s.Kind == registry.StepSigned {
				signed = s.Date
			}
		}
		p.Signed = optional(signed.String())
		for _, x := range ag.Parties {
			p.Parties = append(p.Parties, x.NameAsWritten)
		}
		for _, x := range ag.Programmes {
			p.Programmes = append(p.Programmes, x.Programme)
		}
		at := m.units(ag.Place, res)
		units := []placed{at}
		codes := at.codes
		var points orb.MultiPoint
		put := func(g orb.Geometry, precision registry.Precision) {
			if g == nil {
				return
			}
			for _, pt := range pointsOf(g) {
				if !slices.Contains(points, pt) {
					points = append(points, pt)
				}
			}
			if p.Precision == registry.PrecisionNone || slices.Index(registry.Precisions, precision) > slices.Index(registry.Precisions, p.Precision) {
				p.Precision = precision
			}
		}
		for _, s := range sites {
			now, err := registry.StateOn(s.Record, amendmentsOf(changes), day)
			if err != nil {
				return registry.Feature{}, err
			}
			site := now.Record.(*registry.Site)
			p.Sites = append(p.Sites, s.ID())
			r := m.resolution(s, now, site.Place)
			u := m.units(site.Place, r)
			units = append(units, u)
			codes = append(codes, u.codes...)
			g, precision, _, err := m.Location(site, r)
			if err != nil {
				return registry.Feature{}, err
			}
			put(g, precision)
		}
		if len(points) == 0 && res.Code != "" {
			unit, _ := m.Places.Place(res.Code)
			if spot, ok, err := m.Spot(res.Code); err != nil {
				return registry.Feature{}, err
			} else if ok {
				put(spot.Point, levelPrecision(unit.Level))
			}
		}
		if ag.Scope == registry.ScopeCountry {
			codes = append(codes, registry.Country)
			p.Precision = registry.PrecisionCountry
		}
		for _, u := range units {
			p.CommuneCodes = include(p.CommuneCodes, u.commune.Code)
			p.ProvinceCodes = include(p.ProvinceCodes, u.province.Code)
			p.RegionCodes = include(p.RegionCodes, u.region.Code)
		}
		var geometry orb.Geometry
		if len(points) > 0 {
			geometry = points
		}
		body, err := encode(string(a.ID()), geometry, p)
		return registry.Feature{
			Collection: Agreements, ID: string(a.ID()), Date: signed, Geometry: geometry, Places: codes, JSON: body,
			Where: map[string]string{"kind": string(ag.Kind), "documentation": string(ag.Documentation),
				"place_match": string(res.Match), "location_precision": string(p.Precision)},
		}, err
	})
}

// amendmentProperties are the properties of an amendment in its collection.
type amendmentProperties struct {
	Title         *string                  `json:"title"`
	TitleAR       *string                  `json:"title_ar"`
	TitleEN       *string                  `json:"title_en"`
	Target        registry.ID              `json:"target"`
	Number        *int                     `json:"number"` // null when no source numbers it
	Kinds         []registry.AmendmentKind `json:"kinds"`
	Articles      []string                 `json:"articles"`
	Effective     *string                  `json:"effective"` // EDTF; null when no source gives the date
	Sets          []string                 `json:"sets"`      // JSON pointers into the target; into another record with its id before
	CommuneCodes  []registry.PlaceCode     `json:"commune_codes"`
	ProvinceCodes []registry.PlaceCode     `json:"province_codes"`
	RegionCodes   []registry.PlaceCode     `json:"region_codes"`
	Sources       []registry.ID            `json:"sources"`
	Updated       string                   `json:"updated"`
}

// Amendment makes the one feature of an amendment. It has no geometry: it is a text about an agreement, and drawing it where its agreement
// is drawn would count that twice. units are those that its agreement touches.
func (m Maker) Amendment(s registry.Stored, units []registry.PlaceCode) (registry.Feature, error) {
	a := s.Record.(*registry.Amendment)
	p := amendmentProperties{
		Title: name(a.Titles, "fr"), TitleAR: name(a.Titles, "ar"), TitleEN: name(a.Titles, "en"), Target: a.Target,
		Kinds: list(a.Kinds), Articles: list(a.Articles), Effective: optional(a.Effective.String()), Sets: []string{},
		CommuneCodes: []registry.PlaceCode{}, ProvinceCodes: []registry.PlaceCode{}, RegionCodes: []registry.PlaceCode{},
		Sources: sources(a), Updated: s.Updated.UTC().Format(time.RFC3339),
	}
	if a.Number != 0 {
		p.Number = &a.Number
	}
	for _, c := range a.Sets {
		p.Sets = append(p.Sets, string(c.Record)+c.Path)
	}
	for _, code := range units {
		unit, _ := m.Places.Place(code)
		switch unit.Level {
		case registry.LevelCommune:
			p.CommuneCodes = include(p.CommuneCodes, code)
		case registry.LevelProvince:
			p.ProvinceCodes = include(p.ProvinceCodes, code)
		case registry.LevelRegion:
			p.RegionCodes = include(p.RegionCodes, code)
		}
	}
	body, err := encode(string(a.ID), nil, p)
	return registry.Feature{Collection: Amendments, ID: string(a.ID), Date: a.Effective, Places: units, JSON: body, Where: map[string]string{}}, err
}

// stretches makes a feature for each stretch of days on which base is the same.
func stretches(base registry.Record, changes []Change, one func(edtf.Day, registry.State) (registry.Feature, error)) ([]registry.Feature, error) {
	amendments := amendmentsOf(changes)
	starts := append([]edtf.Day{""}, registry.Turns(amendments)...)
	var out []registry.Feature
	for _, from := range starts {
		day := from
		if day == "" {
			day = "0000-01-01"
		}
		state, err := registry.StateOn(base, amendments, day)
		if err != nil {
			return nil, err
		}
		f, err := one(day, state)
		if err != nil {
			return nil, err
		}
		f.From = from
		if n := len(out); n > 0 {
			if bytes.Equal(out[n-1].JSON, f.JSON) {
				continue
			}
			out[n-1].Until = from
		}
		out = append(out, f)
	}
	return out, nil
}

func amendmentsOf(changes []Change) []*registry.Amendment {
	out := make([]*registry.Amendment, len(changes))
	for i, c := range changes {
		out[i] = c.Amendment
	}
	return out
}

// pointsOf are points that stand for a geometry, each on it.
func pointsOf(g orb.Geometry) []orb.Point {
	switch g := g.(type) {
	case orb.Point:
		return []orb.Point{g}
	case orb.MultiPoint:
		return g
	case orb.LineString:
		return g[len(g)/2 : len(g)/2+1]
	case orb.MultiLineString:
		return pointsOf(g[0])
	case orb.Polygon:
		return []orb.Point{onSurface(orb.MultiPolygon{g})}
	case orb.MultiPolygon:
		return []orb.Point{onSurface(g)}
	}
	return nil
}

// updated is when the feature last changed: its record's revision, or a later one of an amendment that changes it.
func updated(s registry.Stored, state registry.State, changes []Change) string {
	last := s.Updated
	for _, applied := range [][]registry.AppliedChange{state.Applied, state.Possible} {
		for _, a := range applied {
			for _, c := range changes {
				if c.Amendment.ID == a.Amendment && c.Updated.After(last) {
					last = c.Updated
				}
			}
		}
	}
	return last.UTC().Format(time.RFC3339)
}

// sources are those that state something of r, each once, in the order of its statements.
func sources(r registry.Record) []registry.ID {
	out := []registry.ID{}
	for _, s := range r.Head().Statements {
		out = include(out, s.Source)
	}
	return out
}

func amendments(changes []registry.AppliedChange) []registry.ID {
	out := []registry.ID{}
	for _, c := range changes {
		out = include(out, c.Amendment)
	}
	return out
}

// include adds x unless it is empty or there.
func include[T ~string](list []T, x T) []T {
	if x == "" || slices.Contains(list, x) {
		return list
	}
	return append(list, x)
}

// list is an empty list for nil: a property that is a list always is one.
func list[T any](l []T) []T {
	if l == nil {
		return []T{}
	}
	return l
}

// boundaryProperties are the properties of a commune, province or region.
type boundaryProperties struct {
	Code           registry.PlaceCode `json:"code"`
	Level          string             `json:"level"`
	Type           *string            `json:"type"`
	NameFR         string             `json:"name_fr"`
	NameAR         string             `json:"name_ar"`
	ProvinceCode   *string            `json:"province_code"`
	ProvinceName   *string            `json:"province_name"`
	RegionCode     *string            `json:"region_code"`
	RegionName     *string            `json:"region_name"`
	Population2024 *int               `json:"population_2024"`
	Population2014 *int               `json:"population_2014"`
	AreaKM2        *float64           `json:"area_km2"`
	Detail         string             `json:"detail"`
}

// decimals are the digits after the point that each detail is worth: about 11 m, 1 m, 1 m.
var decimals = map[gazetteer.Detail]float64{gazetteer.DetailLow: 1e4, gazetteer.DetailMedium: 1e5, gazetteer.DetailHigh: 1e5}

// Boundary makes the feature of a unit at a detail. ok is false for a unit that is in no gazetteer or of a level without boundaries.
func (m Maker) Boundary(code registry.PlaceCode, detail gazetteer.Detail, boundary orb.MultiPolygon) (f registry.Feature, ok bool, err error) {
	unit, ok := m.Places.Place(code)
	collection := BoundaryCollection(unit.Level)
	if !ok || collection == "" {
		return f, false, nil
	}
	at := m.units(nil, registry.Resolution{Code: code})
	g := rounded(boundary, decimals[detail])
	p := boundaryProperties{
		Code: code, Level: string(unit.Level), Type: optional(unit.Type), NameFR: unit.NameFR, NameAR: unit.NameAR,
		Population2024: unit.Population2024, Population2014: unit.Population2014, AreaKM2: unit.AreaKM2, Detail: string(detail),
	}
	if unit.Level != registry.LevelProvince && unit.Level != registry.LevelRegion {
		p.ProvinceCode, p.ProvinceName = optional(at.province.Code), optional(at.province.NameFR)
	}
	if unit.Level != registry.LevelRegion {
		p.RegionCode, p.RegionName = optional(at.region.Code), optional(at.region.NameFR)
	}
	body, err := encode(string(code), g, p)
	return registry.Feature{
		Collection: collection, Detail: string(detail), ID: string(code), Geometry: g, Places: at.codes, JSON: body,
		Where: map[string]string{"type": unit.Type},
	}, true, err
}

// rounded rounds positions to 1/per degrees, drops the repeats that this makes, and rings that vanish.
func rounded(boundary orb.MultiPolygon, per float64) orb.MultiPolygon {
	var out orb.MultiPolygon
	for _, polygon := range boundary {
		var rings orb.Polygon
		for i, ring := range polygon {
			var r orb.Ring
			for _, p := range ring {
				q := orb.Point{math.Round(p[0]*per) / per, math.Round(p[1]*per) / per}
				if n := len(r); n == 0 || r[n-1] != q {
					r = append(r, q)
				}
			}
			if len(r) < 4 {
				if i == 0 {
					break
				}
				continue
			}
			rings = append(rings, r)
		}
		if len(rings) > 0 {
			out = append(out, rings)
		}
	}
	return out
}

// SpotIn is where something known to be in a unit is drawn: the gazetteer's label point where it lies in the boundary, else a point
// on the boundary's own surface.
func SpotIn(label *orb.Point, boundary orb.MultiPolygon) Spot {
	point := onSurface(boundary)
	if label != nil && gazetteer.Contains(boundary, *label) {
		point = *label
	}
	return Spot{Point: point, UncertaintyM: gazetteer.UncertaintyMetres(point, boundary)}
}

// onSurface is a point inside the polygon with the largest box: the middle of the widest stretch of a line across it.
func onSurface(boundary orb.MultiPolygon) orb.Point {
	var largest orb.Polygon
	size := -1.0
	for _, p := range boundary {
		b := p.Bound()
		if s := (b.Max[0] - b.Min[0]) * (b.Max[1] - b.Min[1]); s > size {
			largest, size = p, s
		}
	}
	b := largest.Bound()
	y := (b.Min[1] + b.Max[1]) / 2
	y = math.Nextafter(y, y+1) // never exactly at a corner's latitude, as rounded positions are
	var xs []float64
	for _, ring := range largest {
		for i := 1; i < len(ring); i++ {
			p, q := ring[i-1], ring[i]
			if (p[1] > y) != (q[1] > y) {
				xs = append(xs, p[0]+(y-p[1])/(q[1]-p[1])*(q[0]-p[0]))
			}
		}
	}
	slices.Sort(xs)
	best := b.Center()
	widest := -1.0
	for i := 1; i < len(xs); i += 2 {
		if w := xs[i] - xs[i-1]; w > widest {
			best, widest = orb.Point{(xs[i] + xs[i-1]) / 2, y}, w
		}
	}
	return best
}
