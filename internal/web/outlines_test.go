package web

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mithaq/internal/gazetteer"
	"mithaq/internal/registry"
)

// slowStore is a registry of one site, named like its version, which takes a minute to be gone through.
type slowStore struct {
	registry.Reader
	mu      sync.Mutex
	version string
	err     error
	walks   int
}

func (s *slowStore) now() (version string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.version, s.err
}

func (s *slowStore) publish(version string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.version, s.err = version, err
}

func (s *slowStore) Version(context.Context) (string, error) {
	version, _ := s.now()
	return version, nil
}

func (s *slowStore) Count(context.Context, registry.FeatureQuery) (int, error) { return 0, nil }

func (s *slowStore) Records(context.Context, registry.RecordQuery) ([]registry.Stored, error) {
	return nil, nil
}

func (s *slowStore) EachAgreementOutline(context.Context, func(registry.AgreementOutline) error) error {
	return nil
}

func (s *slowStore) EachSiteOutline(ctx context.Context, yield func(registry.SiteOutline) error) error {
	s.mu.Lock()
	s.walks++
	s.mu.Unlock()
	version, err := s.now()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Minute):
	}
	if err != nil {
		return err
	}
	return yield(registry.SiteOutline{ID: registry.ID(version), Sort: &registry.SiteSort{}, Craft: &registry.SiteCraft{}, Spot: &registry.SiteSpot{}})
}

// wantOutlines asks a shelf, and fails unless the answer is of the version and came after so many minutes.
func wantOutlines(t *testing.T, shelf *outlineShelf, store *slowStore, gaz *gazetteer.Gazetteer, version registry.ID, minutes int) {
	t.Helper()
	begun := time.Now()
	got, err := shelf.of(t.Context(), store, gaz)
	if err != nil || got.sites.ids.of(0) != version || time.Since(begun) != time.Duration(minutes)*time.Minute {
		t.Errorf("%v after %s; want outlines of %s after %d minutes", err, time.Since(begun), version, minutes)
	}
}

func TestOutlinesAreMadeOnceForAllWhoWait(t *testing.T) {
	gaz, err := gazetteer.Default()
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		store, shelf := &slowStore{version: "1"}, &outlineShelf{}
		leaving, leave := context.WithCancel(t.Context())
		var all sync.WaitGroup
		all.Go(func() { // the first to come leaves before they are made
			if _, err := shelf.of(leaving, store, gaz); !errors.Is(err, context.Canceled) {
				t.Errorf("whoever left got %v", err)
			}
		})
		synctest.Wait()
		for range 5 {
			all.Go(func() { wantOutlines(t, shelf, store, gaz, "1", 1) })
		}
		synctest.Wait()
		leave()
		all.Wait()
		wantOutlines(t, shelf, store, gaz, "1", 0)
		if store.walks != 1 {
			t.Errorf("the store was gone through %d times", store.walks)
		}
	})
}

func TestOutlinesAreOfTheNewestPublication(t *testing.T) {
	gaz, err := gazetteer.Default()
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		store, shelf := &slowStore{version: "1"}, &outlineShelf{}
		var all sync.WaitGroup
		all.Go(func() { wantOutlines(t, shelf, store, gaz, "1", 1) })
		synctest.Wait()
		store.publish("2", nil) // while those of the first are made
		for range 3 {
			all.Go(func() { wantOutlines(t, shelf, store, gaz, "2", 2) })
		}
		all.Wait()
		store.publish("3", errors.New("no disk"))
		if _, err := shelf.of(t.Context(), store, gaz); err == nil || err.Error() != "no disk" {
			t.Errorf("a walk that failed gave %v", err)
		}
		store.publish("3", nil)
		wantOutlines(t, shelf, store, gaz, "3", 1)
		if store.walks != 4 {
			t.Errorf("the store was gone through %d times, want once for each publication and once for the fault", store.walks)
		}
	})
}

func TestOutlinesAreMadeAhead(t *testing.T) {
	gaz, err := gazetteer.Default()
	if err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		store := &slowStore{version: "1"}
		s := &Server{Deps: Deps{Store: store, Gazetteer: gaz}}
		ctx, stop := context.WithCancel(t.Context())
		var work sync.WaitGroup
		work.Go(func() { s.ReadAhead(ctx) })
		time.Sleep(2 * time.Minute)
		wantOutlines(t, &s.outlines, store, gaz, "1", 0)
		store.publish("2", nil)
		time.Sleep(2 * time.Minute)
		wantOutlines(t, &s.outlines, store, gaz, "2", 0)
		store.publish("3", nil)
		time.Sleep(10 * time.Second)
		begun := time.Now()
		stop()
		work.Wait()
		if shelf := &s.outlines; store.walks != 3 || shelf.making != nil || shelf.kept != nil || time.Since(begun) != 0 {
			t.Errorf("the store was gone through %d times, want 3, the last not to its end; that took %s", store.walks, time.Since(begun))
		}
	})
}
