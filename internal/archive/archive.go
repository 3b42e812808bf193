// Package archive gives the registry as it was published at a moment: what everybody reads, pages, JSON and maps, then reads a snapshot
// and knows nothing of it. A snapshot is a store of its own, filled by replaying the revisions up to the last one of that moment; what
// is derived is derived by today's program, because what was published is the record.
//
// It costs a replay of the whole registry the first time that a moment between two publications is asked for, and a store on the disk
// for each of the few that are kept. One is put together at a time. Whoever can't wait is told to come back, and the work goes on.
package archive

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"mithaq/internal/gazetteer"
	"mithaq/internal/publish"
	"mithaq/internal/registry"
)

// keep is how many snapshots stay when nobody reads them: a reader goes from page to page of one moment, or compares two.
const keep = 4

// buildTime bounds the work on one snapshot. It is far above any real one; a fault must not hold the others up for ever.
const buildTime = time.Hour

// Store is a registry that can be closed.
type Store interface {
	registry.Store
	Close() error
}

// Config is what an archive is made of.
type Config struct {
	Live   registry.Reader
	Places *gazetteer.Gazetteer
	// Dir is the folder of the snapshots. It belongs to the archive alone, which empties it at the start and at the end.
	Dir string
	// Open opens an empty store at a path.
	Open func(ctx context.Context, path string) (Store, error)
	Log  *slog.Logger
}

// Archive is a registry.Archive. Close it.
type Archive struct {
	Config
	ctx   context.Context // of the work, not of who asked for it
	stop  context.CancelFunc
	work  sync.WaitGroup
	turn  chan struct{} // held by the one that is being put together
	far   time.Time
	mu    sync.Mutex
	known map[key]*snapshot
	used  []*snapshot // finished ones, the longest unread first
}

// key is what a snapshot depends on.
type key struct {
	last       int64 // Seq of its last revision
	boundaries string
}

// snapshot is a store, or one to be.
type snapshot struct {
	key
	ready   chan struct{} // closed when store or err is there
	store   Store
	folder  string
	err     error
	readers int  // under Archive.mu
	gone    bool // no longer known: the last reader closes it; likewise
}

var _ registry.Archive = (*Archive)(nil)

// New makes an archive with no snapshot.
func New(c Config) (*Archive, error) {
	if c.Log == nil {
		c.Log = slog.Default()
	}
	if err := os.RemoveAll(c.Dir); err != nil {
		return nil, fmt.Errorf("empty the folder of the snapshots: %w", err)
	}
	a := &Archive{Config: c, turn: make(chan struct{}, 1), known: map[key]*snapshot{}, far: time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)}
	a.ctx, a.stop = context.WithCancel(context.Background())
	return a, nil
}

// Close ends what is being put together and removes every snapshot, also one that is being read.
func (a *Archive) Close() error {
	a.stop()
	a.work.Wait()
	a.mu.Lock()
	defer a.mu.Unlock()
	var err error
	for _, s := range a.used {
		err = errors.Join(err, s.store.Close())
	}
	a.used, a.known = nil, map[key]*snapshot{}
	return errors.Join(err, os.RemoveAll(a.Dir))
}

// At implements registry.Archive.
func (a *Archive) At(ctx context.Context, moment time.Time) (registry.Reader, error) {
	last, err := a.Live.LastRevision(ctx, moment)
	if err != nil {
		return nil, err
	}
	newest, err := a.Live.LastRevision(ctx, a.far)
	if err != nil {
		return nil, err
	}
	if last == newest {
		return a.Live, nil
	}
	boundaries, err := a.Live.BoundariesVersion(ctx)
	if err != nil {
		return nil, err
	}
	s, err := a.read(key{last, boundaries})
	if err != nil {
		return nil, err
	}
	select {
	case <-s.ready:
	case <-ctx.Done():
		a.release(s)
		return nil, &registry.Error{Code: registry.Unavailable, Message: "The registry of that moment is being put together. Ask again in a while.", Err: context.Cause(ctx)}
	}
	if s.err != nil {
		a.release(s)
		return nil, s.err
	}
	context.AfterFunc(ctx, func() { a.release(s) })
	return reader{Reader: s.store, live: a.Live, moment: moment, version: fmt.Sprintf("recorded-%d-%s", last, boundaries)}, nil
}

// read counts a reader of a snapshot, which it begins when there is none.
func (a *Archive) read(k key) (*snapshot, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.ctx.Err() != nil {
		return nil, &registry.Error{Code: registry.Unavailable, Message: "The registry is stopping."}
	}
	s := a.known[k]
	if s == nil {
		s = &snapshot{key: k, ready: make(chan struct{})}
		a.known[k] = s
		a.work.Go(func() { a.build(s) })
	}
	s.readers++
	for i, x := range a.used {
		if x == s {
			a.used = append(append(a.used[:i:i], a.used[i+1:]...), s)
			break
		}
	}
	return s, nil
}

// release takes a reader off. The last one of a snapshot that is known no more closes it.
func (a *Archive) release(s *snapshot) {
	a.mu.Lock()
	defer a.mu.Unlock()
	s.readers--
	if s.gone && s.readers == 0 {
		a.discard(s)
	}
}

// discard closes a snapshot and removes its file. Under a.mu.
func (a *Archive) discard(s *snapshot) {
	if err := errors.Join(s.store.Close(), os.RemoveAll(s.folder)); err != nil {
		a.Log.Error("a snapshot could not be removed", "error", err)
	}
}

// build puts a snapshot together when its turn comes, unless nobody waits for it by then.
func (a *Archive) build(s *snapshot) {
	defer close(s.ready)
	select {
	case a.turn <- struct{}{}:
		defer func() { <-a.turn }()
	case <-a.ctx.Done():
	}
	a.mu.Lock()
	wanted := s.readers > 0 && a.ctx.Err() == nil
	a.mu.Unlock()
	if wanted {
		begun := time.Now()
		s.err = a.fill(s)
		a.Log.Info("snapshot", "last_revision", s.last, "ms", time.Since(begun).Milliseconds(), "failed", s.err != nil)
	} else {
		s.err = &registry.Error{Code: registry.Unavailable, Message: "The registry of that moment was not put together. Ask again."}
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if s.err != nil { // the next who asks tries again
		delete(a.known, s.key)
		return
	}
	a.used = append(a.used, s)
	for len(a.used) > keep {
		old := a.used[0]
		a.used = a.used[1:]
		delete(a.known, old.key)
		if old.gone = true; old.readers == 0 {
			a.discard(old)
		}
	}
}

// fill makes the store of a snapshot.
func (a *Archive) fill(s *snapshot) (err error) {
	ctx, cancel := context.WithTimeout(a.ctx, buildTime)
	defer cancel()
	if err = os.MkdirAll(a.Dir, 0o700); err == nil {
		s.folder, err = os.MkdirTemp(a.Dir, fmt.Sprintf("%d-", s.last))
	}
	if err != nil {
		return &registry.Error{Code: registry.Unavailable, Message: "There is no room now to put the registry of that moment together.", Err: err}
	}
	store, err := a.Open(ctx, filepath.Join(s.folder, "registry.db"))
	if err != nil {
		return errors.Join(err, os.RemoveAll(s.folder))
	}
	p := publish.Publisher{Store: store, Places: a.Places, Now: time.Now}
	if err := p.Replay(ctx, a.Live, s.last); err != nil {
		return errors.Join(err, store.Close(), os.RemoveAll(s.folder))
	}
	s.store = store
	return nil
}

// reader is a snapshot with what it doesn't hold: boundaries, of which the registry has one state for every moment, and the texts of
// sources, which are no part of what is published.
type reader struct {
	registry.Reader
	live    registry.Reader
	moment  time.Time
	version string
}

// of is who answers for the features that q selects: boundaries have no moment.
func (r reader) of(q registry.FeatureQuery) registry.Reader {
	if q.Detail != "" {
		return r.live
	}
	return r.Reader
}

// EachFeature implements registry.Reader.
func (r reader) EachFeature(ctx context.Context, q registry.FeatureQuery, yield func(registry.Feature) error) error {
	return r.of(q).EachFeature(ctx, q, yield)
}

// FeatureTexts implements registry.Reader.
func (r reader) FeatureTexts(ctx context.Context, q registry.FeatureQuery, yield func(registry.FeatureTexts) error) error {
	return r.of(q).FeatureTexts(ctx, q, yield)
}

// EachSpot implements registry.Reader.
func (r reader) EachSpot(ctx context.Context, q registry.FeatureQuery, yield func(registry.Spot) error) error {
	return r.of(q).EachSpot(ctx, q, yield)
}

// Count implements registry.Reader.
func (r reader) Count(ctx context.Context, q registry.FeatureQuery) (int, error) {
	return r.of(q).Count(ctx, q)
}

// CountsByUnit implements registry.Reader.
func (r reader) CountsByUnit(ctx context.Context, q registry.FeatureQuery) (map[registry.PlaceCode]int, error) {
	return r.of(q).CountsByUnit(ctx, q)
}

// PageBefore implements registry.Reader.
func (r reader) PageBefore(ctx context.Context, q registry.FeatureQuery, size int) (string, error) {
	return r.of(q).PageBefore(ctx, q, size)
}

// SourceText implements registry.Reader: a text that was attached by then, if it may be shown today.
func (r reader) SourceText(ctx context.Context, id registry.ID) (registry.SourceText, error) {
	text, err := r.live.SourceText(ctx, id)
	if err != nil {
		return text, err
	}
	now, err := registry.RecordOf[*registry.Source](ctx, r.live, id)
	if err != nil {
		return registry.SourceText{}, err
	}
	if text.Attached.After(r.moment) || !now.Record.(*registry.Source).Rights.ShowText() {
		return registry.SourceText{}, &registry.Error{Code: registry.NotFound, Message: "No text was attached to this source.", Param: "id", Got: string(id), Takes: "a source with its text attached"}
	}
	return text, nil
}

// Version implements registry.Reader.
func (r reader) Version(context.Context) (string, error) { return r.version, nil }

// BoundariesVersion implements registry.Reader.
func (r reader) BoundariesVersion(ctx context.Context) (string, error) {
	return r.live.BoundariesVersion(ctx)
}
