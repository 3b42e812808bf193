package sqlite

import (
	"context"
	"fmt"
	"time"

	"mithaq/internal/registry"
)

// Marks are in a table of the connection's own, which is empty between two transactions.
const (
	createMarks = `CREATE TEMP TABLE IF NOT EXISTS marked (type TEXT NOT NULL, key INTEGER NOT NULL, PRIMARY KEY (type, key)) WITHOUT ROWID`
	forgetMarks = `DELETE FROM temp.marked`
	insertMarks = `INSERT OR IGNORE INTO temp.marked (type, key) SELECT r.type, r.key FROM record AS r WHERE true`
	countMarks  = `SELECT count(*) FROM temp.marked`
	takeMarks   = `DELETE FROM temp.marked WHERE type = ? AND key <= ?`

	selectUndecoded = `
		SELECT r.key, r.id, v.number, v.body, v.at, v.hash
		FROM record AS r JOIN revision AS v ON v.seq = r.revision
		WHERE true`

	selectMarked = `
		SELECT r.key, r.id, v.number, v.body, v.at, v.hash
		FROM temp.marked AS m JOIN record AS r ON r.key = m.key JOIN revision AS v ON v.seq = r.revision
		WHERE m.type = ?
		ORDER BY m.key
		LIMIT ?`
)

// beginMarks makes sure that there is a table of marks, and that it is empty.
func (w *writer) beginMarks(ctx context.Context) error {
	if w.marks {
		return nil
	}
	for _, text := range []string{createMarks, forgetMarks} {
		if _, err := w.tx.exec(ctx, text); err != nil {
			return translate("make room for marks", err)
		}
	}
	w.marks = true
	return nil
}

// Mark implements registry.Writer.
func (w *writer) Mark(ctx context.Context, q registry.RecordQuery) error {
	var s statement
	s.add(insertMarks)
	s.records(q)
	return w.mark(ctx, &s)
}

// MarkByID implements registry.Writer.
func (w *writer) MarkByID(ctx context.Context, ids []registry.ID) error {
	var s statement
	s.add(insertMarks + " AND r.id IN ")
	list(&s, ids)
	return w.mark(ctx, &s)
}

func (w *writer) mark(ctx context.Context, s *statement) error {
	if err := w.beginMarks(ctx); err != nil {
		return err
	}
	_, err := w.tx.exec(ctx, s.text.String(), s.args...)
	return translate("mark records", err)
}

// CountMarked implements registry.Writer.
func (w *writer) CountMarked(ctx context.Context) (n int, err error) {
	if err := w.beginMarks(ctx); err != nil {
		return 0, err
	}
	err = w.tx.QueryRowContext(ctx, countMarks).Scan(&n)
	return n, translate("count the marks", err)
}

// TakeMarked implements registry.Writer.
func (w *writer) TakeMarked(ctx context.Context, t registry.Type, limit int) ([]registry.Undecoded, error) {
	if err := w.beginMarks(ctx); err != nil {
		return nil, err
	}
	var last int64
	out, err := w.undecoded(ctx, func(id registry.ID, key int64) {
		w.taken[id], last = key, key
	}, selectMarked, string(t), limit)
	if err != nil || len(out) == 0 {
		return nil, err
	}
	_, err = w.tx.exec(ctx, takeMarks, string(t), last)
	return out, translate("take marks", err)
}

// Undecoded implements registry.Writer.
func (w *writer) Undecoded(ctx context.Context, q registry.RecordQuery) ([]registry.Undecoded, error) {
	var s statement
	s.add(selectUndecoded)
	s.records(q)
	s.newestFirst(q)
	return w.undecoded(ctx, func(registry.ID, int64) {}, s.text.String(), s.args...)
}

// undecoded runs a statement over selectUndecoded's columns and tells the key of each record, too.
func (w *writer) undecoded(ctx context.Context, tell func(id registry.ID, key int64), text string, args ...any) (out []registry.Undecoded, err error) {
	rows, err := w.tx.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, translate("read records", err)
	}
	defer rows.Close()
	for rows.Next() {
		var key int64
		var id registry.ID
		var at string
		var x registry.Undecoded
		if err := rows.Scan(&key, &id, &x.Revision, &x.Body, &at, &x.Hash); err != nil {
			return nil, translate("read records", err)
		}
		if x.Updated, err = time.Parse(timeForm, at); err != nil {
			return nil, fmt.Errorf("time of a record: %w", err)
		}
		tell(id, key)
		out = append(out, x)
	}
	return out, translate("read records", rows.Err())
}
