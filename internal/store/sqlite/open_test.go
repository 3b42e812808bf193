package sqlite

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"mithaq/internal/registry"
)

// As many texts are put together at once as there is room for; who waits hears that nobody waits for the answer any more.
func TestSoManyTextsAtOnce(t *testing.T) {
	t.Parallel()
	s := openAt(t, filepath.Join(t.TempDir(), "registry.db"))
	n := int64(0)
	for s.texts.TryAcquire(1) {
		n++
	}
	q := registry.FeatureQuery{Collection: "sites", Day: "2026-01-01", Limit: 10}
	left, leave := context.WithCancelCause(t.Context())
	gone := errors.New("gone")
	leave(gone)
	none := func(registry.FeatureTexts) error { return nil }
	if err := s.FeatureTexts(left, q, none); n < 2 || !errors.Is(err, gone) {
		t.Errorf("one more than %d: %v", n, err)
	}
	answered := make(chan error)
	go func() { answered <- s.FeatureTexts(t.Context(), q, none) }()
	s.texts.Release(1)
	if err := <-answered; err != nil {
		t.Errorf("who comes after one who left: %v", err)
	}
	s.texts.Release(n - 1)
}

// Features wait in pages of the size that the file has: of SQLite's own half would stay empty.
func TestTemporaryPagesAreAsLarge(t *testing.T) {
	t.Parallel()
	s := openAt(t, filepath.Join(t.TempDir(), "registry.db"))
	if _, err := s.writes.Exec("CREATE TEMP TABLE waits (x)"); err != nil {
		t.Fatal(err)
	}
	for _, of := range []string{"main", "temp"} {
		var size int
		if err := s.writes.QueryRow("PRAGMA " + of + ".page_size").Scan(&size); err != nil || size != 8192 {
			t.Errorf("%s: %d, %v", of, size, err)
		}
	}
}
