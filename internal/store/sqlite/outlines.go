package sqlite

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/paulmach/orb"

	"mithaq/internal/edtf"
	"mithaq/internal/registry"
)

// selectSitesOfAgreements has each agreement once, with its sites' keys: a row for each site costs more than all the rest.
const selectSitesOfAgreements = `SELECT agreement, group_concat(key, ' ') FROM feature_agreement GROUP BY agreement ORDER BY agreement`

const countSitesOfAgreements = `SELECT count(*) FROM feature_agreement`

// selectSiteOutlines goes through the features as they lie in the file. What many sites have alike is one text.
const selectSiteOutlines = `
	SELECT f.key, f.id, f.valid_from, nullif(f.valid_until, '` + string(forGood) + `'),
	  concat_ws(char(31), coalesce(f.kind, ''), coalesce(f.status, '')), concat_ws(char(31), coalesce(f.works, '[]'), coalesce(f.trades, '[]')),
	  concat_ws(char(31), f.unit, coalesce(f.location_precision, ''), f.west IS NOT NULL,
	    iif(f.unit = '' AND f.west IS NOT NULL, json_array(f.west, f.south, f.east, f.north), '')),
	  f.figures
	FROM feature AS f NOT INDEXED
	WHERE f.collection = 'sites' AND f.detail = ''`

// underAgreement says that the feature with the key is under an agreement.
type underAgreement struct {
	high, low uint32 // halves of the key, so that a million are twelve megabytes and not sixteen
	agreement uint32 // its place in a list
}

func (u underAgreement) key() int64 { return int64(u.high)<<32 | int64(u.low) }

// EachSiteOutline implements registry.Reader.
func (r reader) EachSiteOutline(ctx context.Context, yield func(registry.SiteOutline) error) error {
	agreements, under, err := r.sitesOfAgreements(ctx)
	if err != nil {
		return err
	}
	alone := make([][]registry.ID, len(agreements)) // the list of one agreement, for nearly every site
	for i, id := range agreements {
		alone[i] = []registry.ID{id}
	}
	sorts, crafts, spots := interned[registry.SiteSort]{}, interned[registry.SiteCraft]{}, interned[registry.SiteSpot]{}
	rows, err := r.q.QueryContext(ctx, selectSiteOutlines)
	if err != nil {
		return translate("outline the sites", err)
	}
	defer rows.Close()
	next := 0
	var key int64
	var id registry.ID
	var from, until, sort, craft, spot, figures sql.RawBytes // once, not for each of a million rows
	for rows.Next() {
		if err := rows.Scan(&key, &id, &from, &until, &sort, &craft, &spot, &figures); err != nil {
			return translate("outline the sites", err)
		}
		o := registry.SiteOutline{ID: id, From: edtf.Day(from), Until: edtf.Day(until)}
		var errs [4]error
		o.Sort, errs[0] = sorts.of(sort, siteSort)
		o.Craft, errs[1] = crafts.of(craft, siteCraft)
		o.Spot, errs[2] = spots.of(spot, siteSpot)
		o.Figures, errs[3] = siteFigures(string(figures))
		if err := cmp.Or(errs[0], errs[1], errs[2], errs[3]); err != nil {
			return fmt.Errorf("outline of %s: %w", o.ID, err)
		}
		for next < len(under) && under[next].key() < key {
			next++
		}
		for ; next < len(under) && under[next].key() == key; next++ {
			if o.Agreements == nil {
				o.Agreements = &alone[under[next].agreement]
				continue
			}
			more := append(slices.Clone(*o.Agreements), agreements[under[next].agreement])
			o.Agreements = &more
		}
		if err := yield(o); err != nil {
			return err
		}
	}
	return translate("outline the sites", rows.Err())
}

// sitesOfAgreements are the agreements that have sites, and which ones, by key.
func (r reader) sitesOfAgreements(ctx context.Context) (agreements []registry.ID, under []underAgreement, err error) {
	var size int
	if err := r.q.QueryRowContext(ctx, countSitesOfAgreements).Scan(&size); err != nil {
		return nil, nil, translate("outline the sites", err)
	}
	under = make([]underAgreement, 0, size)
	rows, err := r.q.QueryContext(ctx, selectSitesOfAgreements)
	if err != nil {
		return nil, nil, translate("outline the sites", err)
	}
	defer rows.Close()
	for rows.Next() {
		var id registry.ID
		var keys string
		if err := rows.Scan(&id, &keys); err != nil {
			return nil, nil, translate("outline the sites", err)
		}
		for text := range strings.FieldsSeq(keys) {
			key, err := strconv.ParseInt(text, 10, 64)
			if err != nil {
				return nil, nil, fmt.Errorf("sites of %s: %w", id, err)
			}
			under = append(under, underAgreement{uint32(key >> 32), uint32(key), uint32(len(agreements))})
		}
		agreements = append(agreements, id)
	}
	slices.SortFunc(under, func(a, b underAgreement) int {
		return cmp.Or(cmp.Compare(a.key(), b.key()), cmp.Compare(a.agreement, b.agreement))
	})
	return agreements, under, translate("outline the sites", rows.Err())
}

// interned are values by the text that they are read from.
type interned[T any] map[string]*T

func (in interned[T]) of(raw []byte, read func([]string) (T, error)) (*T, error) {
	if known := in[string(raw)]; known != nil {
		return known, nil
	}
	value, err := read(strings.Split(string(raw), "\x1f"))
	in[string(raw)] = &value
	return &value, err
}

func siteSort(parts []string) (s registry.SiteSort, err error) {
	if len(parts) != 2 {
		return s, fmt.Errorf("%q is no sort", parts)
	}
	return registry.SiteSort{Kind: registry.SiteKind(parts[0]), Status: registry.SiteStatus(parts[1])}, nil
}

func siteCraft(parts []string) (s registry.SiteCraft, err error) {
	if len(parts) != 2 {
		return s, fmt.Errorf("%q is no craft", parts)
	}
	return s, cmp.Or(json.Unmarshal([]byte(parts[0]), &s.Works), json.Unmarshal([]byte(parts[1]), &s.Trades))
}

func siteSpot(parts []string) (s registry.SiteSpot, err error) {
	if len(parts) != 4 {
		return s, fmt.Errorf("%q is no spot", parts)
	}
	s.Unit, s.Precision, s.Located = registry.PlaceCode(parts[0]), registry.Precision(parts[1]), parts[2] == "1"
	if parts[3] != "" {
		var box [4]float64
		err = json.Unmarshal([]byte(parts[3]), &box)
		s.Bound = &orb.Bound{Min: orb.Point{box[0], box[1]}, Max: orb.Point{box[2], box[3]}}
	}
	return s, err
}

// siteFigures reads the figures of a feature. Where shops are created and restored, it has one qualifier, that of their sum, for both.
func siteFigures(text string) (s registry.SiteFigures, err error) {
	var parts [5]string
	if strings.Count(text, "\x1f") != len(parts)-1 {
		return s, fmt.Errorf("%q are no figures", text)
	}
	for i := range parts {
		parts[i], text, _ = strings.Cut(text, "\x1f")
	}
	figure := func(value string, unit registry.Unit, qualifier string) *registry.Figure {
		if value == "" || err != nil {
			return nil
		}
		f := registry.Figure{Unit: unit, Qualifier: registry.Qualifier(qualifier)}
		err = f.Value.UnmarshalJSON([]byte(value))
		return &f
	}
	s.Created, s.Restored = figure(parts[0], registry.Count, parts[2]), figure(parts[1], registry.Count, parts[2])
	s.Surface = figure(parts[3], registry.SquareMetre, parts[4])
	return s, err
}

const selectAgreementOutlines = `
	SELECT f.id, f.valid_from, f.valid_until, coalesce(f.kind, ''), coalesce(f.documentation, ''), f.first_day, coalesce(f.last_day, ''), a.places,
	  (SELECT json_group_array(p.to_id) FROM (SELECT pointer, to_id FROM reference WHERE from_id = f.id AND pointer GLOB '/parties/*/organisation' ORDER BY pointer) AS p),
	  (SELECT json_group_array(p.to_id) FROM (SELECT pointer, to_id FROM reference WHERE from_id = f.id AND pointer GLOB '/programmes/*/programme' ORDER BY pointer) AS p)
	FROM record AS r CROSS JOIN feature AS f ON f.id = r.id CROSS JOIN feature_properties AS a ON a.key = f.body
	WHERE r.type = 'agreement' AND f.collection = 'agreements' AND f.detail = ''
	ORDER BY r.revision DESC, f.valid_from`

// EachAgreementOutline implements registry.Reader.
func (r reader) EachAgreementOutline(ctx context.Context, yield func(registry.AgreementOutline) error) error {
	rows, err := r.q.QueryContext(ctx, selectAgreementOutlines)
	if err != nil {
		return translate("outline the agreements", err)
	}
	defer rows.Close()
	for rows.Next() {
		var o registry.AgreementOutline
		var first sql.NullString
		var places, parties, programmes sql.RawBytes
		if err := rows.Scan(&o.ID, &o.From, &o.Until, &o.Kind, &o.Documentation, &first, &o.Last, &places, &parties, &programmes); err != nil {
			return translate("outline the agreements", err)
		}
		if o.Until == forGood {
			o.Until = ""
		}
		if o.Dated, o.First = first.Valid, edtf.Day(first.String); o.Last == forGood {
			o.Last = ""
		}
		for _, list := range []struct {
			raw  []byte
			into any
		}{{places, &o.Touches}, {parties, &o.Parties}, {programmes, &o.Programmes}} {
			if err := json.Unmarshal(list.raw, list.into); err != nil {
				return fmt.Errorf("outline of %s: %w", o.ID, err)
			}
		}
		o.Parties, o.Programmes = once(o.Parties), once(o.Programmes)
		if err := yield(o); err != nil {
			return err
		}
	}
	return translate("outline the agreements", rows.Err())
}

// once leaves each id where it stands first.
func once(ids []registry.ID) (out []registry.ID) {
	for _, id := range ids {
		if !slices.Contains(out, id) {
			out = append(out, id)
		}
	}
	return out
}
