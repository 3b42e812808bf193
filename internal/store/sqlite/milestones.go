package sqlite

import (
	"context"
	"sync"

	"mithaq/internal/registry"
)

// milestones are ids along a collection in its order, one every so many features, so that a page far from the start is found without a walk
// from there. They are of one publication, and are read again after the next.
type milestones struct {
	every int // features from one to the next

	mu      sync.Mutex
	version string
	kept    map[milestoneRoad][]string
}

// milestoneRoad is what is walked along.
type milestoneRoad struct{ collection, detail, day string }

const (
	milestoneEvery = 1_000
	mostRoads      = 20 // there are as many as days are asked for
)

const selectMilestones = `
	SELECT id FROM (
	  SELECT f.id, row_number() OVER (ORDER BY f.id) AS n
	  FROM feature AS f INDEXED BY feature_by_id
	  WHERE f.collection = ?1 AND f.detail = ?2 AND f.valid_from <= ?3 AND f.valid_until > ?3)
	WHERE n % ?4 = 0`

// shorten makes a question that leaves out many features one that begins at the last milestone among them.
func (m *milestones) shorten(ctx context.Context, r reader, q registry.FeatureQuery) (registry.FeatureQuery, error) {
	ids, err := m.along(ctx, r, milestoneRoad{q.Collection, q.Detail, string(q.Day)})
	if n := min(q.Offset/m.every, len(ids)); n > 0 {
		q.After, q.Offset = ids[n-1], q.Offset-n*m.every
	}
	return q, err
}

func (m *milestones) along(ctx context.Context, r reader, road milestoneRoad) (ids []string, err error) {
	m.mu.Lock() // whoever comes second waits for what the first one reads
	defer m.mu.Unlock()
	version, err := r.Version(ctx)
	if err != nil {
		return nil, err
	}
	if version != m.version || len(m.kept) >= mostRoads {
		m.version, m.kept = version, map[milestoneRoad][]string{}
	}
	ids, ok := m.kept[road]
	if ok {
		return ids, nil
	}
	rows, err := r.q.QueryContext(ctx, selectMilestones, road.collection, road.detail, road.day, m.every)
	if err != nil {
		return nil, translate("read the milestones", err)
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return nil, translate("read the milestones", err)
		}
		ids = append(ids, id)
	}
	if err := rows.Err(); err != nil {
		return nil, translate("read the milestones", err)
	}
	m.kept[road] = ids
	return ids, nil
}
