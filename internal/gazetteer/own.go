package gazetteer

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/paulmach/orb"

	"mithaq/internal/registry"
)

// ReadBoundaries reads an operator's own boundaries: a GeoJSON FeatureCollection of polygons (degrees, lon then lat, OGC:CRS84) whose
// property "code" is a census code, each read as strictly as a record's geometry. Errors name the feature by its JSON pointer.
func ReadBoundaries(raw []byte) (map[registry.PlaceCode]orb.MultiPolygon, error) {
	var file struct {
		Features []struct {
			Geometry   json.RawMessage
			Properties struct{ Code registry.PlaceCode }
		}
	}
	if err := json.Unmarshal(raw, &file); err != nil {
		return nil, err
	}
	out := map[registry.PlaceCode]orb.MultiPolygon{}
	for i, f := range file.Features {
		var g registry.Geometry
		if err := json.Unmarshal(f.Geometry, &g); err != nil {
			return nil, fmt.Errorf("/features/%d/geometry: %w", i, err)
		}
		if _, twice := out[f.Properties.Code]; twice || f.Properties.Code == "" {
			return nil, fmt.Errorf("/features/%d/properties/code: got %q; takes a census code, each once", i, f.Properties.Code)
		}
		switch g := g.Geometry.(type) {
		case orb.Polygon:
			out[f.Properties.Code] = orb.MultiPolygon{g}
		case orb.MultiPolygon:
			out[f.Properties.Code] = g
		default:
			return nil, fmt.Errorf("/features/%d/geometry: takes a Polygon or MultiPolygon", i)
		}
	}
	if len(out) == 0 {
		return nil, errors.New("got no features; takes a FeatureCollection of polygons")
	}
	return out, nil
}
