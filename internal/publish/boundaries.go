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
// derived anew at the next start, so that nothing that a release adds is missing until somebody asks for mithaq reindex. A store with the
// operator's own boundaries is left to that command.
const derivation = "2"

// shipped names the program's boundaries and what was made with them.
func shipped() string { return geodata.Version() + " " + derivation }

// ShippedBoundaries puts the program's boundaries into the store unless it holds them, or the operator's own, already. It asks
// before it takes the write lock, so that a start doesn't wait for whoever is writing.
func (p *Publisher) ShippedBoundaries(ctx context.Context) error {
	if wanted, err := wantsShipped(ctx, p.Store); err != nil || !wanted {
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
		if wanted, err := wantsShipped(ctx, w); err != nil || !wanted { // another process may have come first
			return err
		}
		return p.putBoundaries(ctx, w, shipped(), features)
	})
}

// wantsShipped reports whether a store holds neither this program's boundaries nor the operator's own.
func wantsShipped(ctx context.Context, r registry.Reader) (bool, error) {
	holds, err := r.BoundariesVersion(ctx)
	return holds != shipped() && !strings.HasPrefix(holds, operators), err
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

// putBoundaries replaces the boundaries and derives every record anew: where sites are drawn, and how uncertain that is, stands on them.
func (p *Publisher) putBoundaries(ctx context.Context, w registry.Writer, version string, features []registry.Feature) error {
	if err := w.PutBoundaries(ctx, version, features); err != nil {
		return err
	}
	s := p.begin(w)
	return s.deriveAll(ctx, nil)
}
