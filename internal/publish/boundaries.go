package publish

import (
	"context"
	"fmt"

	"github.com/paulmach/orb"

	"mithaq/geodata"
	"mithaq/internal/feature"
	"mithaq/internal/gazetteer"
	"mithaq/internal/registry"
)

// operators marks boundaries that the operator put in place of the shipped ones; a new release leaves them alone.
const operators = "operator:"

// ShippedBoundaries puts the program's boundaries into the store unless it holds them, or the operator's own, already.
func (p *Publisher) ShippedBoundaries(ctx context.Context) error {
	return p.Store.Write(ctx, func(w registry.Writer) error {
		holds, err := w.BoundariesVersion(ctx)
		if err != nil || holds == geodata.Version() || len(holds) > len(operators) && holds[:len(operators)] == operators {
			return err
		}
		var features []registry.Feature
		for _, detail := range gazetteer.Details {
			boundaries, err := gazetteer.Boundaries(detail)
			if err != nil {
				return err
			}
			some, err := p.boundaryFeatures(boundaries, detail)
			if err != nil {
				return err
			}
			features = append(features, some...)
		}
		return p.putBoundaries(ctx, w, geodata.Version(), features)
	})
}

// OwnBoundaries replaces the boundaries by the operator's, which stand for every detail. Units that they leave out have none.
func (p *Publisher) OwnBoundaries(ctx context.Context, version string, boundaries map[registry.PlaceCode]orb.MultiPolygon) error {
	var features []registry.Feature
	for _, detail := range gazetteer.Details {
		some, err := p.boundaryFeatures(boundaries, detail)
		if err != nil {
			return err
		}
		if len(some) != len(boundaries) {
			return fmt.Errorf("%d of %d boundaries are of no region, province, commune or arrondissement of the gazetteer", len(boundaries)-len(some), len(boundaries))
		}
		features = append(features, some...)
	}
	return p.Store.Write(ctx, func(w registry.Writer) error {
		return p.putBoundaries(ctx, w, operators+version, features)
	})
}

func (p *Publisher) boundaryFeatures(boundaries map[registry.PlaceCode]orb.MultiPolygon, detail gazetteer.Detail) (features []registry.Feature, err error) {
	maker := feature.Maker{Places: p.Places}
	for code, boundary := range boundaries {
		f, ok, err := maker.Boundary(code, detail, boundary)
		if err != nil {
			return nil, err
		}
		if ok {
			features = append(features, f)
		}
	}
	return features, nil
}

// putBoundaries replaces the boundaries and derives anew what stands on them: where sites are drawn, and how uncertain that is.
func (p *Publisher) putBoundaries(ctx context.Context, w registry.Writer, version string, features []registry.Feature) error {
	if err := w.PutBoundaries(ctx, version, features); err != nil {
		return err
	}
	s := &publication{Publisher: p, w: w, spots: map[registry.PlaceCode]feature.Spot{}}
	placed, err := w.Records(ctx, registry.RecordQuery{Types: []registry.Type{registry.TypeSite, registry.TypeAgreement}})
	if err != nil {
		return err
	}
	ids := make([]registry.ID, len(placed))
	for i, x := range placed {
		ids[i] = x.ID()
	}
	return s.derive(ctx, ids, nil)
}
