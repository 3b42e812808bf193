package registry

import "context"

// HistoryEntry is one step of a history: a revision and what stood before it.
type HistoryEntry struct {
	PublishedRevision
	Before Record // nil for the record's first revision
}

// Differences says what the revision changed; none for the first.
func (h HistoryEntry) Differences() []Difference {
	if h.Before == nil {
		return nil
	}
	return Differences(h.Before, h.Record)
}

// History reads revisions, each with the one before it, in one query more.
func History(ctx context.Context, r Reader, q RevisionQuery) ([]HistoryEntry, error) {
	found, err := r.Revisions(ctx, q)
	if err != nil {
		return nil, err
	}
	var ids []ID
	var numbers []int
	for _, x := range found {
		if x.Previous != "" {
			ids, numbers = append(ids, x.Record.Head().ID), append(numbers, x.Number-1)
		}
	}
	before := map[string]Record{}
	if len(ids) > 0 {
		earlier, err := r.Revisions(ctx, RevisionQuery{Records: ids, Numbers: numbers})
		if err != nil {
			return nil, err
		}
		for _, x := range earlier {
			before[x.Hash] = x.Record
		}
	}
	out := make([]HistoryEntry, len(found))
	for i, x := range found {
		out[i] = HistoryEntry{x, before[x.Previous]}
	}
	return out, nil
}
