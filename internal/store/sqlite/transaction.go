package sqlite

import (
	"context"
	"database/sql"
	sqldriver "database/sql/driver"
	"errors"
	"strings"
)

// transaction runs statements inside one write transaction and keeps each prepared by its text: the same few run for every record. It hears
// that its context was cancelled between two statements, not within one: the driver would start a goroutine for each to listen.
//
// What changes something is run by the driver itself: of what one row costs, a third would be database/sql's.
//
// What runs for every record inserts one row a statement: before a statement that changes several rows and may fail in the middle, SQLite copies each
// page that it touches, to undo it. waiting.go has the exception.
type transaction struct {
	tx   *sql.Tx
	conn *sql.Conn // the one that tx is on
	kept map[string]*sql.Stmt
	// changing are the statements that change something.
	changing map[string]sqldriver.Stmt
	args     []sqldriver.NamedValue      // of the last of them: their room is used again
	settle   func(context.Context) error // puts the features that wait into their places; whatever asks for features comes after that
}

func newTransaction(conn *sql.Conn, tx *sql.Tx) *transaction {
	return &transaction{tx: tx, conn: conn, kept: map[string]*sql.Stmt{}, changing: map[string]sqldriver.Stmt{}}
}

// close gives back what tx doesn't.
func (t *transaction) close() {
	_ = t.conn.Raw(func(any) (err error) {
		for _, stmt := range t.changing {
			err = errors.Join(err, stmt.Close()) // it only frees memory
		}
		return err
	})
}

// exec runs a statement that changes something and answers nothing. last is the key of the last row that the connection has inserted.
func (t *transaction) exec(ctx context.Context, text string, args ...any) (last int64, err error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	t.args = t.args[:0]
	for i, arg := range args {
		value, err := sqldriver.DefaultParameterConverter.ConvertValue(arg)
		if err != nil {
			return 0, err
		}
		t.args = append(t.args, sqldriver.NamedValue{Ordinal: i + 1, Value: value})
	}
	err = t.conn.Raw(func(c any) error {
		stmt, ok := t.changing[text]
		if !ok {
			var err error
			if stmt, err = c.(sqldriver.ConnPrepareContext).PrepareContext(context.WithoutCancel(ctx), text); err != nil {
				return err
			}
			if len(t.changing) < mostKept {
				t.changing[text] = stmt
			} else {
				defer stmt.Close()
			}
		}
		result, err := stmt.(sqldriver.StmtExecContext).ExecContext(context.Background(), t.args)
		if err != nil {
			return err
		}
		last, err = result.LastInsertId()
		return err
	})
	return last, err
}

// prepared is the statement of a text; the transaction's end closes it. nil when there are too many. Error: the context's, too.
func (t *transaction) prepared(ctx context.Context, text string) (*sql.Stmt, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if strings.Contains(text, "feature") && ctx.Value(settledContext{}) == nil {
		if err := t.settle(ctx); err != nil {
			return nil, err
		}
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
