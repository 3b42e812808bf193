package feature

import (
	"reflect"
	"slices"
	"strings"

	"mithaq/internal/gazetteer"
	"mithaq/internal/registry"
)

// ColumnType is what a property of a collection holds; each may be null but for lists, which are then empty.
type ColumnType string

// The types of columns.
const (
	Text      ColumnType = "text"
	Number    ColumnType = "number"  // a decimal of at most three places
	Integer   ColumnType = "integer" // a number that counts
	Boolean   ColumnType = "boolean"
	Date      ColumnType = "date"      // EDTF level 1, as precise as its source
	Timestamp ColumnType = "timestamp" // RFC 3339, UTC
	List      ColumnType = "list"      // of texts, codes or ids
	Parts     ColumnType = "parts"     // a list of small objects: {"kind": …, "name": …}
)

// ColumnTypes lists them all.
var ColumnTypes = []ColumnType{Text, Number, Integer, Boolean, Date, Timestamp, List, Parts}

// Column is one property of a collection's features.
type Column struct {
	Name string
	Type ColumnType
	// Codes are the members of the closed set that the value, or each value of a list, is from; nil when the set is open.
	Codes []string
	// Set is the name of that closed set in registry.ClosedSets; empty when it is open or stands in none.
	Set string
}

// tables are the property structs of the collections: their fields are the columns, in order.
var tables = map[string]reflect.Type{
	Sites:      reflect.TypeFor[siteProperties](),
	Agreements: reflect.TypeFor[agreementProperties](),
	Amendments: reflect.TypeFor[amendmentProperties](),
	Communes:   reflect.TypeFor[boundaryProperties](),
	Provinces:  reflect.TypeFor[boundaryProperties](),
	Regions:    reflect.TypeFor[boundaryProperties](),
}

// codesOf are the closed sets of properties whose Go type is a plain text.
var codesOf = map[string]map[string][]string{
	Sites:      {"surface_kind": {"total", "plot", "covered"}},
	Agreements: {"scope": registry.ClosedSets["Scope"]},
	Communes:   {"type": {"urban", "rural"}, "level": {string(registry.LevelCommune)}, "detail": details()},
	Provinces:  {"type": {"province", "prefecture"}, "level": {string(registry.LevelProvince), string(registry.LevelPrefecture)}, "detail": details()},
	Regions:    {"level": {string(registry.LevelRegion)}, "detail": details()},
}

func details() (out []string) {
	for _, d := range gazetteer.Details {
		out = append(out, string(d))
	}
	return out
}

// typed are the properties whose meaning is narrower than their Go type.
var typed = map[string]ColumnType{"updated": Timestamp, "signed": Date, "effective": Date, "shops": Integer, "shops_created": Integer, "shops_restored": Integer}

// Columns are the properties of a collection in the order in which features have them; nil for a collection that isn't served.
// They are read off the structs that features are encoded from, so that no list can disagree with the features.
func Columns(collection string) []Column {
	table, ok := tables[collection]
	if !ok {
		return nil
	}
	out := make([]Column, 0, table.NumField())
	for i := range table.NumField() {
		field := table.Field(i)
		c := Column{Name: strings.Split(field.Tag.Get("json"), ",")[0]}
		c.Type, c.Set = columnType(field.Type)
		if t, ok := typed[c.Name]; ok {
			c.Type = t
		}
		if codes, ok := registry.ClosedSets[c.Set]; ok {
			c.Codes = codes
		} else {
			c.Set, c.Codes = "", codesOf[collection][c.Name]
		}
		out = append(out, c)
	}
	return out
}

// columnType is what a Go type holds, and the name of the innermost type, which names its closed set if it has one.
func columnType(t reflect.Type) (ColumnType, string) {
	if t.Kind() == reflect.Pointer {
		return columnType(t.Elem())
	}
	switch {
	case t == reflect.TypeFor[registry.Decimal](), t.Kind() == reflect.Float64:
		return Number, ""
	case t.Kind() == reflect.Int:
		return Integer, ""
	case t.Kind() == reflect.Bool:
		return Boolean, ""
	case t.Kind() == reflect.Slice && t.Elem().Kind() == reflect.Struct:
		return Parts, ""
	case t.Kind() == reflect.Slice:
		return List, t.Elem().Name()
	}
	return Text, t.Name()
}

// ColumnOf finds a column by its name.
func ColumnOf(collection, name string) (Column, bool) {
	all := Columns(collection)
	i := slices.IndexFunc(all, func(c Column) bool { return c.Name == name })
	if i < 0 {
		return Column{}, false
	}
	return all[i], true
}
