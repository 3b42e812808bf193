package sqlite

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/mattn/go-sqlite3"

	"mithaq/internal/registry"
)

// writer implements registry.Writer inside one transaction.
type writer struct {
	reader
	tx    *transaction
	dirty bool  // something was put: the generation counts on
	marks bool  // the table of marks is there and was emptied
	tally tally // what is to be added to the tally
	// squares is what is to be added to the squares.
	squares map[squareRow]int
	places  map[placeRow]int // what is to be added to the place tally
	fresh   fresh
	// taken are the keys of records whose marks were taken, until something is derived from them.
	taken map[registry.ID]int64

	waits   int    // features that wait
	waiting keySet // of the records that they are of; nil until one does
	settled int    // features that have waited
	ends    bool   // nothing more comes
}

const (
	selectLast = `SELECT number, hash FROM revision WHERE record_id = ? ORDER BY number DESC LIMIT 1`

	insertRevision = `
		INSERT INTO revision (record_id, number, body, author, reason, at, previous, hash)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)`

	insertRecord = `INSERT INTO record (id, type, counted, revision) VALUES (?, ?, ?, ?)`
	updateRecord = `UPDATE record SET revision = ? WHERE id = ?`

	insertReference = `INSERT INTO reference (from_id, pointer, to_id) VALUES (?, ?, ?)`
	insertPlaceAt   = `INSERT INTO place_at (record_id, position, pointer, match, code, score, similar, candidates) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`
	insertTouch     = `INSERT INTO touch (code, record, own) VALUES (?, ?, ?)`
	insertWords     = `INSERT INTO record_words (rowid, words) VALUES (?, ?)`
)

// Append implements registry.Writer.
func (w *writer) Append(rev registry.Revision) func(context.Context) error {
	a := appending{Revision: rev, head: rev.Record.Head()}
	if a.Body == nil {
		var err error
		if a.Body, err = registry.Canonical(rev.Record); err != nil {
			return func(context.Context) error { return err }
		}
	}
	hash, err := rev.Seal("", 1, a.Body)
	// A record's statements name few sources many times; each is kept once, where it's named first.
	sources := map[registry.ID]bool{}
	for _, ref := range rev.Record.References() {
		if strings.HasPrefix(ref.Pointer, "/statements/") {
			if sources[ref.To] {
				continue
			}
			sources[ref.To] = true
		}
		a.references = append(a.references, ref)
	}
	return func(ctx context.Context) error {
		if err != nil {
			return err
		}
		return w.append(ctx, a, hash)
	}
}

// appending is a revision with what is made of it without the database.
type appending struct {
	registry.Revision
	head       *registry.Header
	references []registry.Reference // those that are kept
}

// append appends a revision, whose hash is given for a record's first one.
func (w *writer) append(ctx context.Context, a appending, hash string) error {
	w.dirty = true
	// Almost every one is the first, so it is tried as that, without a question before: a revision is never replaced.
	seq, err := w.revision(ctx, a, 1, "", hash)
	var refused sqlite3.Error
	first := !(errors.As(err, &refused) && refused.ExtendedCode == sqlite3.ErrConstraintTrigger)
	if !first {
		seq, err = w.next(ctx, a)
	}
	if err != nil {
		return err
	}
	id := string(a.head.ID)
	if first {
		key, err := w.tx.exec(ctx, insertRecord, id, string(a.head.Type), string(registry.CountedAs(a.Record, nil)), seq)
		if err != nil {
			return translate("publish "+id, err)
		}
		w.fresh.add(key)
	} else {
		if _, err := w.tx.exec(ctx, updateRecord, seq, id); err != nil {
			return translate("publish "+id, err)
		}
		if _, err = w.tx.exec(ctx, "DELETE FROM reference WHERE from_id = ?", id); err != nil {
			return translate("forget the references of "+id, err)
		}
	}
	for _, ref := range a.references {
		if _, err := w.tx.exec(ctx, insertReference, id, ref.Pointer, string(ref.To)); err != nil {
			return translate("references of "+id, err)
		}
	}
	return nil
}

// revision inserts a revision.
func (w *writer) revision(ctx context.Context, a appending, number int, previous, hash string) (seq int64, err error) {
	at := a.At.UTC().Format(timeForm)
	seq, err = w.tx.exec(ctx, insertRevision, string(a.head.ID), number, string(a.Body), a.Author, a.Reason, at, previous, hash)
	return seq, translate(fmt.Sprintf("append revision %d of %s", number, a.head.ID), err)
}

// next appends a revision that isn't its record's first.
func (w *writer) next(ctx context.Context, a appending) (seq int64, err error) {
	var number int
	var previous string
	if err := w.tx.QueryRowContext(ctx, selectLast, string(a.head.ID)).Scan(&number, &previous); err != nil {
		return 0, translate("read the last revision", err)
	}
	var key int64
	if err := w.tx.QueryRowContext(ctx, selectKey, string(a.head.ID)).Scan(&key); err != nil {
		return 0, translate("find "+string(a.head.ID), err)
	}
	if err := w.recount(ctx, key, a.Record); err != nil {
		return 0, translate("count "+string(a.head.ID), err)
	}
	number++
	hash, err := a.Seal(previous, number, a.Body)
	if err != nil {
		return 0, err
	}
	return w.revision(ctx, a, number, previous, hash)
}

const selectKey = `SELECT key FROM record WHERE id = ?`

// Derive implements registry.Writer.
func (w *writer) Derive(d registry.Derived) func(context.Context) error {
	rows, err := rowsOf(d.Features)
	var candidates []string
	for _, p := range d.Places {
		list, failed := json.Marshal(p.Candidates)
		candidates, err = append(candidates, string(list)), errors.Join(err, failed)
	}
	return func(ctx context.Context) error {
		if err != nil {
			return err
		}
		return w.derive(ctx, d, candidates, rows)
	}
}

// derive writes what is derived from a record, with the candidates of each of its places and its features.
func (w *writer) derive(ctx context.Context, d registry.Derived, candidates []string, rows []featureRow) error {
	w.dirty = true
	id := string(d.Record)
	key, ok := w.taken[d.Record]
	if delete(w.taken, d.Record); !ok {
		if err := w.tx.QueryRowContext(ctx, selectKey, id).Scan(&key); err != nil {
			return translate("find "+id, err)
		}
	}
	if !w.fresh.take(key) { // something may have been derived from it before
		if err := w.forget(ctx, id, key); err != nil {
			return err
		}
	}
	for i, p := range d.Places {
		if _, err := w.tx.exec(ctx, insertPlaceAt, id, i, p.Pointer, string(p.Match), string(p.Code), p.Score, p.Similar, candidates[i]); err != nil {
			return translate("places of "+id, err)
		}
	}
	var codes []registry.PlaceCode
	for i, code := range slices.Concat(d.Own, d.Touches) { // its own first, so that they count as such
		if slices.Contains(codes, code) {
			continue
		}
		codes = append(codes, code)
		if _, err := w.tx.exec(ctx, insertTouch, string(code), key, i < len(d.Own)); err != nil {
			return translate("what "+id+" touches", err)
		}
	}
	if err := w.countRecord(ctx, key, d.Counted, codes); err != nil {
		return translate("count "+id, err)
	}
	if len(d.Search) > 0 {
		if _, err := w.tx.exec(ctx, insertWords, key, strings.Join(d.Search, " ")); err != nil {
			return translate("words of "+id, err)
		}
	}
	if err := w.features(ctx, rows); err != nil {
		return err
	}
	if len(rows) > 0 && w.waits > 0 {
		w.waiting.add(key)
	}
	return nil
}

// forget takes away what was derived from a record before.
func (w *writer) forget(ctx context.Context, id string, key int64) error {
	if w.waiting.has(key) {
		if err := w.settle(ctx); err != nil {
			return err
		}
	}
	if _, err := w.tx.exec(ctx, countAgain, key, -1); err != nil {
		return translate("count "+id+" no more", err)
	}
	for _, forget := range []struct {
		text string
		arg  any
	}{
		{"DELETE FROM place_at WHERE record_id = ?", id},
		{"DELETE FROM touch WHERE record = ?", key},
		{"DELETE FROM record_words WHERE rowid = ?", key},
	} {
		if _, err := w.tx.exec(ctx, forget.text, forget.arg); err != nil {
			return translate("forget what was derived from "+id, err)
		}
	}
	return w.forgetFeatures(ctx, "f.id = ? AND f.detail = ''", id)
}

// PutBoundaries implements registry.Writer.
func (w *writer) PutBoundaries(ctx context.Context, version string, features []registry.Feature) error {
	w.dirty = true
	if err := w.settle(ctx); err != nil {
		return err
	}
	if err := w.forgetFeatures(ctx, "f.detail <> ''"); err != nil {
		return err
	}
	for i := range features { // one by one: their rows are as large as they are
		rows, err := rowsOf(features[i : i+1])
		if err != nil {
			return err
		}
		if err := w.features(ctx, rows); err != nil {
			return err
		}
	}
	if err := w.settle(ctx); err != nil {
		return err
	}
	return w.NameBoundaries(ctx, version)
}

// NameBoundaries implements registry.Writer.
func (w *writer) NameBoundaries(ctx context.Context, version string) error {
	w.dirty = true
	_, err := w.tx.exec(ctx, `INSERT INTO setting (name, value) VALUES ('boundaries', ?)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value`, version)
	return translate("name the boundaries", err)
}

// AttachText implements registry.Writer.
func (w *writer) AttachText(ctx context.Context, source registry.ID, text registry.SourceText) error {
	w.dirty = true
	_, err := w.tx.exec(ctx, `INSERT INTO source_text (source_id, raw, sha256, attached) VALUES (?, ?, ?, ?)
		ON CONFLICT (source_id) DO UPDATE SET raw = excluded.raw, sha256 = excluded.sha256, attached = excluded.attached`,
		string(source), text.Raw, text.SHA256, text.Attached.UTC().Format(timeForm))
	return translate("attach a text to "+string(source), err)
}
