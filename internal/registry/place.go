package registry

import (
	"slices"

	"github.com/paulmach/orb"
)

// PlaceCode is the census code of an administrative unit, as text because leading zeros count: "09" a region,
// "09.581" a province, "09.581.03" a cercle, "09.581.01.05" a commune. The empty code is no place.
type PlaceCode string

// PlaceLevel is the rank of a unit in the gazetteer.
type PlaceLevel string

// The levels, from the widest to the narrowest.
const (
	LevelCountry        PlaceLevel = "country"
	LevelRegion         PlaceLevel = "region"
	LevelProvince       PlaceLevel = "province"
	LevelPrefecture     PlaceLevel = "prefecture_of_arrondissements"
	LevelCercle         PlaceLevel = "cercle"
	LevelCommune        PlaceLevel = "commune"
	LevelArrondissement PlaceLevel = "arrondissement"
)

// PlaceLevels lists every level, widest first.
var PlaceLevels = []PlaceLevel{LevelCountry, LevelRegion, LevelProvince, LevelPrefecture, LevelCercle, LevelCommune, LevelArrondissement}

// PagedLevels are the levels that have addresses of their own: pages, GeoJSON and collections.
var PagedLevels = []PlaceLevel{LevelRegion, LevelProvince, LevelCommune}

// Plural is the level in the plural, as addresses and collections name it.
func (l PlaceLevel) Plural() string { return string(l) + "s" }

// PlaceMatch says how a written place met the gazetteer. It is a value, not an error: an unresolved place is known to be unknown.
type PlaceMatch string

const (
	MatchExact      PlaceMatch = "exact"      // the unit's own name, but for case, accents and spaces
	MatchAlias      PlaceMatch = "alias"      // a listed variant, or equal under the spelling rules
	MatchConfirmed  PlaceMatch = "confirmed"  // a person decided
	MatchAmbiguous  PlaceMatch = "ambiguous"  // several units fit; none is chosen
	MatchUnresolved PlaceMatch = "unresolved" // no unit fits
	MatchNone       PlaceMatch = "none"       // the source names no place
)

// PlaceMatches lists every match status.
var PlaceMatches = []PlaceMatch{MatchExact, MatchAlias, MatchConfirmed, MatchAmbiguous, MatchUnresolved, MatchNone}

// Located reports whether m puts a place on the map.
func (m PlaceMatch) Located() bool {
	return slices.Contains([]PlaceMatch{MatchExact, MatchAlias, MatchConfirmed}, m)
}

// Precision says what a geometry stands for, so that a commune's point is never read as a workshop's door.
type Precision string

const (
	PrecisionFootprint Precision = "footprint"
	PrecisionPoint     Precision = "point"
	PrecisionLocality  Precision = "locality"
	PrecisionCommune   Precision = "commune"
	PrecisionProvince  Precision = "province"
	PrecisionRegion    Precision = "region"
	PrecisionCountry   Precision = "country"
	PrecisionNone      Precision = "none"
)

// Precisions lists every precision, finest first.
var Precisions = []Precision{PrecisionFootprint, PrecisionPoint, PrecisionLocality, PrecisionCommune, PrecisionProvince, PrecisionRegion, PrecisionCountry, PrecisionNone}

// Place is one unit of the gazetteer.
type Place struct {
	Code           PlaceCode
	Level          PlaceLevel
	Parent         PlaceCode // empty for a region
	Type           string    // "urban" or "rural" for a commune, "province" or "prefecture" for a province
	NameFR, NameAR string
	Aliases        []string
	Population2024 *int     // nil: not counted or not published
	Population2014 *int     // nil likewise
	AreaKM2        *float64 // geodesic area on WGS 84; nil without a boundary
	// Label is a point inside the largest part of the unit, degrees lon then lat (OGC:CRS84): somewhere in it, not its seat.
	// Nil for a unit without a boundary (cercles, prefectures of arrondissements).
	Label *orb.Point
	// Bound is the box of the boundary, degrees (OGC:CRS84); nil without a boundary.
	Bound *orb.Bound
}

// Resolution is what the gazetteer answers for a written place.
type Resolution struct {
	Match      PlaceMatch
	Code       PlaceCode   // the unit chosen; empty unless Match.Located()
	Score      float64     // likeness of the names, 0 to 1
	Similar    bool        // accepted by likeness alone, to be shown as such
	Candidates []PlaceCode // units that a person may choose from, best first; only when none was chosen
}
