package sqlite

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mithaq/internal/registry"
)

// fillForEver publishes one publication without end into an empty registry.
func fillForEver(path string) error {
	s, err := Open(context.Background(), path)
	if err != nil {
		return err
	}
	return s.Write(context.Background(), func(w registry.Writer) error {
		for n := 0; ; n++ {
			r := &registry.Source{Header: registry.Header{Type: registry.TypeSource, ID: registry.ID(fmt.Sprintf("s-%d", n))}, URL: strings.Repeat("x", 5000)}
			if err := w.Append(registry.Revision{Record: r, Author: "test", Reason: "test", At: time.Now()})(context.Background()); err != nil {
				return err
			}
		}
	})
}

// An import that is killed after it has written into the file itself leaves the empty registry.
func TestKilledFirstPublicationLeavesNothing(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "registry.db")
	cmd, _, _ := helper(t, "fill", path)
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		if info, err := os.Stat(path); err == nil && info.Size() > 20<<20 {
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("it wrote nothing into the file")
		}
	}
	cmd.Process.Kill()
	cmd.Wait()
	if info, err := os.Stat(path + "-journal"); err != nil || info.Size() == 0 {
		t.Fatal("nothing was written down to be put back:", err)
	}
	s := openAt(t, path)
	for query, want := range map[string]string{
		"SELECT count(*) FROM revision": "0",
		"SELECT count(*) FROM record":   "0",
		"PRAGMA journal_mode":           "wal",
		"PRAGMA integrity_check":        "ok",
	} {
		if got := one(t, s.q, query); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	if err := publishOne(t.Context(), s, "accord"); err != nil {
		t.Error("afterwards:", err)
	}
}

func TestOnlyAFirstPublicationThatIsAloneGoesWithoutWAL(t *testing.T) {
	t.Parallel()
	// during is the journal's mode within a publication of one agreement, which fails with an error.
	during := func(s *Store, id registry.ID, failure error) (mode string) {
		t.Helper()
		err := s.Write(t.Context(), func(w registry.Writer) error {
			mode = one(t, w.(*writer).tx, "PRAGMA journal_mode")
			r := &registry.Agreement{Header: registry.Header{Type: registry.TypeAgreement, ID: id}}
			return errors.Join(w.Append(registry.Revision{Record: r, Author: "test", Reason: "test", At: time.Now()})(t.Context()), failure)
		})
		if !errors.Is(err, failure) {
			t.Fatal(err)
		}
		if after := one(t, s.q, "PRAGMA journal_mode"); after != "wal" {
			t.Errorf("afterwards the mode is %s", after)
		}
		return mode
	}
	path := filepath.Join(t.TempDir(), "registry.db")
	s, failed := openAt(t, path), errors.New("failed")
	if got := during(s, "accord", failed); got != "delete" {
		t.Error("into an empty registry:", got)
	}
	if got := one(t, s.q, "SELECT count(*) FROM revision"); got != "0" {
		t.Errorf("%s revisions of a publication that failed", got)
	}
	rows, err := s.q.QueryContext(t.Context(), "SELECT name FROM sqlite_schema")
	if err != nil {
		t.Fatal(err)
	}
	rows.Next()
	if got := during(s, "accord", failed); got != "wal" {
		t.Error("while this process reads:", got)
	}
	rows.Close()
	other := raw(t, path)
	one(t, other, "SELECT count(*) FROM record")
	begun := time.Now()
	if got := during(s, "accord", failed); got != "wal" {
		t.Error("while another has it open:", got)
	}
	if took := time.Since(begun); took > 3*time.Second {
		t.Errorf("it waited %s for the other", took)
	}
	other.Close()
	if got := during(s, "accord", nil); got != "delete" {
		t.Error("when it was closed:", got)
	}
	if got := during(s, "autre", nil); got != "wal" {
		t.Error("into a registry that holds a record:", got)
	}
}
