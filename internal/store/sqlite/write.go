package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/paulmach/orb/encoding/wkb"

	"mithaq/internal/registry"
)

// writer implements registry.Writer inside one transaction.
type writer struct {
	reader
	tx    *sql.Tx
	dirty bool // something was put: the generation counts on
}

const (
	selectLast = `SELECT number, hash FROM revision WHERE record_id = ? ORDER BY number DESC LIMIT 1`

	insertRevision = `
		INSERT INTO revision (record_id, number, body, author, reason, at, previous, hash)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)`

	upsertRecord = `
		INSERT INTO record (id, type, revision) VALUES (?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET revision = excluded.revision`
)

// Append implements registry.Writer.
func (w *writer) Append(ctx context.Context, rev registry.Revision) error {
	w.dirty = true
	head := rev.Record.Head()
	body, err := registry.Canonical(rev.Record)
	if err != nil {
		return err
	}
	number, previous := 0, ""
	err = w.tx.QueryRowContext(ctx, selectLast, string(head.ID)).Scan(&number, &previous)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return translate("read the last revision", err)
	}
	number++
	at := rev.At.UTC().Format(timeForm)
	hash, err := rev.Seal(previous, number, body)
	if err != nil {
		return err
	}
	res, err := w.tx.ExecContext(ctx, insertRevision, string(head.ID), number, string(body), rev.Author, rev.Reason, at, previous, hash)
	if err != nil {
		return translate(fmt.Sprintf("append revision %d of %s", number, head.ID), err)
	}
	seq, err := res.LastInsertId()
	if err != nil {
		return err
	}
	if _, err = w.tx.ExecContext(ctx, upsertRecord, string(head.ID), string(head.Type), seq); err != nil {
		return translate("publish "+string(head.ID), err)
	}
	if _, err = w.tx.ExecContext(ctx, "DELETE FROM reference WHERE from_id = ?", string(head.ID)); err != nil {
		return translate("forget the references of "+string(head.ID), err)
	}
	for _, ref := range rev.Record.References() {
		if _, err = w.tx.ExecContext(ctx, "INSERT INTO reference (from_id, pointer, to_id) VALUES (?, ?, ?)", string(head.ID), ref.Pointer, string(ref.To)); err != nil {
			return translate("reference "+string(head.ID)+ref.Pointer, err)
		}
	}
	return nil
}

// Derive implements registry.Writer.
func (w *writer) Derive(ctx context.Context, d registry.Derived) error {
	w.dirty = true
	id := string(d.Record)
	for _, forget := range []string{
		"DELETE FROM place_at WHERE record_id = ?",
		"DELETE FROM touch WHERE record_id = ?",
		"DELETE FROM record_words WHERE rowid = (SELECT key FROM record WHERE id = ?)",
		"DELETE FROM feature_box WHERE key IN (SELECT key FROM feature WHERE id = ? AND detail = '')",
		"DELETE FROM feature WHERE id = ? AND detail = ''",
	} {
		if _, err := w.tx.ExecContext(ctx, forget, id); err != nil {
			return translate("forget what was derived from "+id, err)
		}
	}
	for i, p := range d.Places {
		candidates, err := json.Marshal(p.Candidates)
		if err != nil {
			return err
		}
		if _, err := w.tx.ExecContext(ctx, `INSERT INTO place_at (record_id, position, pointer, match, code, score, similar, candidates)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?)`, id, i, p.Pointer, string(p.Match), string(p.Code), p.Score, p.Similar, string(candidates)); err != nil {
			return translate("place of "+id, err)
		}
	}
	const touch = `INSERT INTO touch (code, record_id, own) VALUES (?, ?, ?) ON CONFLICT (code, record_id) DO NOTHING`
	for _, code := range d.Own { // first, so that they count as its own
		if _, err := w.tx.ExecContext(ctx, touch, string(code), id, 1); err != nil {
			return translate("place of "+id, err)
		}
	}
	for _, code := range d.Touches {
		if _, err := w.tx.ExecContext(ctx, touch, string(code), id, 0); err != nil {
			return translate("place of "+id, err)
		}
	}
	if len(d.Search) > 0 {
		if _, err := w.tx.ExecContext(ctx, "INSERT INTO record_words (rowid, words) SELECT key, ? FROM record WHERE id = ?", strings.Join(d.Search, " "), id); err != nil {
			return translate("words of "+id, err)
		}
	}
	return w.features(ctx, d.Features)
}

// PutBoundaries implements registry.Writer.
func (w *writer) PutBoundaries(ctx context.Context, version string, features []registry.Feature) error {
	w.dirty = true
	for _, forget := range []string{
		"DELETE FROM feature_box WHERE key IN (SELECT key FROM feature WHERE detail <> '')",
		"DELETE FROM feature WHERE detail <> ''",
	} {
		if _, err := w.tx.ExecContext(ctx, forget); err != nil {
			return translate("forget the boundaries", err)
		}
	}
	if err := w.features(ctx, features); err != nil {
		return err
	}
	_, err := w.tx.ExecContext(ctx, `INSERT INTO setting (name, value) VALUES ('boundaries', ?)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value`, version)
	return translate("name the boundaries", err)
}

const (
	insertFeature = `
		INSERT INTO feature (collection, detail, id, valid_from, valid_until,
		  kind, status, documentation, place_match, location_precision, type,
		  unit, first_day, last_day, west, south, east, north, geometry, body)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	insertBox   = `INSERT INTO feature_box (key, west, east, south, north) VALUES (?, ?, ?, ?, ?)`
	insertPlace = `INSERT INTO feature_place (code, key) VALUES (?, ?) ON CONFLICT DO NOTHING`
)

// features inserts encoded features.
func (w *writer) features(ctx context.Context, features []registry.Feature) error {
	var prepared [3]*sql.Stmt
	for i, text := range []string{insertFeature, insertBox, insertPlace} {
		stmt, err := w.tx.PrepareContext(ctx, text)
		if err != nil {
			return translate("prepare features", err)
		}
		defer stmt.Close()
		prepared[i] = stmt
	}
	for _, f := range features {
		args := []any{f.Collection, f.Detail, f.ID, string(f.From), string(cmp.Or(f.Until, forGood))}
		for _, column := range registry.FeatureColumns {
			value, ok := f.Where[column]
			args = append(args, sql.NullString{String: value, Valid: ok})
		}
		args = append(args, string(f.Unit))
		var days [2]any
		if !f.Date.IsZero() { // an open or unknown end is before, or after, every day
			first, _ := f.Date.Earliest()
			last, _ := f.Date.Latest()
			days = [2]any{string(first), string(cmp.Or(last, forGood))}
		}
		args = append(args, days[0], days[1])
		var box [4]any
		var geometry any
		if f.Geometry != nil {
			b := f.Geometry.Bound()
			box = [4]any{b.Min[0], b.Min[1], b.Max[0], b.Max[1]}
			raw, err := wkb.Marshal(f.Geometry)
			if err != nil {
				return fmt.Errorf("geometry of %s %s: %w", f.Collection, f.ID, err)
			}
			geometry = raw
		}
		args = append(args, box[0], box[1], box[2], box[3], geometry, f.JSON)
		res, err := prepared[0].ExecContext(ctx, args...)
		if err != nil {
			return translate("feature "+f.Collection+" "+f.ID, err)
		}
		key, err := res.LastInsertId()
		if err != nil {
			return err
		}
		if f.Geometry != nil {
			if _, err := prepared[1].ExecContext(ctx, key, box[0], box[2], box[1], box[3]); err != nil {
				return translate("box of "+f.Collection+" "+f.ID, err)
			}
		}
		for _, code := range f.Places {
			if _, err := prepared[2].ExecContext(ctx, string(code), key); err != nil {
				return translate("place of "+f.Collection+" "+f.ID, err)
			}
		}
	}
	return nil
}

// AttachText implements registry.Writer.
func (w *writer) AttachText(ctx context.Context, source registry.ID, text registry.SourceText) error {
	w.dirty = true
	_, err := w.tx.ExecContext(ctx, `INSERT INTO source_text (source_id, raw, sha256, attached) VALUES (?, ?, ?, ?)
		ON CONFLICT (source_id) DO UPDATE SET raw = excluded.raw, sha256 = excluded.sha256, attached = excluded.attached`,
		string(source), text.Raw, text.SHA256, text.Attached.UTC().Format(timeForm))
	return translate("attach a text to "+string(source), err)
}
