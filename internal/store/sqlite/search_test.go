package sqlite

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"

	"mithaq/internal/registry"
)

// searchPlainly is Search with each term as a condition on each record.
func searchPlainly(ctx context.Context, q querier, asked registry.SearchQuery) (out []string, err error) {
	var words []string
	for _, t := range asked.Terms {
		words = append(words, t.Words...)
	}
	var s statement
	s.add("SELECT r.id, 0.0 AS rank FROM record AS r WHERE 1")
	if match := anyOf(words); match != "" {
		s = statement{}
		s.add("WITH w AS MATERIALIZED (SELECT rowid AS key, rank FROM record_words WHERE record_words MATCH ?) SELECT r.id, coalesce(w.rank, 0.0) AS rank FROM record AS r LEFT JOIN w ON w.key = r.key WHERE 1", match)
	}
	for _, t := range asked.Terms {
		s.add(" AND (0")
		if match := anyOf(t.Words); match != "" {
			s.add(" OR r.key IN (SELECT rowid FROM record_words WHERE record_words MATCH ?)", match)
		}
		for _, code := range t.Places {
			s.add(" OR EXISTS (SELECT 1 FROM touch AS t WHERE t.record = r.key AND t.code = ?)", string(code))
		}
		s.add(")")
	}
	s.add(" ORDER BY rank, r.id LIMIT ?", asked.Limit)
	rows, err := q.QueryContext(ctx, s.text.String(), s.args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		var rank float64
		if err := rows.Scan(&id, &rank); err != nil {
			return nil, err
		}
		out = append(out, fmt.Sprint(id, rank))
	}
	return out, rows.Err()
}

func TestSearchGivesThePlainAnswer(t *testing.T) {
	t.Parallel()
	random := rand.New(rand.NewPCG(2026, 12))
	s := openAt(t, filepath.Join(t.TempDir(), "registry.db"))
	vocabulary := []string{"atelier", "atlas", "potier", "poterie", "zone", "zelij", "tapis", "tan"}
	err := s.Write(t.Context(), func(w registry.Writer) error {
		for i := range 400 {
			id := registry.ID(fmt.Sprintf("site-%03d", i*7919%400))
			if err := w.Append(registry.Revision{Record: &registry.Site{Header: registry.Header{Type: registry.TypeSite, ID: id}}, Author: "a", Reason: "r"})(t.Context()); err != nil {
				return err
			}
			d := registry.Derived{Record: id}
			for range random.IntN(3) { // many have the same words, and one rank
				d.Search = append(d.Search, pick(random, vocabulary))
			}
			for range random.IntN(3) {
				d.Touches = append(d.Touches, pick(random, someUnits[1:]))
			}
			if err := w.Derive(d)(t.Context()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for range 400 {
		q := registry.SearchQuery{Limit: pick(random, []int{0, 1, 5, 50, 1000})}
		for range 1 + random.IntN(3) {
			var term registry.SearchTerm
			for range random.IntN(3) {
				term.Words = append(term.Words, pick(random, []string{"at", "pot", "poterie", "z", "tapis", "nothing", `"`, "t"}))
			}
			for range random.IntN(3) - 1 {
				term.Places = append(term.Places, pick(random, someUnits[1:]))
			}
			q.Terms = append(q.Terms, term)
		}
		want, err := searchPlainly(t.Context(), s.reads, q)
		if err != nil {
			t.Fatal(err)
		}
		hits, err := s.Search(t.Context(), q)
		var got []string
		for _, h := range hits {
			got = append(got, fmt.Sprint(h.ID, h.Rank))
		}
		if err != nil || !slices.Equal(got, want) {
			t.Fatalf("%+v: %q, %v; want %q", q, got, err, want)
		}
		if len(want) > 1 {
			found++
		}
	}
	if found < 100 {
		t.Errorf("only %d questions had an answer", found)
	}
}
