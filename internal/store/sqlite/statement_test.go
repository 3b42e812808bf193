package sqlite

import (
	"context"
	"errors"
	"testing"
)

// A gate lets as many in as it has room for; who waits hears that nobody waits for the answer any more.
func TestGateLetsSoManyIn(t *testing.T) {
	t.Parallel()
	g := make(gate, 2)
	for range 2 {
		if err := g.enter(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	left, leave := context.WithCancelCause(t.Context())
	gone := errors.New("gone")
	leave(gone)
	if err := g.enter(left); !errors.Is(err, gone) {
		t.Errorf("a third is let in: %v", err)
	}
	entered := make(chan error)
	go func() { entered <- g.enter(t.Context()) }()
	g.leave()
	if err := <-entered; err != nil {
		t.Errorf("who comes after one who left: %v", err)
	}
	if err := gate(nil).enter(left); err != nil {
		t.Errorf("no gate: %v", err)
	}
	gate(nil).leave()
}
