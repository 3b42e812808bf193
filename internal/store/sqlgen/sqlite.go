package sqlgen

import (
	"encoding/hex"
	"strconv"
	"strings"

	"github.com/paulmach/orb"
	"github.com/paulmach/orb/encoding/wkb"

	"mithaq/internal/cql"
)

// SQLite is the dialect of SQLite, with the functions cql_casei, cql_accenti, cql_spatial and cql_temporal that the store registers.
// Lists are JSON.
type SQLite struct{}

// Placeholder implements Dialect.
func (SQLite) Placeholder(n int) string { return "?" + strconv.Itoa(n) }

// CaseI implements Dialect.
func (SQLite) CaseI(x string) string { return "cql_casei(" + x + ")" }

// AccentI implements Dialect.
func (SQLite) AccentI(x string) string { return "cql_accenti(" + x + ")" }

// Like implements Dialect. It is GLOB, which heeds case; SQLite's LIKE doesn't.
func (SQLite) Like(x, pattern string) string { return "(" + x + " GLOB " + pattern + ")" }

// Pattern implements Dialect: % is *, _ is ?, and what GLOB would take for its own stands in brackets.
func (SQLite) Pattern(like string) string {
	var b strings.Builder
	escaped := false
	for _, r := range like {
		switch {
		case r == '\\' && !escaped:
			escaped = true
			continue
		case r == '%' && !escaped:
			b.WriteByte('*')
		case r == '_' && !escaped:
			b.WriteByte('?')
		default:
			if escaped && r != '%' && r != '_' && r != '\\' {
				b.WriteByte('\\') // it escaped nothing
			}
			if r == '*' || r == '?' || r == '[' {
				b.WriteString("[" + string(r) + "]")
			} else {
				b.WriteRune(r)
			}
		}
		escaped = false
	}
	if escaped {
		b.WriteByte('\\')
	}
	return b.String()
}

// Spatial implements Dialect.
func (SQLite) Spatial(op cql.Op, a, b string) string {
	return "cql_spatial('" + string(op) + "', " + a + ", " + b + ")"
}

// Geometry implements Dialect. It is WKB as hexadecimal text, by which cql_spatial knows a literal, to read it once, from what is stored.
func (SQLite) Geometry(g orb.Geometry) (any, error) {
	raw, err := wkb.Marshal(g)
	return hex.EncodeToString(raw), err
}

// Temporal implements Dialect.
func (SQLite) Temporal(op cql.Op, a, b [2]string) string {
	return "cql_temporal('" + string(op) + "', " + a[0] + ", " + a[1] + ", " + b[0] + ", " + b[1] + ")"
}

// Open implements Dialect: a number, which no time is.
func (SQLite) Open() string { return "0" }

// List implements Dialect.
func (SQLite) List(members []string) string { return "json_array(" + strings.Join(members, ", ") + ")" }

// Array implements Dialect. A list with a NULL in it isn't known.
func (SQLite) Array(op cql.Op, a, b string) string {
	const within = "NOT EXISTS (SELECT 1 FROM json_each(%a) AS x WHERE x.value NOT IN (SELECT value FROM json_each(%b)))"
	holds := map[cql.Op]string{
		cql.AContainedBy: within,
		cql.AContains:    strings.NewReplacer("%a", "%b", "%b", "%a").Replace(within),
		cql.AEquals:      within + " AND " + strings.NewReplacer("%a", "%b", "%b", "%a").Replace(within),
		cql.AOverlaps:    "EXISTS (SELECT 1 FROM json_each(%a) AS x WHERE x.value IN (SELECT value FROM json_each(%b)))",
	}[op]
	const unknown = "%a IS NULL OR %b IS NULL OR EXISTS (SELECT 1 FROM json_each(%a) WHERE type = 'null') OR EXISTS (SELECT 1 FROM json_each(%b) WHERE type = 'null')"
	names := strings.NewReplacer("%a", "l.a", "%b", "l.b")
	return "(SELECT CASE WHEN " + names.Replace(unknown) + " THEN NULL ELSE " + names.Replace(holds) + " END FROM (SELECT " + a + " AS a, " + b + " AS b) AS l)"
}
