package sqlite

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/paulmach/orb"

	"mithaq/internal/cql"
	"mithaq/internal/registry"
	"mithaq/internal/store/sqlgen"
)

// selection is a question about features on its way to a statement: sources give candidates, each feature once, and where keeps those that
// are meant. Every condition stands in where, whatever a source has seen to already, so that a source can be taken for another.
type selection struct {
	statement
	sources []source
	where   []string
	asked   bool // where asks properties, as p

	// collection and kind are what the keys of candidates tell, kind empty for any. Of boundaries they tell nothing.
	collection, kind string

	place registry.PlaceCode // that the sources are of, where they are those of a place
	reach []keyRange         // that the first source's points come from, where they are those of boxes
}

// source is a FROM clause that names its features f. keys alone, under the condition only, has as many rows; that condition stands first, because
// it costs less than to read a feature. where is asked of them in place of the conditions seen.
type source struct {
	keys, join, only, where string
	seen                    [2]string
}

func (x source) from(asked bool) string {
	from := " FROM " + x.keys + x.join
	if asked {
		from += " CROSS JOIN feature_properties AS p ON p.key = " + bodyOf("f.key")
	}
	return from
}

// walk goes through a collection in the order of answers.
var walk = source{keys: "feature AS f INDEXED BY feature_by_id"}

// scan goes through all collections in the order of the file. A row costs a tenth of what it costs in a walk, which looks up each by itself.
var scan = source{keys: "feature AS f NOT INDEXED"}

// unplaced are the features of a collection without a geometry. A selection binds the collection, the detail and the day first.
var unplaced = source{keys: "feature AS f INDEXED BY feature_nowhere", only: " AND f.collection = ?1 AND f.detail = ?2 AND f.west IS NULL"}

// byKey joins the features whose keys a source has as c.key.
const byKey = " CROSS JOIN feature AS f ON f.key = c.key"

func (s *selection) keep(condition string) { s.where = append(s.where, condition) }

// each adds SELECT columns for every source.
func (s *selection) each(columns string) {
	for i, x := range s.sources {
		if i > 0 {
			s.add(" UNION ALL ")
		}
		s.add("SELECT " + columns + x.from(s.asked) + " WHERE 1" + x.only + x.where)
		for _, condition := range s.where {
			if !slices.Contains(x.seen[:], condition) {
				s.add(" AND " + condition)
			}
		}
	}
}

// pointingAt are the keys of the features of an agreement that points at a record from a place in it.
const pointingAt = "SELECT a.key FROM reference AS t CROSS JOIN feature_agreement AS a ON a.agreement = t.from_id WHERE t.to_id = %s AND t.pointer GLOB %s"

// signedIn are the keys of the features of an agreement that may have been signed in some days.
const signedIn = `SELECT a.key FROM feature AS g CROSS JOIN feature_agreement AS a ON a.agreement = g.id
	WHERE g.collection = 'agreements' AND g.detail = '' AND g.valid_from <= %[1]s AND g.valid_until > %[1]s AND g.first_day <= %[2]s AND g.last_day >= %[3]s`

// selection is the features that q selects, on all its pages.
func (r reader) selection(q registry.FeatureQuery) (*selection, error) {
	s := &selection{collection: q.Collection, kind: q.Where["kind"]}
	s.keep("f.collection = " + s.bind(q.Collection) + " AND f.detail = " + s.bind(q.Detail))
	today := s.bind(string(q.Day))
	s.keep("f.valid_from <= " + today + " AND f.valid_until > " + today)
	if q.ID != "" {
		s.keep("f.id = " + s.bind(q.ID))
	}
	places := map[registry.PlaceCode]string{}
	inPlaces := slices.Clip(q.Places)
	if q.Filter != nil && !r.plainly {
		for _, code := range sqlgen.Texts(q.Filter, isPlace) {
			inPlaces = append(inPlaces, registry.PlaceCode(code))
		}
		for _, kind := range sqlgen.Texts(q.Filter, func(property string) bool { return property == "kind" }) {
			s.kind = kind
		}
	}
	for _, code := range inPlaces {
		places[code] = s.bind(string(code))
		s.keep(r.touches(places[code]))
	}
	for _, column := range registry.FeatureColumns {
		if value, ok := q.Where[column]; ok {
			s.keep("f." + column + " = " + s.bind(value)) // the name comes from our own list
		}
	}
	for _, list := range registry.FeatureLists {
		if value, ok := q.Lists[list]; ok {
			s.keep("EXISTS (SELECT 1 FROM json_each(f." + list + ") AS l WHERE l.value = " + s.bind(value) + ")")
		}
	}
	var through []string // keys of the features of agreements
	for _, x := range []struct {
		id      registry.ID
		pointer string
	}{{q.Party, "/parties/*/organisation"}, {q.Programme, "/programmes/*/programme"}} {
		if x.id != "" {
			through = append(through, fmt.Sprintf(pointingAt, s.bind(string(x.id)), s.bind(x.pointer)))
		}
	}
	if q.Year != 0 {
		first, last := s.bind(fmt.Sprintf("%04d-01-01", q.Year)), s.bind(fmt.Sprintf("%04d-12-31", q.Year))
		if q.Collection == "agreements" {
			s.keep("f.first_day <= " + last + " AND f.last_day >= " + first)
		} else {
			through = append(through, fmt.Sprintf(signedIn, today, last, first))
		}
	}
	for _, keys := range through {
		s.keep("f.key IN (" + keys + ")")
	}
	units := ""
	if len(q.Units) > 0 {
		units = listed(&s.statement, q.Units)
		s.keep("f.unit IN " + units)
	}
	switch q.Located {
	case registry.LocatedYes:
		s.keep("f.west IS NOT NULL")
	case registry.LocatedNo:
		s.keep("f.west IS NULL")
	}
	if q.During != (registry.Days{}) {
		s.keep("(f.first_day IS NULL OR f.first_day <= " + s.bind(string(cmp.Or(q.During.Last, forGood))) + " AND f.last_day >= " + s.bind(string(q.During.First)) + ")")
	}
	meeting := ""
	if len(q.Boxes) > 0 {
		meeting = s.meeting(q.Boxes, q.Located != registry.LocatedYes)
		s.keep(meeting)
	}
	implied, err := r.filter(s, q)
	if err != nil {
		return nil, err
	}

	narrow := narrowest(inPlaces)
	switch {
	case r.plainly || q.ID != "":
		s.sources = []source{walk}
	case len(q.Boxes) > 0:
		s.sources = r.inBoxes(s, q.Detail, q.Boxes, places[narrow], meeting)
		if q.Located != registry.LocatedYes {
			s.sources = append(s.sources, unplaced)
		}
	case len(implied) > 0:
		s.sources = r.inBoxes(s, q.Detail, implied, places[narrow], "")
	case len(inPlaces) > 0:
		s.place = narrow
		s.sources = r.inPlace(s, q.Detail, narrow, places[narrow])
	case q.Party != "" || q.Programme != "":
		s.sources = []source{{keys: "(" + strings.Replace(through[0], "SELECT", "SELECT DISTINCT", 1) + ") AS c", join: byKey}}
	case units != "":
		s.sources = []source{
			{keys: strings.Replace(units, "SELECT", "SELECT DISTINCT", 1) + " AS u CROSS JOIN feature_place AS c ON c.code = u.value",
				join: byKey + " AND f.unit = u.value"},
			{keys: "feature AS f INDEXED BY feature_in_no_unit", only: " AND f.collection = ?1 AND f.detail = ?2 AND f.unit = ''"},
		}
	case q.Located == registry.LocatedNo:
		s.sources = []source{unplaced}
	default:
		s.sources = []source{walk}
	}
	return s, nil
}

// isPlace says whether a property's value is one of its feature's places, as registry.Feature promises.
func isPlace(property string) bool { return slices.Contains(registry.PlaceProperties, property) }

// touches is the condition that f touches a unit, by its bound code. Where the tally has nothing that touches it and isn't in it as its finest unit,
// no other feature need be looked up.
func (r reader) touches(code string) string {
	listed := "EXISTS (SELECT 1 FROM feature_place AS t WHERE t.code = " + code + " AND t.key = f.key)"
	if !r.tallied || r.plainly {
		return listed
	}
	return "(f.unit = " + code + " OR EXISTS (SELECT 1 FROM feature_tally WHERE collection = ?1 AND detail = ?2 AND code = " + code + " AND finest = 0) AND " + listed + ")"
}

// narrowest is the narrowest of some places, empty for none: what is in it is in few rows.
func narrowest(codes []registry.PlaceCode) (longest registry.PlaceCode) {
	for _, code := range codes {
		if len(code) > len(longest) {
			longest = code
		}
	}
	return longest
}

// inBoxes are candidates for some boxes, of one place when there is one, by its bound code: points by the stretches of the curve that go through the boxes,
// the rest by the R*Tree, which rounds outward. meeting is the condition that they meet a box, where it is one; of a point less need be asked.
func (r reader) inBoxes(s *selection, detail string, boxes []orb.Bound, place, meeting string) []source {
	var met []string
	of := keyRange{others, nowhere}
	if detail == "" {
		of = othersOf(s.collection, s.kind)
	}
	for _, b := range boxes { // a tree that has none of the sort isn't looked into
		met = append(met, fmt.Sprintf(`SELECT x.key FROM (SELECT 1 FROM feature WHERE key >= %[1]d AND key < %[2]d LIMIT 1) CROSS JOIN feature_box AS x
			WHERE x.key >= %[1]d AND x.key < %[2]d AND x.west <= %[3]s AND x.east >= %[4]s AND x.south <= %[5]s AND x.north >= %[6]s`,
			of.first, of.end, s.bind(b.Max[0]), s.bind(b.Min[0]), s.bind(b.Max[1]), s.bind(b.Min[1])))
	}
	rest := source{keys: "(" + strings.Join(met, " UNION ") + ") AS c", join: byKey}
	if len(boxes) == 1 {
		rest.keys = "(" + met[0] + ") AS c"
	}
	if detail != "" { // no boundary is among the points
		return []source{rest}
	}
	s.reach = keysIn(boxes)
	var points source
	switch {
	case place != "":
		points = source{keys: s.ranges(s.reach) + "feature_place AS c", join: byKey, only: " AND c.code = " + place + fmt.Sprintf(inRange, "c.key") + s.ofSort("c.key"), seen: [2]string{r.touches(place)}}
	case s.kind != "":
		points = source{keys: s.ranges(bodiesIn(boxes, sortOf(s.collection, s.kind))) + "feature AS f INDEXED BY feature_by_sort", only: fmt.Sprintf(inRange, "f.body")}
	default:
		points = s.points(s.ranges(s.reach))
	}
	if len(boxes) == 1 && meeting != "" {
		at := boxes[0]
		points.where = fmt.Sprintf(" AND f.west BETWEEN %s AND %s AND f.south BETWEEN %s AND %s", s.bind(at.Min[0]), s.bind(at.Max[0]), s.bind(at.Min[1]), s.bind(at.Max[1]))
		points.seen[1] = meeting
	}
	return []source{points, rest}
}

// ofSort is the condition that a key of a point may be of the sort that is selected.
func (s *selection) ofSort(key string) string { return ofSort(key, s.collection, s.kind) }

// inPlace are candidates for one place, by its code and the bound one. Points of one kind are looked for where their bodies lie, in squares that hold
// something of the place: its own keys are of all kinds.
func (r reader) inPlace(s *selection, detail string, code registry.PlaceCode, place string) []source {
	in := source{keys: "feature_place AS c", join: byKey, only: " AND c.code = " + place, seen: [2]string{r.touches(place)}}
	if detail != "" {
		return []source{in}
	}
	of := othersOf(s.collection, s.kind)
	rest := fmt.Sprintf("c.key >= %d OR c.key >= %d AND c.key < %d", nowhere, of.first, of.end)
	if s.kind == "" {
		in.only += fmt.Sprintf(" AND (%s OR c.key < %d%s)", rest, others, s.ofSort("c.key"))
		return []source{in}
	}
	in.only += fmt.Sprintf(" AND c.key >= %d AND (%s)", others, rest)
	bits := fineBits                          // of a large square
	if strings.Count(string(code), ".") > 1 { // it is narrower than a province
		bits = narrowBits
	}
	next := func(from string) string {
		return fmt.Sprintf("(SELECT min(key) >> %d FROM feature_place WHERE code = %s AND key >= %s AND key < %d)", cellBits+bits, place, from, others)
	}
	points := source{
		keys: fmt.Sprintf(`(
			WITH RECURSIVE square (n) AS (SELECT %s UNION ALL SELECT %s FROM square WHERE n IS NOT NULL)
			SELECT %s AS first FROM square WHERE n IS NOT NULL) AS r CROSS JOIN feature AS f INDEXED BY feature_by_sort`,
			next("0"), next(fmt.Sprintf("n + 1 << %d", cellBits+bits)), firstBody("n", bits, sortOf(s.collection, s.kind))),
		only: fmt.Sprintf(" AND f.body >= r.first AND f.body < r.first + %d", 1<<(numberBits+bits)),
	}
	return []source{points, in}
}

// inRange is whether a key is in one of ranges, which the key is looked up by.
const inRange = " AND %[1]s >= r.value ->> 0 AND %[1]s < r.value ->> 1"

// ranges are stretches of keys, as r, in a FROM clause that goes on.
func (s *statement) ranges(ranges []keyRange) string {
	pairs := [][2]int64{}
	for _, r := range ranges {
		pairs = append(pairs, [2]int64{r.first, r.end})
	}
	raw, err := json.Marshal(pairs)
	if err != nil {
		panic(err) // a list of numbers has a JSON form
	}
	return "json_each(" + s.bind(string(raw)) + ") AS r CROSS JOIN "
}

// points are the features with their keys in ranges.
func (s *selection) points(ranges string) source {
	return source{keys: ranges + "feature AS f NOT INDEXED", only: fmt.Sprintf(inRange, "f.key") + s.ofSort("f.key")}
}

// meeting is whether f's geometry meets one of the boxes, edges included; what is nowhere may.
func (s *selection) meeting(boxes []orb.Bound, orNowhere bool) string {
	var any []string
	if orNowhere {
		any = append(any, "f.west IS NULL")
	}
	for _, b := range boxes {
		west, south, east, north := s.bind(b.Min[0]), s.bind(b.Min[1]), s.bind(b.Max[0]), s.bind(b.Max[1])
		// A box that holds the feature's own, as it does of points, needs no look at the geometry.
		any = append(any, "f.west <= "+east+" AND f.east >= "+west+" AND f.south <= "+north+" AND f.north >= "+south+
			" AND (f.west >= "+west+" AND f.south >= "+south+" AND f.east <= "+east+" AND f.north <= "+north+
			" OR "+meetsBox+"("+storedGeometry+", "+west+", "+south+", "+east+", "+north+"))")
	}
	return "(" + strings.Join(any, " OR ") + ")"
}

// filter keeps what the filter of q holds for. implied are boxes, of which every such feature meets one.
func (r reader) filter(s *selection, q registry.FeatureQuery) (implied []orb.Bound, err error) {
	if q.Filter == nil {
		return nil, nil
	}
	if err := valid(q.Filter); err != nil {
		return nil, err
	}
	for _, boxes := range sqlgen.Boxes(q.Filter) {
		var any []string
		for _, b := range boxes {
			any = append(any, "f.west <= "+s.bind(b.Max[0])+" AND f.east >= "+s.bind(b.Min[0])+" AND f.south <= "+s.bind(b.Max[1])+" AND f.north >= "+s.bind(b.Min[1]))
		}
		if len(any) > 0 {
			s.keep("(" + strings.Join(any, " OR ") + ")")
			implied = boxes
		}
	}
	columns := sqlgen.Columns{Of: property}
	if s.asked = r.plainly; !r.plainly {
		named := map[string]string{} // the bound code that a property of places has to be
		for _, property := range registry.PlaceProperties {
			if codes := sqlgen.Texts(q.Filter, func(name string) bool { return name == property }); len(codes) > 0 {
				named[property] = s.bind(codes[0])
			}
		}
		columns.Extent = [4]string{"f.west", "f.south", "f.east", "f.north"}
		columns.Of = func(x cql.Queryable) (string, error) {
			if slices.Contains(registry.FeatureColumns, x.Name) {
				return "f." + x.Name, nil
			}
			if code, ok := named[x.Name]; ok {
				return asOfUnit(x, code)
			}
			s.asked = s.asked || x.Type != cql.TypeGeometry && x.Name != "id"
			return property(x)
		}
	}
	condition, binds, err := sqlgen.Where(q.Filter, sqlgen.SQLite{}, columns, len(s.args)+1)
	if err != nil {
		return nil, fmt.Errorf("filter: %w", err)
	}
	s.args = append(s.args, binds...)
	s.keep(condition)
	return implied, nil
}

// asOfUnit is the value of one of registry.PlaceProperties. All that are in a unit have the same one, so for the unit of a bound code it's read once.
func asOfUnit(x cql.Queryable, code string) (string, error) {
	value, err := property(x)
	read := "(SELECT " + value + " FROM feature_properties AS p WHERE p.key = " + bodyOf("f.key") + ")"
	once := "(SELECT " + value + " FROM feature_place AS t CROSS JOIN feature AS o ON o.key = t.key CROSS JOIN feature_properties AS p ON p.key = " + bodyOf("o.key") +
		" WHERE t.code = " + code + " AND o.unit = " + code + " AND o.collection = ?1 AND o.detail = ?2 LIMIT 1)"
	return "CASE WHEN f.unit = " + code + " THEN " + once + " ELSE " + read + " END", err
}

// few is up to how many candidates are looked up and sorted for a page of some features; above it the collection is walked in order until
// the page is full. Among n features of which m are candidates the walk looks at limit × n/m of them, each by itself: the two cost
// the same where m is some times the root of limit × n, for a million.
func few(limit int) int { return int(2_000 * math.Sqrt(float64(limit))) }

// inOrder lets a selection be walked in order where its candidates are too many to be sorted for the page.
func (r reader) inOrder(ctx context.Context, s *selection, q registry.FeatureQuery) error {
	if q.Limit == 0 || len(s.sources) == 1 && s.sources[0] == walk {
		return nil
	}
	most := few(q.Limit + q.Offset)
	if r.tallied && s.place != "" {
		in := registry.FeatureQuery{Collection: q.Collection, Detail: q.Detail, Day: q.Day, Places: []registry.PlaceCode{s.place}}
		if s.kind != "" {
			in.Where = map[string]string{"kind": s.kind}
		}
		n, err := r.countByTally(ctx, in)
		if n > most {
			s.sources = []source{walk}
		}
		return err
	}
	uncounted := s.sources
	if r.tallied && s.reach != nil {
		n, err := r.atMostIn(ctx, q.Collection, s.reach, most)
		if err != nil {
			return err
		}
		if n <= most {
			uncounted = s.sources[1:]
		}
	}
	count := statement{args: s.args}
	count.add("SELECT count(*) FROM (")
	for i, x := range uncounted {
		if i > 0 {
			count.add(" UNION ALL ")
		}
		count.add("SELECT 1 FROM " + x.keys + " WHERE 1" + x.only)
	}
	count.add(" LIMIT " + count.bind(most+1) + ")")
	var n int
	if err := r.q.QueryRowContext(ctx, count.text.String(), count.args...).Scan(&n); err != nil {
		return translate("count the candidates", err)
	}
	if n > most {
		s.sources = []source{walk}
	}
	return nil
}

// atMostIn bounds how many points of a collection are in stretches of keys by whole squares. Where even these are many it is more than most.
func (r reader) atMostIn(ctx context.Context, collection string, keys []keyRange, most int) (n int, err error) {
	var squares []keyRange
	for _, k := range keys {
		squares = append(squares, keyRange{k.first >> squareBits, (k.end-1)>>squareBits + 1})
	}
	const mostAsked = 5_000 // squares
	var s statement
	s.add("SELECT iif(count(*) < " + s.bind(mostAsked) + ", coalesce(sum(n), 0), " + s.bind(most+1) + ") FROM (SELECT q.n FROM " + s.ranges(merged(squares)) +
		"feature_square AS q WHERE q.collection = " + s.bind(collection) + fmt.Sprintf(inRange, "q.square") + " LIMIT ?1)")
	if ctx, err = brief(ctx); err != nil {
		return 0, err
	}
	return n, translate("bound the candidates", r.q.QueryRowContext(ctx, s.text.String(), s.args...).Scan(&n))
}

// inFileOrder scans what would be walked through, for answers without an order, where a collection is large enough to be most of the file.
func (r reader) inFileOrder(ctx context.Context, s *selection, q registry.FeatureQuery) error {
	if r.large == 0 || q.ID != "" || q.After != "" || len(s.sources) > 1 || s.sources[0] != walk {
		return nil
	}
	n, err := r.countByTally(ctx, registry.FeatureQuery{Collection: q.Collection, Detail: q.Detail, Day: q.Day})
	if n >= r.large {
		s.sources = []source{scan}
	}
	return err
}

// page adds the end of a statement for one page of features.
func (s *selection) page(q registry.FeatureQuery) {
	limit := q.Limit
	if limit == 0 {
		limit = -1 // SQLite's word for no bound. It stands in the text always: without it the order of a subquery means nothing
	}
	s.add(" LIMIT " + s.bind(limit) + " OFFSET " + s.bind(q.Offset))
}

// after leaves out what the pages before have.
func (s *selection) after(q registry.FeatureQuery) {
	if q.After != "" {
		s.keep("f.id > " + s.bind(q.After))
	}
}

// ordered is what q selects, on its way to one page in its order, with q as the page is found from the nearest milestone.
func (r reader) ordered(ctx context.Context, q registry.FeatureQuery) (*selection, registry.FeatureQuery, error) {
	if r.milestones != nil && q.Offset >= r.milestones.every && q.After == "" && isWhole(q) {
		var err error
		if q, err = r.milestones.shorten(ctx, r, q); err != nil {
			return nil, q, err
		}
	}
	s, err := r.selection(q)
	if err == nil && q.Order != registry.AnyOrder {
		err = r.inOrder(ctx, s, q)
	}
	return s, q, err
}

// joined adds SELECT columns for the page of q; which features these are is settled without their bodies, as c, with the narrow columns that are asked for beside
// their ids. The bodies are joined last, as b, and more with them.
func (s *selection) joined(q registry.FeatureQuery, columns, narrow, more string) {
	s.after(q)
	s.add("SELECT " + columns + " FROM (")
	key := "f.body"
	if s.sources[0] == walk { // whose index hasn't that column
		key = bodyOf("f.key")
	}
	s.each("f.id, " + key + " AS body" + narrow)
	if q.Order != registry.AnyOrder {
		s.add(" ORDER BY id")
	}
	s.page(q)
	s.add(") AS c CROSS JOIN feature_body AS b ON b.key = c.body" + more)
}

// isWhole says whether q selects all of a collection, or of what is behind one of its features.
func isWhole(q registry.FeatureQuery) bool {
	return q.ID == "" && len(q.Boxes) == 0 && q.During == (registry.Days{}) && len(q.Places) == 0 && len(q.Where) == 0 && len(q.Lists) == 0 && q.Party == "" && q.Programme == "" &&
		q.Year == 0 && q.Located == "" && q.Filter == nil && len(q.Units) == 0
}

// isOne says whether q asks for a feature by its id alone.
func isOne(q registry.FeatureQuery) bool {
	named := q.ID != ""
	q.ID = ""
	return named && q.After == "" && q.Offset == 0 && isWhole(q)
}
