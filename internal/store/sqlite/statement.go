package sqlite

import (
	"context"
	"database/sql"
	"encoding/json"
	"strconv"
	"strings"
	"sync"
)

// querier is what a pool and a transaction have in common.
type querier interface {
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// statement is SQL text with its bound values, grown piece by piece.
type statement struct {
	text strings.Builder
	args []any
}

func (s *statement) add(text string, args ...any) {
	s.text.WriteString(text)
	s.args = append(s.args, args...)
}

// bind binds a value and names it, so that the text may use it more than once.
func (s *statement) bind(value any) string {
	s.args = append(s.args, value)
	return "?" + strconv.Itoa(len(s.args))
}

// listed is a subquery of values, which are bound as one JSON list: SQLite bounds how many values a statement may bind.
func listed[T ~string | ~int](s *statement, values []T) string {
	raw, err := json.Marshal(values)
	if err != nil {
		panic(err) // a list of texts or numbers has a JSON form
	}
	return "(SELECT value FROM json_each(" + s.bind(string(raw)) + "))"
}

// list adds listed.
func list[T ~string | ~int](s *statement, values []T) { s.text.WriteString(listed(s, values)) }

// pool is the readers' connections. It keeps statements prepared: to prepare one is most of the time that a small question takes.
type pool struct {
	*sql.DB
	mu   sync.Mutex
	kept map[string]*kept
}

// kept is a statement and how many are just asking it; one that was dropped is closed by the last of them.
type kept struct {
	*sql.Stmt
	users   int
	dropped bool
}

const (
	mostKept    = 200     // statements; their texts are few, since values are bound
	longestKept = 8 << 10 // bytes of text; longer ones are filters that nobody asks twice
)

// take is the statement of a text, to be given back; nil for one that isn't kept.
func (p *pool) take(ctx context.Context, query string) (*kept, error) {
	if len(query) > longestKept {
		return nil, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	k := p.kept[query]
	if k == nil {
		p.mu.Unlock()
		stmt, err := p.PrepareContext(ctx, query)
		p.mu.Lock()
		if err != nil {
			return nil, err
		}
		if k = p.kept[query]; k != nil { // somebody was quicker
			if err := stmt.Close(); err != nil {
				return nil, err
			}
		} else {
			if p.kept == nil || len(p.kept) >= mostKept {
				for _, old := range p.kept {
					old.dropped = true
					old.closeUnused()
				}
				p.kept = map[string]*kept{}
			}
			k = &kept{Stmt: stmt}
			p.kept[query] = k
		}
	}
	k.users++
	return k, nil
}

// giveBack ends a use; rows that are still read keep what they need.
func (p *pool) giveBack(k *kept) {
	p.mu.Lock()
	defer p.mu.Unlock()
	k.users--
	k.closeUnused()
}

func (k *kept) closeUnused() {
	if k.dropped && k.users == 0 {
		_ = k.Close() // it only frees memory
	}
}

// QueryContext implements querier.
func (p *pool) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	k, err := p.take(ctx, query)
	if err != nil {
		return nil, err
	}
	if k == nil {
		return p.DB.QueryContext(ctx, query, args...)
	}
	defer p.giveBack(k)
	return k.QueryContext(ctx, args...)
}

// QueryRowContext implements querier.
func (p *pool) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	k, err := p.take(ctx, query)
	if k == nil || err != nil {
		return p.DB.QueryRowContext(ctx, query, args...) // an error comes again
	}
	defer p.giveBack(k)
	return k.QueryRowContext(ctx, args...)
}
