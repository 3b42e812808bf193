// Package sqlite keeps the registry in one SQLite file: one connection that writes, several that read, WAL between them.
//
// Settings and why:
//   - journal_mode=WAL: readers go on while somebody publishes. The first import goes without it: see alone.go.
//   - synchronous=FULL: a publication is a public act, so a transaction that was answered is on the disk, also when the
//     power fails; NORMAL would risk the last ones in WAL. Publications are rare and reads don't pay for it.
//   - foreign_keys=on: SQLite has them off; a reference to no record must be impossible.
//   - busy_timeout: another process (mithaq import) may hold the write lock for a moment. It is short for readers, because the driver
//     doesn't hear a cancelled context while it waits for a lock.
//   - mutex=no for readers: database/sql gives a connection to one goroutine at a time, so SQLite needs no locks of its own.
//   - page_size of 8 kB, in files that the program makes and in temporary ones: a revision or a body takes more than half of SQLite's usual 4 kB, and the rest of
//     the page would be empty. A file keeps the size that it was made with.
//   - cache_size of 32 MB for the writer: a page that is changed again and again in one long publication would go to the WAL each time that it
//     leaves the cache. It is given back when the publication ends.
//   - cache_size of 4 MB for each reader: the upper pages of the features' tree, which every feature is looked up through, take that for a million.
//     Idle readers are closed after a while, and their pages with them.
//   - txlock=immediate for the writer: a transaction that reads first and writes later loses to another writer otherwise.
//
// Pragmas stand in the address of the database, because a pragma statement would reach one connection of the pool only.
package sqlite

import (
	"context"
	"database/sql"
	sqldriver "database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/mattn/go-sqlite3"
	"golang.org/x/sync/semaphore"

	"mithaq/internal/registry"
	"mithaq/migrations"
)

// Store is a registry in a SQLite file. It implements registry.Store.
type Store struct {
	reader
	reads, writes *sql.DB
}

var _ registry.Store = (*Store)(nil)

// writerCache is the writer's cache_size as SQLite takes it: kB, negative.
const writerCache = "-32768"

const (
	// mostReaders is how many connections read at once. An answer whose client reads slowly holds one as long as it lasts.
	mostReaders = 8
	idleFor     = 5 * time.Minute
)

// mostOpen is mostReaders, or more on a machine of more cores.
func mostOpen() int { return max(mostReaders, runtime.NumCPU()) }

// Open opens the database file at path, makes it when there is none, and brings its schema up to date (see migrate).
// Error: *registry.Error when the file is newer than the program, no database, or can't be written.
func Open(ctx context.Context, path string) (*Store, error) {
	shipped, err := fs.Sub(migrations.SQLite, "sqlite")
	if err != nil {
		return nil, err
	}
	return open(ctx, path, shipped)
}

// open is Open with the migrations given; tests bring others.
func open(ctx context.Context, path string, folder fs.FS) (*Store, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, fmt.Errorf("folder of the database: %w", err)
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if err := create(ctx, path); err != nil {
		return nil, translate("make the database", err)
	}
	writes, err := sql.Open(driver, address(path, "_txlock=immediate&_busy_timeout=5000&_journal_mode=WAL&_synchronous=FULL&_cache_size="+writerCache))
	if err != nil {
		return nil, err
	}
	writes.SetMaxOpenConns(1)
	if err := migrate(ctx, writes, path, folder); err != nil {
		return nil, errors.Join(translate("open the database", err), writes.Close())
	}
	reads, err := sql.Open(driver, address(path, "mode=ro&_mutex=no&_busy_timeout=1000&_query_only=on&_cache_size=-4096"))
	if err != nil {
		return nil, errors.Join(err, writes.Close())
	}
	reads.SetMaxOpenConns(mostOpen())
	reads.SetMaxIdleConns(mostOpen())
	reads.SetConnMaxIdleTime(idleFor)
	return &Store{reader: reader{q: &pool{DB: reads}, tallied: true, large: 100_000, milestones: &milestones{every: milestoneEvery},
		texts: semaphore.NewWeighted(int64(runtime.NumCPU() + 1))}, reads: reads, writes: writes}, nil
}

// pageSize is the size of pages in files that aren't there yet, in bytes.
const pageSize = `PRAGMA page_size = 8192`

// create makes the file where there is none: the size of its pages has to be said before anything else is, as each connection of driver does.
func create(ctx context.Context, path string) error {
	if info, err := os.Stat(path); err == nil && info.Size() > 0 {
		return nil
	}
	db, err := sql.Open(driver, address(path, ""))
	if err != nil {
		return err
	}
	db.SetMaxOpenConns(1)
	_, err = db.ExecContext(ctx, toWAL)
	return errors.Join(err, db.Close())
}

// address is path as SQLite's URI with the settings that every connection shares.
func address(path, settings string) string {
	return (&url.URL{Scheme: "file", Path: path, RawQuery: settings + "&_foreign_keys=on"}).String()
}

// Close ends both pools; the last to leave folds the WAL into the file.
func (s *Store) Close() error {
	return errors.Join(s.reads.Close(), s.writes.Close())
}

// Ping reports whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	_, err := s.Version(ctx)
	return err
}

// Write implements registry.Store.
func (s *Store) Write(ctx context.Context, f func(registry.Writer) error) error {
	conn, err := s.writes.Conn(ctx)
	if err != nil {
		return translate("begin", err)
	}
	defer s.shrink()
	defer conn.Close()
	w := &writer{tally: newTally(), squares: map[squareRow]int{}, places: map[placeRow]int{}, taken: map[registry.ID]int64{}}
	defer func() {
		if w.settled > manyAtOnce { // the connection's temporary file stays as large as they were
			_ = conn.Raw(func(any) error { return sqldriver.ErrBadConn }) // which closes it
		}
	}()
	if s.beginAlone(ctx, conn) {
		defer endAlone(conn)
	}
	// A context that can be cancelled would have a goroutine listen during each query; transaction asks it between two.
	tx, err := conn.BeginTx(context.WithoutCancel(ctx), nil)
	if err != nil {
		return translate("begin", err)
	}
	defer tx.Rollback() // after a commit it does nothing
	t := newTransaction(conn, tx)
	defer t.close()
	w.reader, w.tx = reader{q: t}, t
	t.settle = w.settle
	if err := f(w); err != nil {
		return err
	}
	w.ends = true
	if err := errors.Join(w.putTally(ctx), w.putSquares(ctx), w.settle(ctx), w.putPlaces(ctx)); err != nil {
		return err
	}
	if w.dirty {
		if _, err := t.exec(ctx, bumpGeneration); err != nil {
			return translate("count the publication", err)
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return translate("commit", tx.Commit())
}

// shrink gives the pages back that a publication kept in memory. A failure costs memory alone.
func (s *Store) shrink() { _, _ = s.writes.Exec("PRAGMA shrink_memory") }

const bumpGeneration = `
	INSERT INTO setting (name, value) VALUES ('generation', '1')
	ON CONFLICT (name) DO UPDATE SET value = CAST(value AS INTEGER) + 1`

// translate turns the driver's codes into the registry's; what it doesn't know stays as it is and becomes "internal".
func translate(doing string, err error) error {
	var known *registry.Error
	if err == nil || errors.As(err, &known) {
		return err
	}
	var se sqlite3.Error
	if !errors.As(err, &se) {
		return fmt.Errorf("%s: %w", doing, err)
	}
	wrap := func(code registry.Code, message string) error {
		return &registry.Error{Code: code, Message: message, Err: fmt.Errorf("%s: %w", doing, err)}
	}
	switch se.Code {
	case sqlite3.ErrBusy, sqlite3.ErrLocked:
		return wrap(registry.Busy, "Somebody else is writing to the registry. Try again in a moment.")
	case sqlite3.ErrFull, sqlite3.ErrReadonly, sqlite3.ErrCantOpen, sqlite3.ErrIoErr:
		return wrap(registry.Unavailable, "The registry's disk can't be used now.")
	case sqlite3.ErrNotADB, sqlite3.ErrCorrupt:
		return wrap(registry.Unavailable, "The file is not a sound SQLite database.")
	}
	if se.ExtendedCode == sqlite3.ErrConstraintForeignKey {
		return wrap(registry.Conflict, "A record points at one that is not in the registry.")
	}
	return fmt.Errorf("%s: %w", doing, err)
}

// timeForm is how times are stored: text, UTC. Without its Z it sorts by time.
const timeForm = time.RFC3339Nano
