package sqlite

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/paulmach/orb"

	"mithaq/internal/registry"
)

// publishAt publishes a site with features at these points.
func publishAt(t *testing.T, s *Store, points ...orb.Point) error {
	t.Helper()
	return s.Write(t.Context(), func(w registry.Writer) error {
		site := &registry.Site{Header: registry.Header{Type: registry.TypeSite, ID: "site"}}
		if err := w.Append(registry.Revision{Record: site, Author: "a", Reason: "r"})(t.Context()); err != nil {
			return err
		}
		d := registry.Derived{Record: "site"}
		for i, at := range points {
			d.Features = append(d.Features, registry.Feature{Collection: "sites", ID: fmt.Sprint(i), Geometry: at, JSON: []byte(`{"type":"Feature","properties":{}}`)})
		}
		return w.Derive(d)(t.Context())
	})
}

// Features of one spot have keys that follow one another, also when they come in two publications, and neighbours' lie between.
func TestFeaturesOfOneSpotShareItsKeys(t *testing.T) {
	t.Parallel()
	s := openAt(t, filepath.Join(t.TempDir(), "registry.db"))
	here, there := orb.Point{-7, 33}, orb.Point{-7.1, 33}
	if err := publishAt(t, s, here, there, here); err != nil {
		t.Fatal(err)
	}
	err := s.Write(t.Context(), func(w registry.Writer) error {
		other := &registry.Site{Header: registry.Header{Type: registry.TypeSite, ID: "other"}}
		if err := w.Append(registry.Revision{Record: other, Author: "a", Reason: "r"})(t.Context()); err != nil {
			return err
		}
		f := registry.Feature{Collection: "sites", ID: "3", Geometry: here, JSON: []byte(`{"type":"Feature","properties":{}}`)}
		return w.Derive(registry.Derived{Record: "other", Features: []registry.Feature{f}})(t.Context())
	})
	if err != nil {
		t.Fatal(err)
	}
	first, _ := keysFor("sites", "", "", here)
	beside, _ := keysFor("sites", "", "", there)
	question := fmt.Sprintf("SELECT group_concat(id || ' ' || iif(key < %d + 65536 AND key >= %[1]d, key - %[1]d, key - %[2]d), ', ' ORDER BY id) FROM feature", first, beside)
	if got, want := one(t, s.q, question), "0 0, 1 0, 2 1, 3 2"; got != want {
		t.Errorf("ids and how far their keys are from their spots' first: %s, want %s", got, want)
	}
}

func TestOneSpotTakesSoManyFeatures(t *testing.T) {
	t.Parallel()
	s := openAt(t, filepath.Join(t.TempDir(), "registry.db"))
	points := make([]orb.Point, 1<<numberBits+1)
	if err := publishAt(t, s, points...); err == nil || !strings.Contains(err.Error(), "there are 65536 at one place already") {
		t.Errorf("one too many: %v", err)
	}
	if got := one(t, s.q, "SELECT count(*) FROM feature"); got != "0" {
		t.Errorf("%s of them are there", got)
	}
}

// A connection that has put many features into their places is given up, and its temporary file with it.
func TestNothingOfALargePublicationStays(t *testing.T) {
	t.Parallel()
	s := openAt(t, filepath.Join(t.TempDir(), "registry.db"))
	if err := publishAt(t, s, make([]orb.Point, manyAtOnce+1)...); err != nil {
		t.Fatal(err)
	}
	if got := one(t, s.writes, "SELECT count(*) FROM temp.sqlite_schema"); got != "0" {
		t.Errorf("there are %s temporary tables", got)
	}
}
