package publish

import (
	"context"
	"sync"

	"github.com/paulmach/orb"

	"mithaq/internal/feature"
	"mithaq/internal/gazetteer"
	"mithaq/internal/registry"
)

// publication is one publication inside its transaction.
type publication struct {
	*Publisher
	w          registry.Writer
	boundaries registry.Reader // whose boundaries records are drawn in: w's, except in a replay

	// What is asked again and again, from several goroutines.
	mu       sync.Mutex
	spots    map[registry.PlaceCode]feature.Spot
	shapes   map[registry.PlaceCode]orb.MultiPolygon
	corners  int // of the shapes
	resolved map[gazetteer.Written]registry.Resolution
}

// begin is a publication in w's transaction.
func (p *Publisher) begin(w registry.Writer) *publication {
	return &publication{Publisher: p, w: w, boundaries: w, spots: map[registry.PlaceCode]feature.Spot{},
		shapes: map[registry.PlaceCode]orb.MultiPolygon{}, resolved: map[gazetteer.Written]registry.Resolution{}}
}

// Bounds of what a publication remembers; beyond them it forgets all. The shipped boundaries of all communes have 256,000 corners, of 16 bytes each.
const (
	maxCorners  = 500_000
	maxResolved = 10_000
)

// resolve is the gazetteer's answer, or a person's. A place abroad and the country itself are no unit of the gazetteer.
func (s *publication) resolve(p *registry.WrittenPlace) registry.Resolution {
	switch {
	case p.Confirmed != nil:
		return registry.Resolution{Match: registry.MatchConfirmed, Code: p.Confirmed.Code, Score: 1}
	case p.Country != "" || p.Level == registry.LevelCountry:
		return registry.Resolution{Match: registry.MatchNone}
	}
	written := gazetteer.Written{Name: p.Name, Level: p.Level, Within: p.Within}
	s.mu.Lock()
	answer, ok := s.resolved[written]
	s.mu.Unlock()
	if ok {
		return answer
	}
	answer = s.Places.Resolve(written)
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.resolved) == maxResolved {
		clear(s.resolved)
	}
	s.resolved[written] = answer
	return answer
}

// spot is where something known to be in a unit is drawn, by the boundary that the registry r holds.
func (s *publication) spot(ctx context.Context, r drawn, code registry.PlaceCode) (feature.Spot, bool, error) {
	s.mu.Lock()
	spot, ok := s.spots[code]
	s.mu.Unlock()
	if ok {
		return spot, true, nil
	}
	boundary, err := s.boundary(ctx, r, code)
	if err != nil || boundary == nil {
		return feature.Spot{}, false, err
	}
	unit, _ := s.Places.Place(code)
	spot = feature.SpotIn(unit.Label, boundary)
	s.mu.Lock()
	s.spots[code] = spot
	s.mu.Unlock()
	return spot, true, nil
}

// boundary is a unit's boundary at the finest detail; nil when it has none.
func (s *publication) boundary(ctx context.Context, r drawn, code registry.PlaceCode) (boundary orb.MultiPolygon, err error) {
	unit, _ := s.Places.Place(code)
	collection := feature.BoundaryCollection(unit.Level)
	if collection == "" {
		return nil, nil
	}
	s.mu.Lock()
	boundary, ok := s.shapes[code]
	s.mu.Unlock()
	if ok {
		return boundary, nil
	}
	q := registry.FeatureQuery{Collection: collection, Detail: string(gazetteer.DetailHigh), Day: "0000-01-01", ID: string(code)}
	err = r.EachFeature(ctx, q, func(f registry.Feature) error {
		boundary, _ = f.Geometry.(orb.MultiPolygon)
		return nil
	})
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.corners > maxCorners {
		clear(s.shapes)
		s.corners = 0
	}
	for _, polygon := range boundary {
		for _, ring := range polygon {
			s.corners += len(ring)
		}
	}
	s.shapes[code] = boundary
	return boundary, nil
}
