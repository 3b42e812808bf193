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

const (
	insertBody       = `INSERT INTO feature_body (key, body) VALUES (?, ?)`
	insertProperties = `INSERT INTO feature_properties (key, places, properties, geometry) VALUES (?, ?, jsonb_extract(?, '$.properties'), ?)`

	// insertFeature takes the first free one of the keys from ?1 up to ?2; where there is none, it takes ?2 or fails.
	insertFeature = `
		INSERT INTO feature (key, collection, detail, id, valid_from, valid_until,
		  kind, status, documentation, place_match, location_precision, type,
		  unit, first_day, last_day, west, south, east, north, works, utilities, trades, kinds, figures)
		VALUES ((SELECT coalesce(max(key) + 1, ?1) FROM feature WHERE key >= ?1 AND key < ?2), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

	insertBox = `INSERT INTO feature_box (key, west, east, south, north) VALUES (?, ?, ?, ?, ?)`
)

// asked are the properties of a feature that have columns of their own.
type asked struct {
	Works, Utilities, Trades, Kinds json.RawMessage
	ShopsCreated                    json.RawMessage `json:"shops_created"`
	ShopsRestored                   json.RawMessage `json:"shops_restored"`
	ShopsQualifier                  json.RawMessage `json:"shops_qualifier"`
	SurfaceM2                       json.RawMessage `json:"surface_m2"`
	SurfaceQualifier                json.RawMessage `json:"surface_qualifier"`
	Agreements                      json.RawMessage
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
func (a asked) agreements() (ids []string) {
	var list []any
	if json.Unmarshal(a.Agreements, &list) != nil {
		return nil
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
	tally      tallyRow
	places     []registry.PlaceCode // and its unit, each once
	agreements []string
	box        [4]any // west, south, east, north, degrees; nil without geometry
	first, end int64  // of the keys that it may have
	feature    []any  // what insertFeature takes
	properties []any  // what insertProperties takes after the key
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
	row.first, row.end = keysFor(f.Collection, f.Detail, f.Where["kind"], f.Geometry)
	row.tally = tallyRow{collection: f.Collection, detail: f.Detail, located: f.Geometry != nil, from: f.From, until: cmp.Or(f.Until, forGood)}
	row.places = append([]registry.PlaceCode{}, f.Places...)
	if f.Unit != "" {
		row.places = append(row.places, f.Unit)
	}
	slices.Sort(row.places)
	row.places = slices.Compact(row.places)
	placesJSON, err := json.Marshal(row.places)
	if err != nil {
		return row, err
	}
	var geometry any
	if f.Geometry != nil {
		b := f.Geometry.Bound()
		row.box = [4]any{b.Min[0], b.Min[1], b.Max[0], b.Max[1]}
		if geometry, err = wkb.Marshal(f.Geometry); err != nil {
			return row, err
		}
	}
	row.properties = []any{string(placesJSON), string(f.JSON), geometry}
	var properties struct{ Properties asked }
	if err := json.Unmarshal(f.JSON, &properties); err != nil {
		return row, err
	}
	of := properties.Properties
	row.agreements = of.agreements()
	var figures any
	if f.Collection == "sites" {
		if figures, err = of.figures(); err != nil {
			return row, err
		}
	}
	row.feature = []any{row.first, row.end, f.Collection, f.Detail, f.ID, string(f.From), string(row.tally.until)}
	for i, column := range registry.FeatureColumns {
		value := f.Where[column]
		if row.tally.where[i] = value; value != "" {
			row.feature = append(row.feature, value)
		} else {
			row.feature = append(row.feature, nil)
		}
	}
	var days [2]any
	if !f.Date.IsZero() { // an open or unknown end is before, or after, every day
		earliest, _ := f.Date.Earliest()
		latest, _ := f.Date.Latest()
		days = [2]any{string(earliest), string(cmp.Or(latest, forGood))}
	}
	row.feature = append(row.feature, string(f.Unit), days[0], days[1], row.box[0], row.box[1], row.box[2], row.box[3],
		textOr(of.Works), textOr(of.Utilities), textOr(of.Trades), textOr(of.Kinds), figures)
	return row, nil
}

// features inserts features.
func (w *writer) features(ctx context.Context, rows []featureRow) error {
	for _, row := range rows {
		if err := w.feature(ctx, row); err != nil {
			return fmt.Errorf("feature %s %s: %w", row.Collection, row.ID, err)
		}
	}
	return nil
}

func (w *writer) feature(ctx context.Context, row featureRow) error {
	key, err := w.tx.exec(ctx, insertFeature, row.feature...)
	if err != nil {
		return translate("insert it", err)
	}
	if key >= row.end {
		return fmt.Errorf("there are %d at one place already", row.end-row.first)
	}
	exec := func(doing, text string, args ...any) error {
		_, err := w.tx.exec(ctx, text, args...)
		return translate(doing, err)
	}
	if err := exec("insert its body", insertBody, key, row.JSON); err != nil {
		return err
	}
	if err := exec("insert its properties", insertProperties, append([]any{key}, row.properties...)...); err != nil {
		return err
	}
	if row.tally.located && row.first >= others {
		if err := exec("insert its box", insertBox, key, row.box[0], row.box[2], row.box[1], row.box[3]); err != nil {
			return err
		}
	}
	for _, code := range row.places {
		if err := w.gather(ctx, &w.places, string(code), key); err != nil {
			return err
		}
	}
	for _, id := range row.agreements {
		if err := w.gather(ctx, &w.agreements, id, key); err != nil {
			return err
		}
	}
	w.count(row.tally, row.Unit, row.places, +1)
	w.countAt(row.tally, key, +1)
	return w.putCounts(ctx)
}

const selectForgotten = `
	SELECT f.key, f.collection, f.detail, f.valid_from, f.valid_until,
	  coalesce(f.kind, ''), coalesce(f.status, ''), coalesce(f.documentation, ''), coalesce(f.place_match, ''), coalesce(f.location_precision, ''), coalesce(f.type, ''),
	  f.unit, f.west IS NOT NULL, p.places
	FROM feature AS f JOIN feature_properties AS p ON p.key = f.key
	WHERE `

// forgetFeatures takes features away, with all that was made of them.
func (w *writer) forgetFeatures(ctx context.Context, condition string, args ...any) error {
	rows, err := w.tx.QueryContext(ctx, selectForgotten+condition, args...)
	if err != nil {
		return translate("find the features before", err)
	}
	defer rows.Close()
	var keys []int64
	for rows.Next() {
		var key int64
		var row tallyRow
		var unit registry.PlaceCode
		var placesJSON []byte
		var places []registry.PlaceCode
		if err := rows.Scan(&key, &row.collection, &row.detail, &row.from, &row.until,
			&row.where[0], &row.where[1], &row.where[2], &row.where[3], &row.where[4], &row.where[5], &unit, &row.located, &placesJSON); err != nil {
			return translate("find the features before", err)
		}
		if err := json.Unmarshal(placesJSON, &places); err != nil {
			return fmt.Errorf("places of the feature %d: %w", key, err)
		}
		w.count(row, unit, places, -1)
		w.countAt(row, key, -1)
		keys = append(keys, key)
	}
	if err := rows.Err(); err != nil || len(keys) == 0 {
		return translate("find the features before", err)
	}
	gone, err := json.Marshal(keys)
	if err != nil {
		return err
	}
	for _, forget := range []string{
		`DELETE FROM feature_agreement WHERE (agreement, key) IN (SELECT a.value, p.key FROM json_each(?) AS k
			CROSS JOIN feature_properties AS p ON p.key = k.value CROSS JOIN json_each(p.properties, '$.agreements') AS a)`,
		`DELETE FROM feature_place WHERE (code, key) IN (SELECT t.value, p.key FROM json_each(?) AS k
			CROSS JOIN feature_properties AS p ON p.key = k.value CROSS JOIN json_each(p.places) AS t)`,
		`DELETE FROM feature_box WHERE key IN (SELECT value FROM json_each(?))`,
		`DELETE FROM feature_body WHERE key IN (SELECT value FROM json_each(?))`,
		`DELETE FROM feature_properties WHERE key IN (SELECT value FROM json_each(?))`,
		`DELETE FROM feature WHERE key IN (SELECT value FROM json_each(?))`,
	} {
		if _, err := w.tx.exec(ctx, forget, string(gone)); err != nil {
			return translate("forget the features before", err)
		}
	}
	return nil
}
