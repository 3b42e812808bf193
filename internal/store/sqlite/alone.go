package sqlite

import (
	"context"
	"database/sql"
	"time"
)

// The first publication into an empty registry is an import: as much as the registry will ever hold, in one transaction. Through a WAL each page would be
// written twice, and looked for in an index of the WAL that grows with it. With a rollback journal new pages go to their place at once, and only pages from
// before, which are few, are written down to be put back. After a failure the next to open the file puts them back.

const (
	selectEmpty = `SELECT NOT EXISTS (SELECT 1 FROM record)`
	toRollback  = `PRAGMA journal_mode = DELETE`
	toWAL       = `PRAGMA journal_mode = WAL`
)

// beginAlone changes an empty registry's file to a rollback journal and reports whether it did. It leaves everything as it is where another process or a
// question of this one has the file open. Whoever opens it afterwards has to wait for the publication's end.
func (s *Store) beginAlone(ctx context.Context, conn *sql.Conn) bool {
	var empty bool
	if err := conn.QueryRowContext(ctx, selectEmpty).Scan(&empty); err != nil || !empty {
		return false
	}
	s.reads.SetMaxIdleConns(0) // an idle reader has it open, too
	defer s.reads.SetMaxIdleConns(mostOpen())
	var mode string
	return conn.QueryRowContext(ctx, toRollback).Scan(&mode) == nil && mode == "delete"
}

// endAlone changes the file back, whatever became of the publication. Where it can't, the next Open does.
func endAlone(conn *sql.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	_, _ = conn.ExecContext(ctx, toWAL)
}
