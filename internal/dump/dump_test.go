package dump

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"mithaq/internal/registry"
)

func TestStaying(t *testing.T) {
	for _, tc := range []struct {
		gigabytes []int64 // of snapshots, the newest first
		want      int
	}{
		{nil, 0},
		{[]int64{0, 0, 0, 0, 0, 0, 0}, keep},
		{[]int64{8, 4, 4, 0, 0}, 5},
		{[]int64{8, 4, 5, 0, 0}, 2},
		{[]int64{20, 20, 20}, 2},
		{[]int64{20}, 1},
	} {
		var list []Snapshot
		for _, n := range tc.gigabytes {
			list = append(list, Snapshot{Files: []File{{Bytes: n << 29}, {Bytes: n << 29}}})
		}
		if got := staying(list); got != tc.want {
			t.Errorf("%v: %d stay, want %d", tc.gigabytes, got, tc.want)
		}
	}
}

// quick reads a page in no time.
type quick struct{ registry.Reader }

func (quick) EachFeature(context.Context, registry.FeatureQuery, func(registry.Feature) error) error {
	return nil
}

func (quick) FeatureTexts(context.Context, registry.FeatureQuery, func(registry.FeatureTexts) error) error {
	return nil
}

func TestUnhurried(t *testing.T) {
	for _, tc := range []struct {
		work  time.Duration // between two questions
		asked int
		rests time.Duration // in all
	}{
		{20 * time.Millisecond, 4, 60 * time.Millisecond},
		{leastRest, 2, leastRest},
		{100 * time.Microsecond, 100, 0},
		{100 * time.Microsecond, 250, 2 * leastRest},
		{time.Hour, 3, 2 * mostRest},
	} {
		synctest.Test(t, func(t *testing.T) {
			r := &unhurried{Reader: quick{}}
			ways := []func(context.Context) error{
				func(ctx context.Context) error { return r.EachFeature(ctx, registry.FeatureQuery{}, nil) },
				func(ctx context.Context) error { return r.FeatureTexts(ctx, registry.FeatureQuery{}, nil) },
			}
			begun := time.Now()
			for i := range tc.asked {
				if err := ways[i%len(ways)](t.Context()); err != nil {
					t.Fatal(err)
				}
				time.Sleep(tc.work)
			}
			if rested := time.Since(begun) - time.Duration(tc.asked)*tc.work; rested != tc.rests {
				t.Errorf("after %d times %v of work it rested %v, want %v", tc.asked, tc.work, rested, tc.rests)
			}
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			for _, read := range ways {
				if err := read(ctx); !errors.Is(err, context.Canceled) {
					t.Errorf("%v, want an end at once", err)
				}
			}
		})
	}
}
