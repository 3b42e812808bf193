package sqlite

import (
	"path/filepath"
	"testing"

	"mithaq/internal/registry"
	"mithaq/internal/store/storetest"
)

// openAt opens the store at path and closes it when the test ends.
func openAt(t *testing.T, path string) *Store {
	t.Helper()
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func TestContract(t *testing.T) {
	storetest.Run(t, func(t *testing.T) registry.Store { return openAt(t, filepath.Join(t.TempDir(), "registry.db")) })
}
