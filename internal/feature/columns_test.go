package feature

import (
	"slices"
	"testing"

	"mithaq/internal/registry"
)

func TestColumns(t *testing.T) {
	for _, tc := range []struct {
		collection, name string
		want             ColumnType
		set              string // of its codes; "*": codes of its own
	}{
		{Sites, "name_ar", Text, ""},
		{Sites, "kind", Text, "SiteKind"},
		{Sites, "status", Text, "SiteStatus"},
		{Sites, "location_precision", Text, "Precision"},
		{Sites, "coordinate_uncertainty_m", Number, ""},
		{Sites, "surface_m2", Number, ""},
		{Sites, "surface_qualifier", Text, "Qualifier"},
		{Sites, "surface_kind", Text, "*"},
		{Sites, "shops", Integer, ""},
		{Sites, "trades", List, "Trade"},
		{Sites, "agreements", List, ""},
		{Sites, "localities", Parts, ""},
		{Sites, "updated", Timestamp, ""},
		{Agreements, "signed", Date, ""},
		{Agreements, "scope", Text, "*"},
		{Agreements, "several", Boolean, ""},
		{Agreements, "commune_codes", List, ""},
		{Amendments, "effective", Date, ""},
		{Amendments, "number", Integer, ""},
		{Amendments, "kinds", List, "AmendmentKind"},
		{Communes, "type", Text, "*"},
		{Communes, "population_2024", Integer, ""},
		{Communes, "area_km2", Number, ""},
		{Regions, "type", Text, ""},
	} {
		t.Run(tc.collection+"/"+tc.name, func(t *testing.T) {
			c, ok := ColumnOf(tc.collection, tc.name)
			if !ok {
				t.Fatal("there is no such column")
			}
			set := c.Set
			if set == "" && c.Codes != nil {
				set = "*"
			}
			if c.Type != tc.want || set != tc.set {
				t.Errorf("%s with the codes of %q, want %s with those of %q", c.Type, set, tc.want, tc.set)
			}
			if c.Set != "" && !slices.Equal(c.Codes, registry.ClosedSets[c.Set]) {
				t.Errorf("codes %q aren't those of %s", c.Codes, c.Set)
			}
		})
	}
}

// What the store can narrow by is a column with known codes, so that forms, filters and documents offer the same values.
func TestColumnsThatNarrowHaveCodes(t *testing.T) {
	for _, name := range slices.Concat(registry.FeatureColumns, registry.FeatureLists) {
		found := false
		for _, collection := range Collections {
			if c, ok := ColumnOf(collection, name); ok {
				found = true
				if len(c.Codes) == 0 && collection != Regions {
					t.Errorf("%s of %s has no codes", name, collection)
				}
			}
		}
		if !found {
			t.Errorf("no collection has the column %s", name)
		}
	}
	if got := Columns("arrondissements"); got != nil {
		t.Errorf("arrondissements aren't served, but have the columns %v", got)
	}
}
