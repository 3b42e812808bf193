package gazetteer

import (
	"encoding/json"
	"fmt"

	"github.com/paulmach/orb"

	"mithaq/internal/registry"
)

// Backdrop is what a map shows round and under the units when no tile server is asked: degrees, lon then lat (OGC:CRS84).
type Backdrop struct {
	Neighbours orb.MultiPolygon // the land of all neighbours as one, without borders between them
	Country    orb.MultiPolygon // the country's outline, in low detail
	Labels     []CountryLabel
	Towns      []Town
}

// CountryLabel is a neighbour's name and where to write it.
type CountryLabel struct {
	Point          orb.Point
	NameFR, NameAR string
}

// Town is a town of 20,000 people and more, for orientation alone: its point never sets a commune's place.
type Town struct {
	Point      orb.Point
	Name       string // as GeoNames writes it, in Latin letters
	Population int    // GeoNames' figure, of no stated year
	Commune    registry.PlaceCode
}

// Background decodes the embedded background of the map, anew at each call.
func Background() (*Backdrop, error) {
	const name = "background.topojson"
	t, err := embeddedTopology(name)
	if err != nil {
		return nil, err
	}
	b := &Backdrop{}
	if b.Neighbours, err = t.land("neighbours"); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if b.Country, err = t.land("country"); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	err = t.eachPoint("country_labels", func(p orb.Point, properties []byte) error {
		var is struct {
			NameFR string `json:"name_fr"`
			NameAR string `json:"name_ar"`
		}
		err := json.Unmarshal(properties, &is)
		b.Labels = append(b.Labels, CountryLabel{p, is.NameFR, is.NameAR})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	err = t.eachPoint("towns", func(p orb.Point, properties []byte) error {
		var is struct {
			Name    string             `json:"name"`
			Pop     int                `json:"pop"`
			Commune registry.PlaceCode `json:"commune"`
		}
		err := json.Unmarshal(properties, &is)
		b.Towns = append(b.Towns, Town{p, is.Name, is.Pop, is.Commune})
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return b, nil
}

// land is all the areas of a layer.
func (t *topology) land(layer string) (orb.MultiPolygon, error) {
	var land orb.MultiPolygon
	for _, g := range t.Objects[layer].Geometries {
		area, err := t.multiPolygon(g)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", layer, err)
		}
		land = append(land, area...)
	}
	return land, nil
}

func (t *topology) eachPoint(layer string, yield func(p orb.Point, properties []byte) error) error {
	for i, g := range t.Objects[layer].Geometries {
		p, err := t.point(g)
		if err == nil {
			err = yield(p, g.Properties)
		}
		if err != nil {
			return fmt.Errorf("%s %d: %w", layer, i, err)
		}
	}
	return nil
}

// GeoJSON is the backdrop as one FeatureCollection (RFC 7946). The property "layer" tells neighbours, country,
// country_label and town apart; labels have name_fr and name_ar, towns name, population and commune.
func (b *Backdrop) GeoJSON() ([]byte, error) {
	type properties map[string]any
	type feature struct {
		Type       string     `json:"type"`
		Properties properties `json:"properties"`
		Geometry   struct {
			Type        string       `json:"type"`
			Coordinates orb.Geometry `json:"coordinates"`
		} `json:"geometry"`
	}
	var features []feature
	add := func(g orb.Geometry, p properties) {
		f := feature{Type: "Feature", Properties: p}
		f.Geometry.Type, f.Geometry.Coordinates = g.GeoJSONType(), g
		features = append(features, f)
	}
	add(b.Neighbours, properties{"layer": "neighbours"})
	add(b.Country, properties{"layer": "country"})
	for _, l := range b.Labels {
		add(l.Point, properties{"layer": "country_label", "name_fr": l.NameFR, "name_ar": l.NameAR})
	}
	for _, t := range b.Towns {
		add(t.Point, properties{"layer": "town", "name": t.Name, "population": t.Population, "commune": t.Commune})
	}
	return json.Marshal(struct {
		Type     string    `json:"type"`
		Features []feature `json:"features"`
	}{"FeatureCollection", features})
}
