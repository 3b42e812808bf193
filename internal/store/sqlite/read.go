package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/semaphore"

	"mithaq/internal/edtf"
	"mithaq/internal/registry"
)

// reader implements registry.Reader on a pool or inside a transaction.
type reader struct {
	q querier
	// tallied says that the tally is up to date; a transaction writes it at its end.
	tallied bool
	// plainly asks every question of the features themselves, one by one: what the quicker ways are compared with.
	plainly bool
	// large is from how many features on a collection isn't walked through when the order doesn't matter; 0: it always is.
	large      int
	milestones *milestones         // nil: none
	texts      *semaphore.Weighted // of features, that are put together at once; nil: no bound
}

// selectStored reads records with their places in one statement, so that both are of one publication. Which ones is settled first, without
// what they say: to sort or leave out a whole record costs more than to read it.
const selectStored = `
	SELECT c.id, v.number, v.body, v.at, v.hash,
	  (SELECT json_group_array(json_object('Pointer', p.pointer, 'Match', p.match, 'Code', p.code, 'Score', p.score,
	     'Similar', json(iif(p.similar, 'true', 'false')), 'Candidates', json(p.candidates)) ORDER BY p.position)
	   FROM place_at AS p WHERE p.record_id = c.id)
	FROM (%s) AS c CROSS JOIN revision AS v ON v.seq = c.revision`

const selectChosen = "SELECT r.id, r.revision FROM record AS r WHERE true"

// Record implements registry.Reader.
func (r reader) Record(ctx context.Context, id registry.ID) (registry.Stored, error) {
	found, err := r.RecordsByID(ctx, []registry.ID{id})
	if err != nil {
		return registry.Stored{}, err
	}
	if len(found) == 0 {
		return registry.Stored{}, &registry.Error{Code: registry.NotFound, Message: "There is no such record.", Param: "id", Got: string(id), Takes: "the id of a published record"}
	}
	return found[0], nil
}

// RecordsByID implements registry.Reader.
func (r reader) RecordsByID(ctx context.Context, ids []registry.ID) ([]registry.Stored, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	var s statement
	s.add(selectChosen + " AND r.id IN ")
	list(&s, ids)
	found, err := r.stored(ctx, &s)
	if err != nil {
		return nil, err
	}
	byID := make(map[registry.ID]registry.Stored, len(found))
	for _, x := range found {
		byID[x.ID()] = x
	}
	out := make([]registry.Stored, 0, len(byID))
	for _, id := range ids {
		if x, ok := byID[id]; ok {
			out = append(out, x)
			delete(byID, id) // an id asked twice is answered once
		}
	}
	return out, nil
}

// Records implements registry.Reader.
func (r reader) Records(ctx context.Context, q registry.RecordQuery) ([]registry.Stored, error) {
	if q.Reaches != "" && q.At == "" && len(q.Types)+len(q.PointsTo) == 0 {
		from, err := r.recent(ctx, q.Reaches, q.Limit)
		if err != nil {
			return nil, err
		}
		if from > 0 {
			var s statement
			s.add(selectChosen+" AND r.revision >= ? AND EXISTS (SELECT 1 FROM touch AS t WHERE t.code = ? AND t.own IN (0, 1) AND t.record = r.key) ORDER BY r.revision DESC LIMIT ?",
				from, string(q.Reaches), q.Limit)
			if found, err := r.stored(ctx, &s); err != nil || len(found) == q.Limit {
				return found, err
			}
		}
	}
	var s statement
	s.add(selectChosen)
	s.records(q)
	s.newestFirst(q)
	return r.stored(ctx, &s)
}

const selectRecent = `
	SELECT top, top - n / 2 FROM (
	  SELECT (SELECT coalesce(max(seq), 0) FROM revision) AS top, (SELECT coalesce(sum(n), 0) FROM place_tally WHERE code = ?) AS n)`

// fewestRecent is how many revisions are worth looking at apart: as many of a unit are gone through as quickly.
var fewestRecent int64 = 500

// recent is a revision from which on it is worth looking at one after the other, the newest first, for the newest few of a unit: where the unit has many
// records some of them are there, and if not that cost half of going through all that it has. 0 where it isn't worth it.
func (r reader) recent(ctx context.Context, unit registry.PlaceCode, limit int) (from int64, err error) {
	if limit == 0 || !r.tallied || r.plainly {
		return 0, nil
	}
	var newest int64
	if err := r.q.QueryRowContext(ctx, selectRecent, string(unit)).Scan(&newest, &from); err != nil {
		return 0, translate("read what is recent", err)
	}
	if newest-from < fewestRecent {
		return 0, nil
	}
	return max(1, from), nil
}

// newestFirst orders records r and bounds them as q does.
func (s *statement) newestFirst(q registry.RecordQuery) {
	if isNarrow(q) {
		s.add(" ORDER BY +r.revision DESC") // the few are sorted, rather than all walked in their order
	} else {
		s.add(" ORDER BY r.revision DESC")
	}
	s.add(" LIMIT ?", cmp.Or(q.Limit, -1)) // it stands in the text always: without it the order of a subquery means nothing
}

// isNarrow says whether q selects by more than the records' types.
func isNarrow(q registry.RecordQuery) bool {
	return q.Reaches != "" || q.At != "" || len(q.PointsTo) > 0
}

// records narrows records r to those that q selects, its limit aside.
func (s *statement) records(q registry.RecordQuery) {
	switch {
	case len(q.Types) == 1 && !isNarrow(q):
		s.add(" AND r.type = ?", string(q.Types[0])) // with IN, an index wouldn't give the order
	case len(q.Types) > 0:
		s.add(" AND r.type IN ")
		list(s, q.Types)
	}
	if q.Reaches != "" {
		if len(q.Types) > 0 && !slices.Contains(q.Types, registry.TypeSite) && !slices.Contains(q.Types, registry.TypeAgreement) {
			s.add(" AND EXISTS (SELECT 1 FROM touch AS t WHERE t.code = ? AND t.own IN (0, 1) AND t.record = r.key)", string(q.Reaches)) // of few records
		} else {
			s.add(" AND r.key IN (SELECT record FROM touch WHERE code = ?)", string(q.Reaches))
		}
	}
	if q.At != "" {
		s.add(" AND r.key IN (SELECT record FROM touch WHERE code = ? AND own = 1)", string(q.At))
	}
	if len(q.PointsTo) > 0 {
		s.add(" AND r.id IN (SELECT from_id FROM reference WHERE to_id IN ")
		list(s, q.PointsTo)
		s.add(")")
	}
}

// stored reads the records that chosen, which begins with selectChosen, gives.
func (r reader) stored(ctx context.Context, chosen *statement) ([]registry.Stored, error) {
	rows, err := r.q.QueryContext(ctx, fmt.Sprintf(selectStored, chosen.text.String()), chosen.args...)
	if err != nil {
		return nil, translate("read records", err)
	}
	defer rows.Close()
	var out []registry.Stored
	for rows.Next() {
		var id, at string
		var body, places []byte
		var x registry.Stored
		if err := rows.Scan(&id, &x.Revision, &body, &at, &x.Hash, &places); err != nil {
			return nil, translate("read records", err)
		}
		if x.Record, err = registry.DecodeCanonical(body); err != nil {
			return nil, fmt.Errorf("revision %d of %s: %w", x.Revision, id, err)
		}
		if x.Updated, err = time.Parse(timeForm, at); err != nil {
			return nil, fmt.Errorf("time of revision %d of %s: %w", x.Revision, id, err)
		}
		if err := json.Unmarshal(places, &x.Places); err != nil {
			return nil, fmt.Errorf("places of %s: %w", id, err)
		}
		out = append(out, x)
	}
	return out, translate("read records", rows.Err())
}

const selectRevisions = `
	SELECT v.seq, v.record_id, v.number, v.body, v.author, v.reason, v.at, v.previous, v.hash
	FROM revision AS v
	WHERE true`

// Revisions implements registry.Reader.
func (r reader) Revisions(ctx context.Context, q registry.RevisionQuery) ([]registry.PublishedRevision, error) {
	if q.Reaches != "" && q.Order != registry.OldestFirst && q.After == 0 && q.UpTo == 0 {
		recent, err := r.recent(ctx, q.Reaches, q.Limit)
		if err != nil {
			return nil, err
		}
		if recent > 0 {
			if found, err := r.revisions(ctx, q, recent); err != nil || len(found) == q.Limit {
				return found, err
			}
		}
	}
	return r.revisions(ctx, q, 0)
}

// revisions are Revisions, from one on; 0: all.
func (r reader) revisions(ctx context.Context, q registry.RevisionQuery, recent int64) ([]registry.PublishedRevision, error) {
	var s statement
	s.add(selectRevisions)
	if len(q.Records) > 0 {
		s.add(" AND v.record_id IN ")
		list(&s, q.Records)
	}
	if len(q.Numbers) > 0 {
		s.add(" AND v.number IN ")
		list(&s, q.Numbers)
	}
	switch {
	case q.Reaches != "" && recent > 0:
		s.add(" AND v.seq >= ? AND EXISTS (SELECT 1 FROM record AS r JOIN touch AS t ON t.record = r.key WHERE r.id = v.record_id AND t.code = ? AND t.own IN (0, 1))", recent, string(q.Reaches))
	case q.Reaches != "":
		s.add(" AND v.record_id IN (SELECT r.id FROM touch AS t JOIN record AS r ON r.key = t.record WHERE t.code = ?)", string(q.Reaches))
	}
	if q.About != "" {
		s.add(" AND v.record_id IN (SELECT ? UNION SELECT from_id FROM reference WHERE to_id = ?)", string(q.About), string(q.About))
	}
	if q.UpTo > 0 {
		s.add(" AND v.seq <= ?", q.UpTo)
	}
	switch {
	case q.Order == registry.OldestFirst:
		s.add(" AND v.seq > ? ORDER BY v.seq", q.After)
	case q.After > 0:
		s.add(" AND v.seq < ? ORDER BY v.seq DESC", q.After)
	default:
		s.add(" ORDER BY v.seq DESC")
	}
	if q.Limit > 0 {
		s.add(" LIMIT ?", q.Limit)
	}
	rows, err := r.q.QueryContext(ctx, s.text.String(), s.args...)
	if err != nil {
		return nil, translate("read revisions", err)
	}
	defer rows.Close()
	var out []registry.PublishedRevision
	for rows.Next() {
		var id, at string
		var body []byte
		var x registry.PublishedRevision
		if err := rows.Scan(&x.Seq, &id, &x.Number, &body, &x.Author, &x.Reason, &at, &x.Previous, &x.Hash); err != nil {
			return nil, translate("read revisions", err)
		}
		if x.Record, err = registry.DecodeCanonical(body); err != nil {
			return nil, fmt.Errorf("revision %d of %s: %w", x.Number, id, err)
		}
		if x.At, err = time.Parse(timeForm, at); err != nil {
			return nil, fmt.Errorf("time of revision %d of %s: %w", x.Number, id, err)
		}
		out = append(out, x)
	}
	return out, translate("read revisions", rows.Err())
}

// lastRevision compares times without their Z, as the index revision_by_time has them: RFC 3339 leaves out a fraction that is zero,
// and "05Z" would sort behind "05.6Z".
const lastRevision = `SELECT coalesce(max(seq), 0) FROM revision WHERE rtrim(at, 'Z') <= rtrim(?, 'Z')`

// LastRevision implements registry.Reader.
func (r reader) LastRevision(ctx context.Context, moment time.Time) (seq int64, err error) {
	err = r.q.QueryRowContext(ctx, lastRevision, moment.UTC().Format(timeForm)).Scan(&seq)
	return seq, translate("read the last revision", err)
}

const selectListed = `
	SELECT r.id, r.type, v.at
	FROM record AS r JOIN revision AS v ON v.seq = r.revision
	WHERE r.id > ?
	ORDER BY r.id
	LIMIT ?`

// EachListed implements registry.Reader.
func (r reader) EachListed(ctx context.Context, after registry.ID, limit int, yield func(registry.Listed) error) error {
	if limit == 0 {
		limit = -1 // of SQLite: no bound
	}
	rows, err := r.q.QueryContext(ctx, selectListed, string(after), limit)
	if err != nil {
		return translate("list the records", err)
	}
	defer rows.Close()
	for rows.Next() {
		var x registry.Listed
		var at string
		if err := rows.Scan(&x.ID, &x.Type, &at); err != nil {
			return translate("list the records", err)
		}
		if x.Updated, err = time.Parse(timeForm, at); err != nil {
			return fmt.Errorf("time of %s: %w", x.ID, err)
		}
		if err := yield(x); err != nil {
			return err
		}
	}
	return translate("list the records", rows.Err())
}

const selectNth = `SELECT id FROM record WHERE id > ? ORDER BY id LIMIT 2 OFFSET ?`

// EveryNth implements registry.Reader. An index is walked, which takes a hundredth of reading the records.
func (r reader) EveryNth(ctx context.Context, n int) (out []registry.ID, err error) {
	last := registry.ID("")
	for {
		page, err := r.ids(ctx, selectNth, string(last), n-1)
		if err != nil || len(page) < 2 { // nothing is behind the page
			return out, translate("list the records", err)
		}
		last = page[0]
		out = append(out, last)
	}
}

// ids runs a statement that gives ids.
func (r reader) ids(ctx context.Context, text string, args ...any) (out []registry.ID, err error) {
	rows, err := r.q.QueryContext(ctx, text, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id registry.ID
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		out = append(out, id)
	}
	return out, rows.Err()
}

const selectAgreementDates = `
	SELECT v.body ->> '$.duration' FROM record AS r CROSS JOIN revision AS v ON v.seq = r.revision WHERE r.type = 'agreement' AND v.body ->> '$.duration' <> ''
	UNION
	SELECT s.value ->> '$.date' FROM record AS r CROSS JOIN revision AS v ON v.seq = r.revision CROSS JOIN json_each(v.body, '$.steps') AS s
	WHERE r.type = 'agreement' AND s.value ->> '$.date' <> ''`

// AgreementDates implements registry.Reader.
func (r reader) AgreementDates(ctx context.Context) (out []edtf.Date, err error) {
	rows, err := r.q.QueryContext(ctx, selectAgreementDates)
	if err != nil {
		return nil, translate("read the dates of agreements", err)
	}
	defer rows.Close()
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, translate("read the dates of agreements", err)
		}
		d, err := edtf.Parse(text)
		if err != nil {
			return nil, fmt.Errorf("date of an agreement: %w", err)
		}
		out = append(out, d)
	}
	return out, translate("read the dates of agreements", rows.Err())
}

const countByPlace = `
	SELECT t.code,
	  count(*) FILTER (WHERE v.type = 'agreement' AND v.body ->> '$.documentation' = 'documented'),
	  count(*) FILTER (WHERE v.type = 'agreement' AND v.body ->> '$.documentation' = 'mentioned'),
	  count(*) FILTER (WHERE v.type = 'amendment'),
	  count(*) FILTER (WHERE v.type = 'site'),
	  count(*) FILTER (WHERE v.type = 'event')
	FROM touch AS t JOIN record AS r ON r.key = t.record JOIN published AS v ON v.id = r.id
	GROUP BY t.code`

// CountsByPlace implements registry.Reader.
func (r reader) CountsByPlace(ctx context.Context) (map[registry.PlaceCode]registry.PlaceCounts, error) {
	text := countByPlace
	if r.tallied && !r.plainly {
		text = selectPlaceTally
	}
	rows, err := r.q.QueryContext(ctx, text)
	if err != nil {
		return nil, translate("count by place", err)
	}
	defer rows.Close()
	out := map[registry.PlaceCode]registry.PlaceCounts{}
	for rows.Next() {
		var code registry.PlaceCode
		var c registry.PlaceCounts
		if err := rows.Scan(&code, &c.Agreements, &c.Mentioned, &c.Amendments, &c.Sites, &c.Events); err != nil {
			return nil, translate("count by place", err)
		}
		out[code] = c
	}
	return out, translate("count by place", rows.Err())
}

const countAll = `
	SELECT
	  count(*) FILTER (WHERE type = 'agreement' AND body ->> '$.documentation' = 'documented'),
	  count(*) FILTER (WHERE type = 'agreement' AND body ->> '$.documentation' = 'mentioned'),
	  count(*) FILTER (WHERE type = 'amendment'),
	  count(*) FILTER (WHERE type = 'site'),
	  count(*) FILTER (WHERE type = 'organisation'),
	  count(*) FILTER (WHERE type = 'source'),
	  (SELECT count(DISTINCT t.code) FROM touch AS t JOIN record AS r ON r.key = t.record JOIN published AS p ON p.id = r.id
	   JOIN feature AS f ON f.collection = 'communes' AND f.detail = 'medium' AND f.id = t.code
	   WHERE p.type = 'site' OR p.type = 'agreement' AND p.body ->> '$.documentation' = 'documented'),
	  (SELECT count(*) FROM record AS r WHERE r.type = 'site'
	   AND NOT EXISTS (SELECT 1 FROM place_at AS p WHERE p.record_id = r.id AND p.code <> '')),
	  count(*) FILTER (WHERE type = 'agreement' AND body ->> '$.documentation' = 'documented'
	    AND NOT EXISTS (SELECT 1 FROM json_each(body, '$.steps') AS s
	                    WHERE s.value ->> '$.kind' = 'signed' AND s.value ->> '$.date' <> ''))
	FROM published`

// Totals implements registry.Reader.
func (r reader) Totals(ctx context.Context) (registry.Totals, error) {
	var t registry.Totals
	text := countAll
	if r.tallied && !r.plainly {
		text = selectTotals
	}
	err := r.q.QueryRowContext(ctx, text).Scan(&t.Agreements, &t.Mentioned, &t.Amendments, &t.Sites, &t.Organisations,
		&t.Sources, &t.Communes, &t.SitesNotLocated, &t.AgreementsUndated)
	return t, translate("count all", err)
}

// Search implements registry.Reader. A term with places can't be asked of the word index alone, so each term is a condition on the
// record, and all words together give the rank.
func (r reader) Search(ctx context.Context, q registry.SearchQuery) ([]registry.SearchHit, error) {
	var words []string
	for _, t := range q.Terms {
		words = append(words, t.Words...)
	}
	if len(q.Terms) == 0 {
		return nil, nil
	}
	var s statement
	of := func(t registry.SearchTerm) string { // the sets of a term, as one: each is looked up, the records aren't walked
		set := "SELECT NULL AS key WHERE 0"
		if match := anyOf(t.Words); match != "" {
			set += " UNION ALL SELECT rowid FROM record_words WHERE record_words MATCH " + s.bind(match)
		}
		if len(t.Places) > 0 {
			set += " UNION ALL SELECT t.record FROM touch AS t WHERE t.code IN " + listed(&s, t.Places)
		}
		return "(" + set + ")"
	}
	placed := slices.ContainsFunc(q.Terms, func(t registry.SearchTerm) bool { return len(t.Places) > 0 })
	// Each set is materialized, or the word index is asked anew for every record.
	with, chosen, others := "", "SELECT t.key, t.rank FROM w AS t WHERE 1", q.Terms
	match := anyOf(words)
	if match != "" {
		with = "w AS MATERIALIZED (SELECT rowid AS key, rank FROM record_words WHERE record_words MATCH " + s.bind(match) + "), "
	}
	switch {
	case placed || match == "":
		with += "t AS MATERIALIZED (SELECT DISTINCT key FROM " + of(q.Terms[0]) + "), "
		chosen, others = "SELECT t.key, 0.0 AS rank FROM t WHERE 1", others[1:]
		if match != "" {
			chosen = "SELECT t.key, coalesce(w.rank, 0.0) AS rank FROM t LEFT JOIN w ON w.key = t.key WHERE 1"
		}
	case len(others) == 1: // whatever has one of all words has one of its
		others = nil
	}
	for _, t := range others {
		chosen += " AND t.key IN " + of(t)
	}
	limit := s.bind(q.Limit)
	// The best are chosen before their records are read: those of one rank with the last of them are sorted by id.
	s.add("WITH " + with + "c AS MATERIALIZED (" + chosen + ") SELECT r.id, c.rank FROM c CROSS JOIN record AS r ON r.key = c.key" +
		" WHERE c.rank <= (SELECT max(rank) FROM (SELECT rank FROM c ORDER BY rank LIMIT " + limit + ")) ORDER BY c.rank, r.id LIMIT " + limit)
	rows, err := r.q.QueryContext(ctx, s.text.String(), s.args...)
	if err != nil {
		return nil, translate("search", err)
	}
	defer rows.Close()
	var hits []registry.SearchHit
	for rows.Next() {
		var hit registry.SearchHit
		if err := rows.Scan(&hit.ID, &hit.Rank); err != nil {
			return nil, translate("search", err)
		}
		hits = append(hits, hit)
	}
	return hits, translate("search", rows.Err())
}

// quoted makes a word a string of FTS5: nothing in it is an operator, and quotes are doubled. A NUL would end the query.
var quoted = strings.NewReplacer(`"`, `""`, "\x00", " ")

// anyOf is the FTS5 query for words that begin with one of words; empty when there is none.
func anyOf(words []string) string {
	var query []string
	for _, w := range words {
		query = append(query, `"`+quoted.Replace(w)+`"*`)
	}
	return strings.Join(query, " OR ")
}

// Words implements registry.Reader.
func (r reader) Words(ctx context.Context, prefix string, limit int) ([]string, error) {
	const words = "SELECT term FROM record_vocabulary WHERE term >= ? AND term < ? ORDER BY term LIMIT ?"
	const last = "\U0010ffff" // sorts after every letter
	rows, err := r.q.QueryContext(ctx, words, prefix, prefix+last, limit)
	if err != nil {
		return nil, translate("read the words", err)
	}
	defer rows.Close()
	var out []string
	for rows.Next() {
		var w string
		if err := rows.Scan(&w); err != nil {
			return nil, translate("read the words", err)
		}
		out = append(out, w)
	}
	return out, translate("read the words", rows.Err())
}

// Version implements registry.Reader.
func (r reader) Version(ctx context.Context) (string, error) { return r.setting(ctx, "generation") }

// BoundariesVersion implements registry.Reader.
func (r reader) BoundariesVersion(ctx context.Context) (string, error) {
	return r.setting(ctx, "boundaries")
}

// setting reads what the database knows of itself; empty when it doesn't.
func (r reader) setting(ctx context.Context, name string) (string, error) {
	var value string
	ctx, err := brief(ctx)
	if err != nil {
		return "", err
	}
	err = r.q.QueryRowContext(ctx, "SELECT value FROM setting WHERE name = ?", name).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return value, translate("read setting "+name, err)
}

// SourceText implements registry.Reader.
func (r reader) SourceText(ctx context.Context, source registry.ID) (registry.SourceText, error) {
	var t registry.SourceText
	var attached string
	err := r.q.QueryRowContext(ctx, "SELECT raw, sha256, attached FROM source_text WHERE source_id = ?", string(source)).
		Scan(&t.Raw, &t.SHA256, &attached)
	if errors.Is(err, sql.ErrNoRows) {
		return t, &registry.Error{Code: registry.NotFound, Message: "No text is attached to this source.", Param: "id", Got: string(source), Takes: "a source with its text attached"}
	}
	if err != nil {
		return t, translate("read the text of a source", err)
	}
	t.Attached, err = time.Parse(timeForm, attached)
	return t, err
}
