package sqlite

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/paulmach/orb/encoding/wkb"

	"mithaq/internal/registry"
)

// asked are the properties of a feature that have columns of their own.
type asked struct {
	Works            json.RawMessage `json:"works"`
	Utilities        json.RawMessage `json:"utilities"`
	Trades           json.RawMessage `json:"trades"`
	Kinds            json.RawMessage `json:"kinds"`
	ShopsCreated     json.RawMessage `json:"shops_created"`
	ShopsRestored    json.RawMessage `json:"shops_restored"`
	ShopsQualifier   json.RawMessage `json:"shops_qualifier"`
	SurfaceM2        json.RawMessage `json:"surface_m2"`
	SurfaceQualifier json.RawMessage `json:"surface_qualifier"`
	Agreements       json.RawMessage `json:"agreements"`
}

// figures are the values of the column of that name, of a site.
func (a asked) figures() (string, error) {
	var texts []string
	for _, raw := range []json.RawMessage{a.ShopsCreated, a.ShopsRestored, a.ShopsQualifier, a.SurfaceM2, a.SurfaceQualifier} {
		text := string(raw)
		if text == "null" {
			text = ""
		}
		if strings.HasPrefix(text, `"`) {
			if err := json.Unmarshal(raw, &text); err != nil {
				return "", err
			}
		}
		texts = append(texts, text)
	}
	return strings.Join(texts, "\x1f"), nil
}

// agreements are the ids of agreements that a site names, each once. Whatever else stands there is none.
func (a asked) agreements() []string {
	ids := []string{}
	var list []any
	if json.Unmarshal(a.Agreements, &list) != nil {
		return ids
	}
	for _, x := range list {
		if id, ok := x.(string); ok && !slices.Contains(ids, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

// textOr is a JSON text, nil when there is none.
func textOr(raw json.RawMessage) any {
	if raw == nil {
		return nil
	}
	return string(raw)
}

// featureRow is a feature with all that its rows hold but the key.
type featureRow struct {
	registry.Feature
	tally   tallySort
	places  []registry.PlaceCode // and its unit, each once
	first   int64                // of the keys that it may have
	columns []any                // what insertWaiting takes
}

// rowsOf are the rows of features, as far as they take no look at the database.
func rowsOf(features []registry.Feature) ([]featureRow, error) {
	var rows []featureRow
	for _, f := range features {
		row, err := rowOf(f)
		if err != nil {
			return nil, fmt.Errorf("feature %s %s: %w", f.Collection, f.ID, err)
		}
		rows = append(rows, row)
	}
	return rows, nil
}

func rowOf(f registry.Feature) (row featureRow, err error) {
	row.Feature = f
	var end int64
	row.first, end = keysFor(f.Collection, f.Detail, f.Where["kind"], f.Geometry)
	row.tally = tallySort{collection: f.Collection, detail: f.Detail, located: f.Geometry != nil, from: f.From, until: cmp.Or(f.Until, forGood)}
	row.places = append([]registry.PlaceCode{}, f.Places...)
	if f.Unit != "" {
		row.places = append(row.places, f.Unit)
	}
	slices.Sort(row.places)
	row.places = slices.Compact(row.places)
	places, err := json.Marshal(row.places)
	if err != nil {
		return row, err
	}
	var box [4]any
	var geometry any
	if f.Geometry != nil {
		b := f.Geometry.Bound()
		box = [4]any{b.Min[0], b.Min[1], b.Max[0], b.Max[1]}
		if geometry, err = wkb.Marshal(f.Geometry); err != nil {
			return row, err
		}
	}
	var properties struct {
		Properties asked `json:"properties"`
	}
	if err := registry.UnmarshalOwn(f.JSON, &properties); err != nil {
		return row, err
	}
	of := properties.Properties
	agreements, err := json.Marshal(of.agreements())
	if err != nil {
		return row, err
	}
	var figures any
	if f.Collection == "sites" {
		if figures, err = of.figures(); err != nil {
			return row, err
		}
	}
	row.columns = []any{row.first, end, f.Collection, f.Detail, f.ID, string(f.From), string(row.tally.until)}
	for i, column := range registry.FeatureColumns {
		value := f.Where[column]
		if row.tally.where[i] = value; value != "" {
			row.columns = append(row.columns, value)
		} else {
			row.columns = append(row.columns, nil)
		}
	}
	var days [2]any
	if !f.Date.IsZero() { // an open or unknown end is before, or after, every day
		earliest, _ := f.Date.Earliest()
		latest, _ := f.Date.Latest()
		days = [2]any{string(earliest), string(cmp.Or(latest, forGood))}
	}
	row.columns = append(row.columns, string(f.Unit), days[0], days[1], box[0], box[1], box[2], box[3],
		textOr(of.Works), textOr(of.Utilities), textOr(of.Trades), textOr(of.Kinds), figures, string(places), string(agreements), geometry, []byte(f.JSON))
	return row, nil
}

// features takes features in.
func (w *writer) features(ctx context.Context, rows []featureRow) error {
	for _, row := range rows {
		w.tally.count(row.tally, row.Unit, row.places, +1)
		w.countAt(row.tally, row.first, +1)
		if err := w.wait(ctx, row); err != nil {
			return fmt.Errorf("feature %s %s: %w", row.Collection, row.ID, err)
		}
		if err := w.putCounts(ctx); err != nil {
			return err
		}
		if w.waits >= mostWaiting {
			if err := w.settle(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

const selectForgotten = `
	SELECT f.key, f.body, f.collection, f.detail, f.valid_from, f.valid_until,
	  coalesce(f.kind, ''), coalesce(f.status, ''), coalesce(f.documentation, ''), coalesce(f.place_match, ''), coalesce(f.location_precision, ''), coalesce(f.type, ''),
	  f.unit, f.west IS NOT NULL, p.places
	FROM feature AS f JOIN feature_properties AS p ON p.key = f.body
	WHERE `

// forgetFeatures takes features away, with all that was made of them. None of them waits.
func (w *writer) forgetFeatures(ctx context.Context, condition string, args ...any) error {
	rows, err := w.tx.QueryContext(amongSettled(ctx), selectForgotten+condition, args...)
	if err != nil {
		return translate("find the features before", err)
	}
	defer rows.Close()
	var keys, bodies []int64
	for rows.Next() {
		var key, body int64
		var row tallySort
		var unit registry.PlaceCode
		var placesJSON []byte
		var places []registry.PlaceCode
		if err := rows.Scan(&key, &body, &row.collection, &row.detail, &row.from, &row.until,
			&row.where[0], &row.where[1], &row.where[2], &row.where[3], &row.where[4], &row.where[5], &unit, &row.located, &placesJSON); err != nil {
			return translate("find the features before", err)
		}
		if err := json.Unmarshal(placesJSON, &places); err != nil {
			return fmt.Errorf("places of the feature %d: %w", key, err)
		}
		w.tally.count(row, unit, places, -1)
		w.countAt(row, key, -1)
		keys, bodies = append(keys, key), append(bodies, body)
	}
	if err := rows.Err(); err != nil || len(keys) == 0 {
		return translate("find the features before", err)
	}
	gone, err := json.Marshal(keys)
	if err != nil {
		return err
	}
	goneBodies, err := json.Marshal(bodies)
	if err != nil {
		return err
	}
	for _, forget := range []struct {
		text string
		list []byte
	}{
		{`DELETE FROM feature_agreement WHERE (agreement, key) IN (SELECT a.value, f.key FROM json_each(?) AS k
			CROSS JOIN feature AS f ON f.key = k.value CROSS JOIN feature_properties AS p ON p.key = f.body CROSS JOIN json_each(p.properties, '$.agreements') AS a)`, gone},
		{`DELETE FROM feature_place WHERE (code, key) IN (SELECT t.value, f.key FROM json_each(?) AS k
			CROSS JOIN feature AS f ON f.key = k.value CROSS JOIN feature_properties AS p ON p.key = f.body CROSS JOIN json_each(p.places) AS t)`, gone},
		{`DELETE FROM feature_box WHERE key IN (SELECT value FROM json_each(?))`, gone},
		{`DELETE FROM feature_body WHERE key IN (SELECT value FROM json_each(?))`, goneBodies},
		{`DELETE FROM feature_properties WHERE key IN (SELECT value FROM json_each(?))`, goneBodies},
		{`DELETE FROM feature WHERE key IN (SELECT value FROM json_each(?))`, gone},
	} {
		if _, err := w.tx.exec(ctx, forget.text, string(forget.list)); err != nil {
			return translate("forget the features before", err)
		}
	}
	return nil
}
