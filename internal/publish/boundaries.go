package publish

import (
	"context"
	"fmt"
	"strings"

	"github.com/paulmach/orb"

	"mithaq/geodata"
	"mithaq/internal/feature"
	"mithaq/internal/gazetteer"
	"mithaq/internal/registry"
)

// operators marks boundaries that the operator put in place of the shipped ones; a new release leaves them alone.
const operators = "operator:"

// derivation counts the ways in which this program has derived features from records. A store whose features were derived in another is
// derived anew at the next start, so that nothing that a release adds is missing until somebody asks for mithaq reindex.
const derivation = "5"

// shipped names the program's boundaries and what was made with them.
func shipped() string { return geodata.Version() + " " + derivation }

// ShippedBoundaries puts the program's boundaries into the store unless it holds them, or the operator's own, already. It asks
// before it takes the write lock, so that a start doesn't wait for whoever is writing.
func (p *Publisher) ShippedBoundaries(ctx context.Context) error {
	holds, err := p.Store.BoundariesVersion(ctx)
	if own, before, ok := ownBoundaries(holds); ok && before != derivation && err == nil {
		return p.deriveUnder(ctx, own)
	}
	if err != nil || !wantsShipped(holds) {
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
	return p.Store.Write(ctx, func(w registry.Writer) error {
		if holds, err := w.BoundariesVersion(ctx); err != nil || !wantsShipped(holds) { // another process may have come first
			return err
		}
		return p.putBoundaries(ctx, w, shipped(), features)
	})
}

// wantsShipped reports whether a store with these boundaries holds neither this program's nor the operator's own.
func wantsShipped(holds string) bool {
	return holds != shipped() && !strings.HasPrefix(holds, operators)
}

// ownBoundaries takes the name of the operator's boundaries apart into their version and the derivation under them.
func ownBoundaries(holds string) (version, derived string, ok bool) {
	name, ok := strings.CutPrefix(holds, operators)
	i := strings.LastIndexByte(name, ' ')
	return name[:max(i, 0)], name[i+1:], ok && i >= 0
}

// deriveUnder derives everything anew under the operator's boundaries.
func (p *Publisher) deriveUnder(ctx context.Context, version string) error {
	return p.Store.Write(ctx, func(w registry.Writer) error {
		if err := w.NameBoundaries(ctx, operators+version+" "+derivation); err != nil {
			return err
		}
		return p.begin(w).deriveAll(ctx, nil)
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
		return p.putBoundaries(ctx, w, operators+version+" "+derivation, features)
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

// putBoundaries replaces the boundaries and derives every record anew: where sites are drawn, and how uncertain that is, stands on them.
func (p *Publisher) putBoundaries(ctx context.Context, w registry.Writer, version string, features []registry.Feature) error {
	if err := w.PutBoundaries(ctx, version, features); err != nil {
		return err
	}
	s := p.begin(w)
	return s.deriveAll(ctx, nil)
}
