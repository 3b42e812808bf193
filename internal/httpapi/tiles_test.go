package httpapi

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"mithaq/internal/registry"
)

// walks is a store that counts how often it is walked.
type walks struct {
	registry.Reader
	version string
	n       atomic.Int32
	err     error
}

func (w *walks) Version(context.Context) (string, error) { return w.version, nil }

func (w *walks) CountsByUnit(_ context.Context, q registry.FeatureQuery) (map[registry.PlaceCode]int, error) {
	w.n.Add(1)
	return map[registry.PlaceCode]int{"09": len(q.Where)}, w.err
}

func TestCountsAreWalkedForOnce(t *testing.T) {
	store := &walks{version: "1"}
	cache := &countCache{}
	ask := func(question string, want error) {
		t.Helper()
		if _, err := cache.of(t.Context(), store, registry.FeatureQuery{}, question); !errors.Is(err, want) {
			t.Errorf("%s: %v", question, err)
		}
	}
	walked := func(want int32) {
		t.Helper()
		if got := store.n.Swap(0); got != want {
			t.Errorf("%d walks, want %d", got, want)
		}
	}
	var all sync.WaitGroup
	for range 50 {
		all.Go(func() { ask("a", nil) })
	}
	all.Wait()
	walked(1)
	ask("a", nil)
	ask("b", nil)
	walked(1)
	store.version = "2"
	ask("a", nil)
	walked(1)
	store.err = errors.New("locked")
	ask("c", store.err)
	ask("c", store.err) // no answer is kept
	walked(2)
	store.err = nil
	for i := range 3 * maxCounts {
		ask(fmt.Sprint(i), nil)
	}
	if len(cache.counts) > maxCounts {
		t.Errorf("%d questions are kept", len(cache.counts))
	}
}

// Filters that are written in another order are one question, and others are others.
func TestNarrowing(t *testing.T) {
	for _, tc := range []struct {
		p    map[string]string
		want string
	}{
		{map[string]string{"f": "mvt"}, ""},
		{map[string]string{"status": "open", "kind": "craft_zone", "f": "mvt", "works": ""}, "kind=craft_zone&status=open"},
		{map[string]string{"filter": "kind = 'a&b'"}, "filter=kind+%3D+%27a%26b%27"},
	} {
		if got := narrowing(tc.p).Encode(); got != tc.want {
			t.Errorf("%v: %s, want %s", tc.p, got, tc.want)
		}
	}
}
