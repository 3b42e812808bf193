package sqlite

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/pressly/goose/v3"

	"mithaq/internal/registry"
)

// migrate brings the schema up to date: forward only, each migration in its own transaction. It refuses a database that is newer
// than the program or was built by migrations of other content, and copies a database that holds anything before it touches it.
func migrate(ctx context.Context, db *sql.DB, path string, folder fs.FS) error {
	if err := ours(ctx, db, path); err != nil {
		return err
	}
	provider, err := goose.NewProvider(goose.DialectSQLite3, db, folder, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		return err
	}
	current, target, err := provider.GetVersions(ctx)
	if err != nil {
		return err
	}
	if current > target {
		return &registry.Error{Code: registry.Conflict, Message: fmt.Sprintf(
			"The database %s has schema %d; this program knows schemas up to %d. Use a newer mithaq, or another database.",
			filepath.Base(path), current, target)}
	}
	if err := checksums(ctx, db, folder, provider.ListSources(), current); err != nil {
		return err
	}
	if current == target {
		return nil
	}
	if current > 0 {
		if err := backup(ctx, db, path, current); err != nil {
			return fmt.Errorf("copy the database before migrating it: %w", err)
		}
	}
	if _, err := provider.Up(ctx); err != nil {
		return err
	}
	return checksums(ctx, db, folder, provider.ListSources(), target)
}

// ours refuses another program's database: the schema would be put in between its tables.
func ours(ctx context.Context, db *sql.DB, path string) error {
	const count = `SELECT count(*) FILTER (WHERE name = 'goose_db_version'), count(*) FROM sqlite_schema`
	var versions, all int
	if err := db.QueryRowContext(ctx, count).Scan(&versions, &all); err != nil {
		return err
	}
	if versions == 0 && all > 0 {
		return &registry.Error{Code: registry.Conflict, Message: fmt.Sprintf(
			"%s is the database of another program. Name another file.", filepath.Base(path))}
	}
	return nil
}

// backup writes a sound copy beside the database: BASE.schema-N.TIME.backup.
func backup(ctx context.Context, db *sql.DB, path string, schema int64) error {
	to := fmt.Sprintf("%s.schema-%d.%s.backup", path, schema, time.Now().UTC().Format("20060102T150405.000"))
	if _, err := os.Stat(to); !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is there already", to)
	}
	_, err := db.ExecContext(ctx, "VACUUM INTO ?", to)
	return err
}

// checksums compares the migrations that built the database with those of the program, and keeps the sums of new ones.
func checksums(ctx context.Context, db *sql.DB, folder fs.FS, sources []*goose.Source, upTo int64) error {
	const create = `CREATE TABLE IF NOT EXISTS migration_checksum (version INTEGER PRIMARY KEY, sha256 TEXT NOT NULL) STRICT`
	if _, err := db.ExecContext(ctx, create); err != nil {
		return err
	}
	for _, s := range sources {
		if s.Version > upTo {
			continue
		}
		raw, err := fs.ReadFile(folder, s.Path)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(raw)
		var kept string
		err = db.QueryRowContext(ctx, "SELECT sha256 FROM migration_checksum WHERE version = ?", s.Version).Scan(&kept)
		if errors.Is(err, sql.ErrNoRows) { // written once only: opening doesn't wait for whoever holds the write lock
			kept = hex.EncodeToString(sum[:])
			_, err = db.ExecContext(ctx, "INSERT INTO migration_checksum (version, sha256) VALUES (?, ?) ON CONFLICT DO NOTHING", s.Version, kept)
		}
		if err != nil {
			return err
		}
		if kept != hex.EncodeToString(sum[:]) {
			return &registry.Error{Code: registry.Conflict, Message: fmt.Sprintf(
				"The database was built by another migration %d than this program's. Use the program that made it.", s.Version)}
		}
	}
	return nil
}
