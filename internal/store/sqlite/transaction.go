package sqlite

import (
	"context"
	"database/sql"
	"strings"
)

// transaction runs statements inside one write transaction and keeps each prepared by its text: the same few run for every record. It hears
// that its context was cancelled between two statements, not within one: the driver would start a goroutine for each to listen.
type transaction struct {
	tx      *sql.Tx
	kept    map[string]*sql.Stmt
	inserts map[insertion]string
}

func newTransaction(tx *sql.Tx) *transaction {
	return &transaction{tx: tx, kept: map[string]*sql.Stmt{}, inserts: map[insertion]string{}}
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

// insertion is the beginning of a statement that inserts rows, and how many values it binds.
type insertion struct {
	into   string // "INSERT INTO t (a, b) VALUES "
	values int
}

// rowsAtOnce bounds the rows of one statement, and with them how many texts are kept prepared.
const rowsAtOnce = 8

// insert inserts rows of so many columns, given one after the other: a call into SQLite costs more than a row.
func (t *transaction) insert(ctx context.Context, into string, columns int, values []any) error {
	for len(values) > 0 {
		some := values[:min(len(values), columns*rowsAtOnce)]
		values = values[len(some):]
		text, ok := t.inserts[insertion{into, len(some)}]
		if !ok {
			row := "(?" + strings.Repeat(", ?", columns-1) + ")"
			text = into + row + strings.Repeat(", "+row, len(some)/columns-1)
			t.inserts[insertion{into, len(some)}] = text
		}
		if _, err := t.ExecContext(ctx, text, some...); err != nil {
			return err
		}
	}
	return nil
}
