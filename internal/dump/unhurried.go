package dump

import (
	"context"
	"time"

	"mithaq/internal/registry"
)

// unhurried reads features in such a way that the work on them takes half of one processor: after a page, and what was made of it, it rests as
// long as that took. Whoever asks the registry meanwhile finds it free.
type unhurried struct {
	registry.Reader
	woke time.Time // from the last rest
}

const (
	// leastRest is what short work adds up to before a rest: one of less than a millisecond would last a millisecond, many times as long as to look up
	// one feature.
	leastRest = 10 * time.Millisecond
	// mostRest bounds a rest: the time since the last one may be that of a machine that slept.
	mostRest = time.Second
)

// EachFeature implements registry.Reader, for one goroutine at a time.
func (r *unhurried) EachFeature(ctx context.Context, q registry.FeatureQuery, yield func(registry.Feature) error) error {
	if err := r.rest(ctx); err != nil {
		return err
	}
	return r.Reader.EachFeature(ctx, q, yield)
}

// FeatureTexts implements registry.Reader, for one goroutine at a time.
func (r *unhurried) FeatureTexts(ctx context.Context, q registry.FeatureQuery, yield func(registry.FeatureTexts) error) error {
	if err := r.rest(ctx); err != nil {
		return err
	}
	return r.Reader.FeatureTexts(ctx, q, yield)
}

// rest lets as much time pass as the work since the last rest took.
func (r *unhurried) rest(ctx context.Context) error {
	if r.woke.IsZero() {
		r.woke = time.Now()
	}
	worked := time.Since(r.woke)
	if worked < leastRest {
		return context.Cause(ctx)
	}
	rest := time.NewTimer(min(worked, mostRest))
	defer rest.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-rest.C:
	}
	r.woke = time.Now()
	return nil
}
