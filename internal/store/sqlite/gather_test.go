package sqlite

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"mithaq/internal/registry"
)

// A page's text stays as it is while others are asked for, by the one who uses it or by anybody else, and however long it is.
func TestPagesHaveTheirOwnMemory(t *testing.T) {
	t.Parallel()
	s := openAt(t, filepath.Join(t.TempDir(), "registry.db"))
	const n = 40
	long := strings.Repeat("é", spareBytes/n) // all of them take more than is kept
	if err := s.Write(t.Context(), func(w registry.Writer) error {
		random := rand.New(rand.NewPCG(2026, 12))
		for i := range n {
			id := registry.ID(fmt.Sprintf("site-%02d", i))
			if err := w.Append(registry.Revision{Record: &registry.Site{Header: registry.Header{Type: registry.TypeSite, ID: id}}, Author: "a", Reason: "r"})(t.Context()); err != nil {
				return err
			}
			f := randomFeature(random, "sites", string(id), nil)
			f.From, f.Until, f.JSON = "", "", fmt.Appendf(nil, `{"id":%q,"long":%q}`, id, long)
			if err := w.Derive(registry.Derived{Record: id, Features: []registry.Feature{f}})(t.Context()); err != nil {
				return err
			}
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	page := func(limit int, within func() error) error {
		return s.FeatureTexts(t.Context(), registry.FeatureQuery{Collection: "sites", Day: "2026-01-01", Limit: limit}, func(p registry.FeatureTexts) error {
			want := make([]string, limit)
			for i := range want {
				want[i] = fmt.Sprintf(`{"id":"site-%02d","long":%q}`, i, long)
			}
			err := within()
			if string(p.JSON) != strings.Join(want, ",\n") || p.N != limit || p.More != (limit < n) || p.Last != fmt.Sprintf("site-%02d", limit-1) {
				return fmt.Errorf("a page of %d has %d bytes, %d features until %s, more: %t", limit, len(p.JSON), p.N, p.Last, p.More)
			}
			return err
		})
	}
	nothing := func() error { return nil }
	var pages errgroup.Group
	for i := range 60 {
		pages.Go(func() error {
			return page(1+i%n, func() error { return page(1+i*7%n, nothing) })
		})
	}
	if err := pages.Wait(); err != nil {
		t.Error(err)
	}
	refused := errors.New("refused")
	if err := page(1, func() error { return refused }); !errors.Is(err, refused) {
		t.Errorf("an error of whoever uses it: %v", err)
	}
}
