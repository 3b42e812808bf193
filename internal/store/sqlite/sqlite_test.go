package sqlite

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	slashpath "path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/paulmach/orb"

	"mithaq/internal/registry"
	"mithaq/migrations"
)

// helperEnv makes the test binary run one of helpers instead of the tests; the database's path is its only argument.
const helperEnv = "MITHAQ_SQLITE_TEST_HELPER"

var helpers = map[string]func(path string) error{"publish": publishForEver, "lock": holdTheLock, "migrate": migrateSlowly, "fill": fillForEver}

func TestMain(m *testing.M) {
	help, ok := helpers[os.Getenv(helperEnv)]
	if !ok {
		os.Exit(m.Run())
	}
	if err := help(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// helper starts another process on the database; it is killed when the test ends.
func helper(t *testing.T, name, path string) (cmd *exec.Cmd, out *bufio.Reader, in io.WriteCloser) {
	t.Helper()
	cmd = exec.Command(os.Args[0], path)
	cmd.Env = append(os.Environ(), helperEnv+"="+name)
	cmd.Stderr = os.Stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if in, err = cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	return cmd, bufio.NewReader(stdout), in
}

// raw opens the file as any program may.
func raw(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite3", address(path, "_busy_timeout=1000"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// one reads one value.
func one(t *testing.T, q querier, query string, args ...any) (value string) {
	t.Helper()
	if err := q.QueryRowContext(t.Context(), query, args...).Scan(&value); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return value
}

// publishOne publishes one agreement with a feature and a word.
func publishOne(ctx context.Context, s *Store, id registry.ID) error {
	return s.Write(ctx, func(w registry.Writer) error {
		r := &registry.Agreement{Header: registry.Header{Type: registry.TypeAgreement, ID: id}, Kind: registry.Cooperation, Documentation: registry.Documented}
		if err := w.Append(registry.Revision{Record: r, Author: "test", Reason: "test", At: time.Now()})(ctx); err != nil {
			return err
		}
		return w.Derive(registry.Derived{Record: id, Search: []string{"accord"}, Own: []registry.PlaceCode{"09"},
			Features: []registry.Feature{{Collection: "agreements", ID: string(id), Geometry: orb.MultiPoint{{-9, 29}}, JSON: []byte("{}")}}})(ctx)
	})
}

func wantCode(t *testing.T, err error, want registry.Code) *registry.Error {
	t.Helper()
	var e *registry.Error
	if !errors.As(err, &e) || e.Code != want {
		t.Fatalf("error %v, want one with code %s", err, want)
	}
	return e
}

func TestPragmasHoldOnEveryConnection(t *testing.T) {
	s := openAt(t, filepath.Join(t.TempDir(), "registry.db"))
	for _, pool := range []struct {
		name string
		db   *sql.DB
		want map[string]string
	}{
		{"writer", s.writes, map[string]string{"foreign_keys": "1", "journal_mode": "wal", "synchronous": "2", "busy_timeout": "5000", "query_only": "0"}},
		{"reader", s.reads, map[string]string{"foreign_keys": "1", "journal_mode": "wal", "busy_timeout": "1000", "query_only": "1"}},
	} {
		for range pool.db.Stats().MaxOpenConnections {
			c, err := pool.db.Conn(t.Context()) // kept, so that the next is another
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			for pragma, want := range pool.want {
				if got := one(t, c, "PRAGMA "+pragma); got != want {
					t.Errorf("%s: %s is %s, want %s", pool.name, pragma, got, want)
				}
			}
		}
	}
}

func TestPathOfAnyCharacters(t *testing.T) {
	path := filepath.Join(t.TempDir(), "un dossier?mode=memory#é%20&a=b", "registre d'été ?#%41.db")
	s := openAt(t, path)
	if err := publishOne(t.Context(), s, "accord"); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(path); err != nil || info.Size() == 0 {
		t.Error("the file is elsewhere:", err)
	}
	if _, err := s.Record(t.Context(), "accord"); err != nil {
		t.Error("the readers look elsewhere:", err)
	}
}

func TestRevisionsAreNeitherChangedNorDeleted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "registry.db")
	if err := publishOne(t.Context(), openAt(t, path), "accord"); err != nil {
		t.Fatal(err)
	}
	db := raw(t, path)
	before := one(t, db, "SELECT group_concat(seq || record_id || number || body || hash) FROM revision")
	for _, statement := range []string{
		"UPDATE revision SET body = '{}'", "UPDATE revision SET seq = 9", "UPDATE OR IGNORE revision SET author = 'x'", "UPDATE OR REPLACE revision SET hash = 'x'",
		"DELETE FROM revision", "DELETE FROM revision WHERE number = 1",
		"INSERT OR REPLACE INTO revision SELECT seq, record_id, number, '{}', author, reason, at, previous, hash FROM revision",
	} {
		if _, err := db.ExecContext(t.Context(), statement); err == nil || !strings.Contains(err.Error(), "never") {
			t.Errorf("%s: %v", statement, err)
		}
	}
	if after := one(t, db, "SELECT group_concat(seq || record_id || number || body || hash) FROM revision"); after != before {
		t.Errorf("%s became %s", before, after)
	}
}

// made is a closed database with one agreement.
func made(t *testing.T) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "registry.db")
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(publishOne(t.Context(), s, "accord"), s.Close()); err != nil {
		t.Fatal(err)
	}
	return path
}

// folderOf lists the files beside path, and the bytes of path.
func folderOf(t *testing.T, path string) (names []string, content []byte) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	if content, err = os.ReadFile(path); err != nil {
		t.Fatal(err)
	}
	return names, content
}

// with is the shipped migrations and one more, where name isn't empty.
func with(name, statements string) fstest.MapFS {
	names, err := fs.Glob(migrations.SQLite, "sqlite/*.sql")
	if err != nil || len(names) == 0 {
		panic(fmt.Sprint("no migrations: ", err))
	}
	out := fstest.MapFS{}
	for _, name := range names {
		data, err := migrations.SQLite.ReadFile(name)
		if err != nil {
			panic(err)
		}
		out[slashpath.Base(name)] = &fstest.MapFile{Data: data}
	}
	if name != "" {
		out[name] = &fstest.MapFile{Data: []byte("-- +goose Up\n" + statements)}
	}
	return out
}

const next = "0900_next.sql"

func TestNewerDatabaseIsRefusedAndLeftAlone(t *testing.T) {
	path := made(t)
	db := raw(t, path)
	if _, err := db.ExecContext(t.Context(), "INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, 1)"); err != nil {
		t.Fatal(err)
	}
	db.Close()
	names, before := folderOf(t, path)
	_, err := Open(t.Context(), path)
	e := wantCode(t, err, registry.Conflict)
	for _, word := range []string{"registry.db", "999", "newer mithaq"} {
		if !strings.Contains(e.Message, word) {
			t.Errorf("the message doesn't say %q: %s", word, e.Message)
		}
	}
	if after, content := folderOf(t, path); !bytes.Equal(content, before) || !slices.Equal(after, names) {
		t.Errorf("the file was changed, or files were made: %v, before %v", after, names)
	}
}

func TestMigrationOfOtherContentIsRefused(t *testing.T) {
	path := made(t)
	names, before := folderOf(t, path)
	other := with("", "")
	for name, f := range other {
		other[name] = &fstest.MapFile{Data: append(slices.Clone(f.Data), "\n-- one word more\n"...)}
	}
	_, err := open(t.Context(), path, other)
	wantCode(t, err, registry.Conflict)
	if after, content := folderOf(t, path); !bytes.Equal(content, before) || !slices.Equal(after, names) {
		t.Errorf("the file was changed, or files were made: %v, before %v", after, names)
	}
	openAt(t, path) // the program that made it still opens it
}

func TestPendingMigrationMakesASoundBackupFirst(t *testing.T) {
	path := made(t)
	s, err := open(t.Context(), path, with(next, "CREATE TABLE later (a TEXT) STRICT;"))
	if err != nil {
		t.Fatal(err)
	}
	if got := one(t, s.q, "SELECT count(*) FROM later"); got != "0" {
		t.Error("not migrated")
	}
	if _, err := s.Record(t.Context(), "accord"); err != nil {
		t.Error("lost on the way:", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	backups, _ := filepath.Glob(path + ".schema-*.backup")
	if len(backups) != 1 {
		t.Fatalf("backups: %v", backups)
	}
	copied := raw(t, backups[0])
	if got := one(t, copied, "PRAGMA integrity_check"); got != "ok" {
		t.Error("the backup:", got)
	}
	if got := one(t, copied, "SELECT count(*) FROM sqlite_schema WHERE name = 'later'"); got != "0" {
		t.Error("the backup was made too late")
	}
	copied.Close()
	if _, err := openAt(t, backups[0]).Record(t.Context(), "accord"); err != nil {
		t.Error("the program before doesn't open the backup:", err)
	}
	if _, err := Open(t.Context(), path); err == nil {
		t.Error("the program before opens what a newer one migrated")
	}
}

func TestFailedMigrationLeavesTheOldSchema(t *testing.T) {
	path := made(t)
	if _, err := open(t.Context(), path, with(next, "CREATE TABLE half (a TEXT);\nDELETE FROM reference;\nDELETE FROM touch;\nINSERT INTO nowhere VALUES (1);")); err == nil {
		t.Fatal("no error")
	}
	wantOldSchema(t, path)
}

// The table of revisions, which nothing may change, was replaced once: each row is as it was, and as protected.
func TestRevisionsOutliveTheirTable(t *testing.T) {
	path := filepath.Join(t.TempDir(), "registry.db")
	before := with("", "")
	maps.DeleteFunc(before, func(name string, _ *fstest.MapFile) bool { return name >= "0013" })
	s, err := open(t.Context(), path, before)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	db := raw(t, path)
	if _, err := db.ExecContext(t.Context(), `
		INSERT INTO revision (seq, record_id, number, body, author, reason, at, previous, hash) VALUES
		  (3, 'src', 1, '{"id":"src"}', 'import', 'r', '2026-01-01T00:00:05Z', '', 'c'), (5, 'accord', 1, '{"id":"accord"}', 'import', 'r', '2026-01-01T00:00:05.6Z', '', 'b'),
		  (9, 'accord', 2, '{"id":"accord","n":1.50}', 'desk', 'r2', '2026-02-01T00:00:00Z', 'b', 'a');
		INSERT INTO record (key, id, type, revision) VALUES (7, 'src', 'source', 3), (4, 'accord', 'agreement', 9);
		INSERT INTO reference (from_id, pointer, to_id) VALUES ('accord', '/statements/0/source', 'src');
		INSERT INTO place_at (record_id, position, pointer, match, code, score, similar, candidates) VALUES ('accord', 0, '/place', 'exact', '09.581', 0.5, 0, '["09.581"]');
		INSERT INTO touch (code, record_id, own) VALUES ('09', 'accord', 0), ('09.581', 'accord', 1);
		INSERT INTO source_text (source_id, raw, sha256, attached) VALUES ('src', x'78', 'y', 'z');`); err != nil {
		t.Fatal(err)
	}
	const kept = `SELECT (SELECT json_group_array(json_array(seq, record_id, number, body, author, reason, at, previous, hash)) FROM revision)
		|| (SELECT json_group_array(json_array(from_id, pointer, to_id)) FROM reference) || (SELECT group_concat(source_id || raw) FROM source_text)
		|| (SELECT json_group_array(json_array(record_id, position, pointer, match, code, score, similar, candidates)) FROM place_at)
		|| (SELECT json_group_array(json_array(id, revision, updated, body)) FROM published)`
	want := one(t, db, kept)
	db.Close()
	migrated := func() querier {
		s := openAt(t, path)
		for pragma, want := range map[string]string{"foreign_keys": "1", "legacy_alter_table": "0"} {
			if got := one(t, s.writes, "PRAGMA "+pragma); got != want {
				t.Errorf("%s is %s for whoever writes", pragma, got)
			}
		}
		return s.q
	}
	migrated()
	again := raw(t, path) // as if the program had been killed before it noted that it was done
	if _, err := again.ExecContext(t.Context(), "DELETE FROM goose_db_version WHERE version_id = 14"); err != nil {
		t.Fatal(err)
	}
	again.Close()
	q := migrated()
	for question, want := range map[string]string{
		kept: want,
		`SELECT json_group_array(json_array(code, own, record)) FROM touch`: `[["09",0,4],["09.581",1,4]]`,
		`PRAGMA integrity_check`:                        "ok",
		`SELECT count(*) FROM pragma_foreign_key_check`: "0",
		`SELECT count(*) FROM sqlite_schema WHERE name LIKE '%\_before' ESCAPE '\' OR name LIKE '%\_after' ESCAPE '\'`: "0",
	} {
		if got := one(t, q, question); got != want {
			t.Errorf("%s\n%s\nwant %s", question, got, want)
		}
	}
	after := raw(t, path)
	for _, statement := range []string{
		"UPDATE revision SET body = '{}'", "DELETE FROM revision WHERE seq = 3", "INSERT OR REPLACE INTO revision SELECT seq, record_id, number, '{}', author, reason, at, previous, hash FROM revision",
		"INSERT INTO revision SELECT seq + 100, record_id, number, '{}', author, reason, at, previous, hash || 'x' FROM revision",
	} {
		if _, err := after.ExecContext(t.Context(), statement); err == nil || !strings.Contains(err.Error(), "never") {
			t.Errorf("%s: %v", statement, err)
		}
	}
}

// wantOldSchema checks that nothing of a migration was left.
func wantOldSchema(t *testing.T, path string) {
	t.Helper()
	s := openAt(t, path)
	if got := one(t, s.q, "SELECT count(*) FROM sqlite_schema WHERE name = 'half'"); got != "0" {
		t.Error("half of the migration is there")
	}
	if got := one(t, s.q, "SELECT count(*) FROM touch"); got == "0" {
		t.Error("rows are gone")
	}
	if got := one(t, s.q, "PRAGMA integrity_check"); got != "ok" {
		t.Error(got)
	}
}

// migrateSlowly begins a migration that would take minutes.
func migrateSlowly(path string) error {
	folder := with(next, `CREATE TABLE half (a TEXT);
		DELETE FROM touch;
		WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000) INSERT INTO half SELECT hex(randomblob(500)) FROM n;`)
	_, err := open(context.Background(), path, folder)
	return err
}

func TestKilledMigrationLeavesTheOldSchema(t *testing.T) {
	t.Parallel()
	path := made(t)
	cmd, _, _ := helper(t, "migrate", path)
	for begun := time.Now(); ; time.Sleep(5 * time.Millisecond) {
		if info, err := os.Stat(path + "-wal"); err == nil && info.Size() > 1<<20 {
			break // it has written a good deal already
		}
		if time.Since(begun) > 10*time.Second {
			t.Fatal("the migration doesn't begin")
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
	wantOldSchema(t, path)
}

func TestWhatIsNoRegistryIsRefused(t *testing.T) {
	folder := t.TempDir()
	text := filepath.Join(folder, "notes.txt")
	want := bytes.Repeat([]byte("this is no database at all\n"), 300)
	if err := os.WriteFile(text, want, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), text)
	if e := wantCode(t, err, registry.Unavailable); !strings.Contains(e.Message, "not a sound SQLite database") {
		t.Error(e.Message)
	}
	if got, _ := os.ReadFile(text); !bytes.Equal(got, want) {
		t.Error("the file was changed")
	}
	_, err = Open(t.Context(), folder)
	wantCode(t, err, registry.Unavailable)

	foreign := filepath.Join(folder, "other.db")
	db := raw(t, foreign)
	if _, err := db.ExecContext(t.Context(), "CREATE TABLE bookmarks (url TEXT)"); err != nil {
		t.Fatal(err)
	}
	_, err = Open(t.Context(), foreign)
	wantCode(t, err, registry.Conflict)
	if got := one(t, db, "SELECT group_concat(name) FROM sqlite_schema"); got != "bookmarks" {
		t.Errorf("another program's database now has %s", got)
	}
}

// publishForEver publishes agreements a-0, a-1, … and says each number once its write has returned.
func publishForEver(path string) error {
	s, err := Open(context.Background(), path)
	if err != nil {
		return err
	}
	for n := 0; ; n++ {
		if err := publishOne(context.Background(), s, registry.ID(fmt.Sprintf("a-%d", n))); err != nil {
			return err
		}
		fmt.Println(n)
	}
}

func TestKilledPublisherLosesNothingAcknowledged(t *testing.T) {
	t.Parallel()
	for _, acknowledged := range []int{1, 4, 9, 15, 30} {
		path := filepath.Join(t.TempDir(), "registry.db")
		cmd, out, _ := helper(t, "publish", path)
		last := -1
		for {
			line, err := out.ReadString('\n')
			if err != nil {
				break // the rest of a line that was cut off acknowledges nothing
			}
			if _, err := fmt.Sscan(line, &last); err != nil {
				t.Fatal(err)
			}
			if last == acknowledged {
				go func() {
					time.Sleep(time.Duration(rand.IntN(8_000)) * time.Microsecond) // wherever it is by then
					cmd.Process.Kill()
				}()
			}
		}
		cmd.Wait()
		if last < acknowledged {
			t.Fatalf("it stopped after %d", last)
		}
		s := openAt(t, path)
		for n := range last + 1 {
			if x, err := s.Record(t.Context(), registry.ID(fmt.Sprintf("a-%d", n))); err != nil || x.Revision != 1 {
				t.Errorf("%d was acknowledged, last %d: %v", n, last, err)
			}
		}
		total := one(t, s.q, "SELECT count(*) FROM revision")
		if n := fmt.Sprint(last + 1); total != n && total != fmt.Sprint(last+2) { // one may be durable and not yet said
			t.Errorf("%s revisions, %s acknowledged", total, n)
		}
		for _, table := range []string{"record", "feature", "feature_box", "touch", "record_words"} {
			if got := one(t, s.q, "SELECT count(*) FROM "+table); got != total {
				t.Errorf("%s rows in %s, %s revisions: half a publication", got, table, total)
			}
		}
		if got := one(t, s.q, "PRAGMA integrity_check"); got != "ok" {
			t.Error(got)
		}
		if got := one(t, s.q, "SELECT count(*) FROM pragma_foreign_key_check"); got != "0" {
			t.Errorf("%s rows point nowhere", got)
		}
	}
}

// holdTheLock holds the write lock until its input ends.
func holdTheLock(path string) error {
	db, err := sql.Open("sqlite3", address(path, "_txlock=immediate"))
	if err != nil {
		return err
	}
	tx, err := db.Begin()
	if err != nil {
		return err
	}
	defer tx.Rollback()
	fmt.Println("locked")
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

func TestAnotherProcessHoldsTheWriteLock(t *testing.T) {
	t.Parallel()
	path := made(t)
	s := openAt(t, path)
	cmd, out, in := helper(t, "lock", path)
	if line, err := out.ReadString('\n'); err != nil || line != "locked\n" {
		t.Fatal(line, err)
	}
	begun := time.Now()
	if _, err := s.Record(t.Context(), "accord"); err != nil {
		t.Error("reading:", err)
	}
	second := openAt(t, path) // nothing to write, so nothing to wait for
	if _, err := second.Totals(t.Context()); err != nil {
		t.Error("reading anew:", err)
	}
	if d := time.Since(begun); d > 3*time.Second {
		t.Errorf("reading took %s", d)
	}
	begun = time.Now()
	wantCode(t, publishOne(t.Context(), s, "autre"), registry.Busy)
	if d := time.Since(begun); d > 10*time.Second {
		t.Errorf("it waited %s", d)
	}
	in.Close()
	cmd.Wait()
	if err := publishOne(t.Context(), s, "autre"); err != nil {
		t.Error("after the lock:", err)
	}
}

// A file that the program makes has pages in which little stays empty; one that is there keeps its own.
func TestPageSize(t *testing.T) {
	older := filepath.Join(t.TempDir(), "older.db")
	db, err := sql.Open(driver, address(older, "_journal_mode=WAL"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec("PRAGMA user_version = 0"); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]int{filepath.Join(t.TempDir(), "new.db"): 8192, older: 4096} {
		var n int
		if err := openAt(t, path).writes.QueryRow("PRAGMA page_size").Scan(&n); err != nil || n != want {
			t.Errorf("%s has pages of %d bytes, want %d: %v", filepath.Base(path), n, want, err)
		}
	}
}

// A statement that changes more than SQLite keeps in memory to undo it goes on in a temporary file, with the SQLITE_STMTJRNL_SPILL of the Makefile, too.
func TestStatementOfManyPages(t *testing.T) {
	t.Parallel()
	db := raw(t, filepath.Join(t.TempDir(), "any.db"))
	tx, err := db.Begin()
	if err != nil {
		t.Fatal(err)
	}
	defer tx.Rollback()
	for _, text := range []string{
		"CREATE TABLE t (a INTEGER PRIMARY KEY, b INTEGER UNIQUE, c BLOB)",
		"INSERT INTO t SELECT value, value, randomblob(3000) FROM (WITH RECURSIVE n(value) AS (SELECT 1 UNION ALL SELECT value + 1 FROM n WHERE value < 6000) SELECT value FROM n)",
		"UPDATE t SET b = -b, c = randomblob(3000)",
	} {
		if _, err := tx.Exec(text); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
	}
}
