package sqlite

import (
	"context"
	"database/sql"
)

// transaction runs statements inside one write transaction and keeps each prepared by its text: the same few run for every record. It hears
// that its context was cancelled between two statements, not within one: the driver would start a goroutine for each to listen.
//
// What runs for every record inserts one row a statement: before a statement that changes several rows and may fail in the middle, SQLite copies each
// page that it touches, to undo it.
type transaction struct {
	tx   *sql.Tx
	kept map[string]*sql.Stmt
}

func newTransaction(tx *sql.Tx) *transaction {
	return &transaction{tx: tx, kept: map[string]*sql.Stmt{}}
}

// prepared is the statement of a text; the transaction's end closes it. nil when there are too many. Error: the context's, too.
func (t *transaction) prepared(ctx context.Context, text string) (*sql.Stmt, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	stmt, ok := t.kept[text]
	if ok || len(t.kept) == mostKept {
		return stmt, nil
	}
	stmt, err := t.tx.PrepareContext(ctx, text)
	if err == nil {
		t.kept[text] = stmt
	}
	return stmt, err
}

// ExecContext runs a statement that answers nothing.
func (t *transaction) ExecContext(ctx context.Context, text string, args ...any) (sql.Result, error) {
	stmt, err := t.prepared(ctx, text)
	if err != nil {
		return nil, err
	}
	if stmt == nil {
		return t.tx.ExecContext(ctx, text, args...)
	}
	return stmt.ExecContext(context.WithoutCancel(ctx), args...)
}

// QueryContext implements querier.
func (t *transaction) QueryContext(ctx context.Context, text string, args ...any) (*sql.Rows, error) {
	stmt, err := t.prepared(ctx, text)
	if err != nil {
		return nil, err
	}
	if stmt == nil {
		return t.tx.QueryContext(ctx, text, args...)
	}
	return stmt.QueryContext(context.WithoutCancel(ctx), args...)
}

// QueryRowContext implements querier.
func (t *transaction) QueryRowContext(ctx context.Context, text string, args ...any) *sql.Row {
	stmt, err := t.prepared(ctx, text)
	if err != nil || stmt == nil {
		return t.tx.QueryRowContext(ctx, text, args...) // a row that tells the error, or one not kept
	}
	return stmt.QueryRowContext(context.WithoutCancel(ctx), args...)
}
