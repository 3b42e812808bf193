package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"mithaq/internal/registry"
)

// writer implements registry.Writer inside one transaction.
type writer struct {
	reader
	tx    *transaction
	dirty bool             // something was put: the generation counts on
	marks bool             // the table of marks is there and was emptied
	tally map[tallyRow]int // what is to be added to the tally
	// uncounted are records that the place tally doesn't count just now.
	uncounted map[registry.ID]bool
}

const (
	selectLast = `SELECT number, hash FROM revision WHERE record_id = ? ORDER BY number DESC LIMIT 1`

	insertRevision = `
		INSERT INTO revision (record_id, number, body, author, reason, at, previous, hash)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)`

	upsertRecord = `
		INSERT INTO record (id, type, revision) VALUES (?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET revision = excluded.revision`

	// Lists are bound as one value: a call into SQLite costs more than a row.
	insertReferences = `INSERT INTO reference (from_id, pointer, to_id) SELECT ?, value ->> 0, value ->> 1 FROM json_each(?)`
	insertTouches    = `INSERT INTO touch (code, record_id, own) SELECT value, ?, ? FROM json_each(?) WHERE true ON CONFLICT (code, record_id) DO NOTHING`
)

// Append implements registry.Writer.
func (w *writer) Append(ctx context.Context, rev registry.Revision) error {
	w.dirty = true
	head := rev.Record.Head()
	body := rev.Body
	if body == nil {
		var err error
		if body, err = registry.Canonical(rev.Record); err != nil {
			return err
		}
	}
	number, previous := 0, ""
	err := w.tx.QueryRowContext(ctx, selectLast, string(head.ID)).Scan(&number, &previous)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return translate("read the last revision", err)
	}
	if err := w.change(ctx, head.ID, number > 0); err != nil {
		return err
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
	if number > 1 {
		if _, err = w.tx.ExecContext(ctx, "DELETE FROM reference WHERE from_id = ?", string(head.ID)); err != nil {
			return translate("forget the references of "+string(head.ID), err)
		}
	}
	pairs := pointers(rev.Record)
	if len(pairs) == 0 {
		return nil
	}
	list, err := json.Marshal(pairs)
	if err != nil {
		return err
	}
	_, err = w.tx.ExecContext(ctx, insertReferences, string(head.ID), string(list))
	return translate("references of "+string(head.ID), err)
}

// pointers are what a record points at, with where it does. Its statements name few sources many times; each is kept once, where it's named first.
func pointers(r registry.Record) (pairs [][2]string) {
	sources := map[registry.ID]bool{}
	for _, ref := range r.References() {
		if strings.HasPrefix(ref.Pointer, "/statements/") {
			if sources[ref.To] {
				continue
			}
			sources[ref.To] = true
		}
		pairs = append(pairs, [2]string{ref.Pointer, string(ref.To)})
	}
	return pairs
}

// Derive implements registry.Writer.
func (w *writer) Derive(ctx context.Context, d registry.Derived) error {
	w.dirty = true
	id := string(d.Record)
	if err := w.change(ctx, d.Record, true); err != nil {
		return err
	}
	for _, forget := range []string{
		"DELETE FROM place_at WHERE record_id = ?",
		"DELETE FROM touch WHERE record_id = ?",
		"DELETE FROM record_words WHERE rowid = (SELECT key FROM record WHERE id = ?)",
	} {
		if _, err := w.tx.ExecContext(ctx, forget, id); err != nil {
			return translate("forget what was derived from "+id, err)
		}
	}
	if err := w.forgetFeatures(ctx, "f.id = ? AND f.detail = ''", id); err != nil {
		return err
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
	for _, touched := range []struct {
		codes []registry.PlaceCode
		own   int
	}{{d.Own, 1}, {d.Touches, 0}} { // its own first, so that they count as such
		if len(touched.codes) == 0 {
			continue
		}
		codes, err := json.Marshal(touched.codes)
		if err != nil {
			return err
		}
		if _, err := w.tx.ExecContext(ctx, insertTouches, id, touched.own, string(codes)); err != nil {
			return translate("places of "+id, err)
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
	if err := w.forgetFeatures(ctx, "f.detail <> ''"); err != nil {
		return err
	}
	if err := w.features(ctx, features); err != nil {
		return err
	}
	return w.NameBoundaries(ctx, version)
}

// NameBoundaries implements registry.Writer.
func (w *writer) NameBoundaries(ctx context.Context, version string) error {
	w.dirty = true
	_, err := w.tx.ExecContext(ctx, `INSERT INTO setting (name, value) VALUES ('boundaries', ?)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value`, version)
	return translate("name the boundaries", err)
}

// AttachText implements registry.Writer.
func (w *writer) AttachText(ctx context.Context, source registry.ID, text registry.SourceText) error {
	w.dirty = true
	_, err := w.tx.ExecContext(ctx, `INSERT INTO source_text (source_id, raw, sha256, attached) VALUES (?, ?, ?, ?)
		ON CONFLICT (source_id) DO UPDATE SET raw = excluded.raw, sha256 = excluded.sha256, attached = excluded.attached`,
		string(source), text.Raw, text.SHA256, text.Attached.UTC().Format(timeForm))
	return translate("attach a text to "+string(source), err)
}
