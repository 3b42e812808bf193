package sqlite

import (
	"database/sql"
	"fmt"
	"regexp"

	"github.com/mattn/go-sqlite3"
	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/wkb"

	"mithaq/internal/cql"
	"mithaq/internal/registry"
)

// driver is SQLite with the functions of filters and boxes, and pages of pageSize, on every connection.
const driver = "sqlite3_mithaq"

func init() {
	sql.Register(driver, &sqlite3.SQLiteDriver{ConnectHook: func(c *sqlite3.SQLiteConn) error {
		for name, f := range map[string]any{
			"cql_casei":    onText(cql.FoldCase),
			"cql_accenti":  onText(cql.FoldAccents),
			"cql_temporal": temporal,
			"cql_spatial":  spatial,
			meetsBox:       storedMeetsBox,
		} {
			const sameAlways = true
			if err := c.RegisterFunc(name, f, sameAlways); err != nil {
				return err
			}
		}
		_, err := c.Exec(pageSize, nil)
		return err
	}})
}

// meetsBox is registry.MeetsBox on a stored geometry, as SQL calls it: geometry, west, south, east, north.
const meetsBox = "meets_box"

func storedMeetsBox(geometry []byte, west, south, east, north float64) (bool, error) {
	g, err := wkb.Unmarshal(geometry)
	if err != nil {
		return false, err
	}
	return registry.MeetsBox(g, orb.Bound{Min: orb.Point{west, south}, Max: orb.Point{east, north}}), nil
}

// onText is a function of texts; of anything else it is NULL.
func onText(f func(string) string) func(any) any {
	return func(x any) (text any) {
		defer calm(&text)
		if s, ok := x.(string); ok {
			return f(s)
		}
		return nil
	}
}

// sqlTruth is a Truth as SQL has it.
func sqlTruth(t cql.Truth) any {
	if t == cql.Unknown {
		return nil
	}
	return t == cql.True
}

// calm makes an answer unknown whose function panicked. The database calls these functions: nothing above them could recover, and the
// program would end.
func calm(answer *any) {
	if recover() != nil {
		*answer = nil
	}
}

// temporal is cql_temporal: how the stretch from the start of a1 to the end of a2 lies to that from b1 to b2.
func temporal(op string, a1, a2, b1, b2 any) (truth any) {
	defer calm(&truth)
	a, okA := stretch(a1, a2)
	b, okB := stretch(b1, b2)
	if !okA || !okB {
		return nil
	}
	return sqlTruth(cql.Relate(cql.Op(op), a, b))
}

// stretch runs from the start of one time to the end of another, which may be the same.
func stretch(from, to any) (span cql.Span, ok bool) {
	start, okStart := aTime(from)
	end, okEnd := aTime(to)
	if !okStart || !okEnd {
		return span, false
	}
	return start.Between(end)
}

// spans keeps the times that features and filters have: few are written, and many are the same.
var spans = memo[cql.Span]{most: 4096, read: cql.ReadSpan}

// aTime reads a bound or stored time; a number is a side without limit.
func aTime(x any) (cql.Span, bool) {
	switch x := x.(type) {
	case string:
		return spans.of(x)
	case int64:
		return cql.Always, true
	}
	return cql.Span{}, false
}

var plainName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// storedGeometry is the expression of the geometry of the feature f.
var storedGeometry = "(SELECT g.geometry FROM feature_properties AS g WHERE g.key = " + bodyOf("f.key") + ")"

// property is the expression of a queryable of the feature f: from its GeoJSON, p, but for its id and its geometry, which is looked up only where
// it is asked.
func property(q cql.Queryable) (string, error) {
	switch {
	case q.Type == cql.TypeGeometry:
		return storedGeometry, nil
	case q.Name == "id":
		return "f.id", nil
	case !plainName.MatchString(q.Name):
		return "", fmt.Errorf("queryable %q: its name can't stand in a statement", q.Name)
	}
	const properties = "p.properties"
	path := "'$." + q.Name + "'"
	typed := func(values string) string { // what somebody broke in the file isn't known
		return "(CASE WHEN json_valid(" + properties + ", 4) THEN CASE json_type(" + properties + ", " + path + ") " + values + " END END)"
	}
	value := properties + " ->> " + path
	switch q.Type {
	case cql.TypeText, cql.TypeDate, cql.TypeTimestamp:
		return typed("WHEN 'text' THEN " + value), nil
	case cql.TypeNumber, cql.TypeInteger:
		return typed("WHEN 'integer' THEN " + value + " WHEN 'real' THEN " + value), nil
	case cql.TypeBoolean:
		return typed("WHEN 'true' THEN 1 WHEN 'false' THEN 0"), nil
	case cql.TypeList:
		return typed("WHEN 'array' THEN CASE WHEN NOT EXISTS (SELECT 1 FROM json_each(" + properties + ", " + path + ") WHERE type <> 'text') THEN " +
			properties + " -> " + path + " END"), nil
	}
	return "", fmt.Errorf("queryable %s: no column of type %s", q.Name, q.Type)
}
