package tile

import (
	"github.com/paulmach/orb"

	"mithaq/internal/gazetteer"
	"mithaq/internal/registry"
)

// DetailAt is how finely boundaries are drawn at a zoom: finer than that, the difference is within a unit or two.
func DetailAt(zoom int) gazetteer.Detail {
	switch {
	case zoom < 7:
		return gazetteer.DetailLow
	case zoom < 12:
		return gazetteer.DetailMedium
	}
	return gazetteer.DetailHigh
}

// AddBoundary draws a unit's boundary in a layer.
func (t *Tile) AddBoundary(places *gazetteer.Gazetteer, layer string, code registry.PlaceCode, boundary orb.Geometry) {
	unit, ok := places.Place(code)
	if !ok {
		return // an operator's own boundaries are of units of the gazetteer, too
	}
	texts := map[string]string{"code": string(code), "name": unit.NameFR, "name_ar": unit.NameAR, "type": unit.Type}
	for _, above := range places.Ancestors(code) {
		switch above.Level {
		case registry.LevelProvince:
			texts["province_code"] = string(above.Code)
		case registry.LevelRegion:
			texts["region_code"] = string(above.Code)
		}
	}
	t.Add(layer, string(code), boundary, known(texts, 0))
}
