package sqlite

import (
	"fmt"
	"path/filepath"
	"testing"

	"mithaq/internal/registry"
)

// What the program reads out of a feature for its columns is what SQLite reads out of the properties.
func TestColumnsHoldWhatThePropertiesSay(t *testing.T) {
	t.Parallel()
	s := openAt(t, filepath.Join(t.TempDir(), "registry.db"))
	texts := []string{
		`{"works":["creation"],"utilities":[],"trades":["pottery","zellige \u00e9\"\\"],"kinds":null,"shops_created":25,"shops_restored":null,"shops_qualifier":"about"}`,
		`{"surface_m2":1000.5,"surface_qualifier":"at_\u006ceast","shops_created":0.125,"shops_restored":-3,"agreements":["a","b","a"]}`,
		`{"surface_m2":123456789012.125,"shops_created":10000000000,"agreements":["b",3,null,{"c":["d"]}]}`,
		`{"works":null,"shops_qualifier":"","agreements":null}`,
		`{"agreements":3,"kinds":["works"],"shops":{"works":["x"],"agreements":["x"]}}`,
		`{}`,
	}
	err := s.Write(t.Context(), func(w registry.Writer) error {
		site := &registry.Site{Header: registry.Header{Type: registry.TypeSite, ID: "site"}}
		if err := w.Append(registry.Revision{Record: site, Author: "a", Reason: "r"})(t.Context()); err != nil {
			return err
		}
		d := registry.Derived{Record: "site"}
		for i, text := range texts {
			for _, collection := range []string{"sites", "agreements"} {
				d.Features = append(d.Features, registry.Feature{Collection: collection, ID: fmt.Sprint(i), JSON: fmt.Appendf(nil, `{"type":"Feature","properties":%s}`, text)})
			}
		}
		return w.Derive(d)(t.Context())
	})
	if err != nil {
		t.Fatal(err)
	}
	for what, question := range map[string]string{
		"columns": `SELECT count(*), count(works) + count(utilities) + count(trades) + count(kinds), count(figures) FROM feature AS f JOIN feature_properties AS p USING (key)
			WHERE works IS (properties -> '$.works') AND utilities IS (properties -> '$.utilities') AND trades IS (properties -> '$.trades') AND kinds IS (properties -> '$.kinds')
			AND figures IS iif(collection = 'sites', concat_ws(char(31), coalesce(properties ->> '$.shops_created', ''), coalesce(properties ->> '$.shops_restored', ''),
			  coalesce(properties ->> '$.shops_qualifier', ''), coalesce(properties ->> '$.surface_m2', ''), coalesce(properties ->> '$.surface_qualifier', '')), NULL)`,
		"agreements": `SELECT (SELECT count(*) FROM (
			  SELECT agreement, key FROM feature_agreement
			  INTERSECT SELECT a.value, p.key FROM feature_properties AS p, json_each(p.properties, '$.agreements') AS a WHERE a.type = 'text')),
			(SELECT count(*) FROM feature_agreement), (SELECT count(DISTINCT a.value || ' ' || p.key) FROM feature_properties AS p, json_each(p.properties, '$.agreements') AS a WHERE a.type = 'text')`,
	} {
		var n, some, others int
		if err := s.reads.QueryRowContext(t.Context(), question).Scan(&n, &some, &others); err != nil {
			t.Fatal(err)
		}
		want := map[string][3]int{"columns": {12, 12, 6}, "agreements": {6, 6, 6}}[what]
		if [3]int{n, some, others} != want {
			t.Errorf("%s: %d, %d, %d are the same; want %v", what, n, some, others, want)
		}
	}
}

// What waits to be written is there for whoever asks within the publication, and goes with what is derived anew.
func TestAPublicationFindsItsFeaturesByUnitAndAgreement(t *testing.T) {
	t.Parallel()
	s := openAt(t, filepath.Join(t.TempDir(), "registry.db"))
	err := s.Write(t.Context(), func(w registry.Writer) error {
		for _, r := range []registry.Record{
			&registry.Agreement{Header: registry.Header{Type: registry.TypeAgreement, ID: "accord"}, Parties: []registry.Party{{Organisation: "org"}}},
			&registry.Organisation{Header: registry.Header{Type: registry.TypeOrganisation, ID: "org"}},
			&registry.Site{Header: registry.Header{Type: registry.TypeSite, ID: "site"}},
		} {
			if err := w.Append(registry.Revision{Record: r, Author: "a", Reason: "r"})(t.Context()); err != nil {
				return err
			}
		}
		for _, derived := range []struct {
			places     []registry.PlaceCode
			agreements string
			inNine     int
			ofOrg      int
		}{
			{[]registry.PlaceCode{"09", "09.001"}, `["accord"]`, 1, 1},
			{[]registry.PlaceCode{"05"}, `["accord"]`, 0, 1},
			{[]registry.PlaceCode{"09"}, `[]`, 1, 0},
		} {
			f := registry.Feature{Collection: "sites", ID: "site", Places: derived.places, JSON: []byte(`{"type":"Feature","properties":{"agreements":` + derived.agreements + `}}`)}
			if err := w.Derive(registry.Derived{Record: "site", Features: []registry.Feature{f}})(t.Context()); err != nil {
				return err
			}
			for _, asked := range []struct {
				q    registry.FeatureQuery
				want int
			}{
				{registry.FeatureQuery{Places: []registry.PlaceCode{"09"}}, derived.inNine},
				{registry.FeatureQuery{Party: "org"}, derived.ofOrg},
			} {
				asked.q.Collection, asked.q.Day = "sites", "2026-01-01"
				if n, err := w.Count(t.Context(), asked.q); err != nil || n != asked.want {
					t.Errorf("%v in %v: %d %v, want %d", derived, asked.q, n, err, asked.want)
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := one(t, s.q, "SELECT group_concat(code) || (SELECT count(*) FROM feature_agreement) FROM feature_place"); got != "090" {
		t.Errorf("at the end there is %s", got)
	}
}
