package publish

import (
	"context"
	"fmt"

	"mithaq/internal/feature"
	"mithaq/internal/gazetteer"
	"mithaq/internal/registry"
)

// revisionsAtOnce bounds the revisions that a replay holds in memory.
const revisionsAtOnce = 500

// Replay fills the empty store with the revisions of another registry up to one of them, and derives everything from them as publishing
// does: numbers and hashes come out as they were, which is checked. Shapes of boundaries stay where they are: they are read from there
// while deriving, and the store only learns which communes there are, because totals count them.
func (p *Publisher) Replay(ctx context.Context, from registry.Reader, upTo int64) error {
	return p.Store.Write(ctx, func(w registry.Writer) error {
		if err := w.PutBoundaries(ctx, "replay", p.communes()); err != nil {
			return err
		}
		for after := int64(0); upTo > 0; {
			found, err := from.Revisions(ctx, registry.RevisionQuery{Order: registry.OldestFirst, After: after, UpTo: upTo, Limit: revisionsAtOnce})
			if err != nil {
				return err
			}
			if err := p.replay(ctx, w, found); err != nil {
				return err
			}
			if len(found) < revisionsAtOnce {
				break
			}
			after = found[len(found)-1].Seq
		}
		s := p.begin(w)
		s.boundaries = from
		return s.deriveAll(ctx, nil)
	})
}

// replay appends revisions, whose hashes must come out as they were.
func (p *Publisher) replay(ctx context.Context, w registry.Writer, revisions []registry.PublishedRevision) error {
	hashes := map[registry.ID]string{}
	var ids []registry.ID
	for _, x := range revisions {
		if err := w.Append(x.Revision)(ctx); err != nil {
			return err
		}
		id := x.Record.Head().ID
		ids, hashes[id] = append(ids, id), x.Hash
	}
	replayed, err := w.RecordsByID(ctx, ids)
	if err != nil {
		return err
	}
	for _, x := range replayed {
		if x.Hash != hashes[x.ID()] {
			return fmt.Errorf("replay: revision %d of %s has the hash %s, not %s as published", x.Revision, x.ID(), x.Hash, hashes[x.ID()])
		}
	}
	return nil
}

// communes are the features that stand for communes without showing them.
func (p *Publisher) communes() (features []registry.Feature) {
	for _, unit := range p.Places.Places(registry.LevelCommune) {
		features = append(features, registry.Feature{Collection: feature.Communes, Detail: string(gazetteer.DetailMedium), ID: string(unit.Code), JSON: []byte("{}")})
	}
	return features
}
