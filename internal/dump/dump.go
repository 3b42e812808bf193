// Package dump keeps the whole registry as files on the disk: every collection in every format, written once for each publication and then
// only served. A snapshot is a folder that never changes; the last few stay, so that a download begun on one can be resumed after the next.
//
// It refuses to show anything half: a folder gets its name when all of its files are on the disk, and what was published meanwhile makes the
// work begin again rather than mix two states. It looks at the registry's version every few seconds, because another process may publish,
// and does nothing more while that stays. What a file holds and looks like is export's.
package dump

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"mithaq/internal/edtf"
	"mithaq/internal/export"
	"mithaq/internal/registry"
)

const (
	// keep is how many snapshots stay: who resumes a download or compares two publications needs the one before, rarely an older one. Of large ones
	// fewer stay: no more than keepBytes hold, but always two.
	keep      = 5
	keepBytes = 16 << 30
	// lookEvery is how often the version is read: one row of one table.
	lookEvery = 3 * time.Second
	// retryAfter is how long a failure is left alone: a full disk isn't emptied within seconds.
	retryAfter = time.Minute

	listing    = "snapshot.json" // in each folder: the Snapshot
	unfinished = ".unfinished-"  // begins the name of a folder that is being filled
)

// Config is what the snapshots are made of.
type Config struct {
	Live registry.Reader
	// Dir is the folder of the snapshots. It belongs to this program alone, which removes what is old or was left half.
	Dir string
	// BaseURL is the registry's public address, without a final slash, which the files name; Labels name codes in them.
	BaseURL string
	Labels  export.Labels
	// Program is the version of the program: another one may write the same records otherwise.
	Program string
	Now     func() time.Time
	Log     *slog.Logger
	Every   time.Duration // how often to look; lookEvery when 0
}

// Snapshot is the registry on a day, as files.
type Snapshot struct {
	// ID names the folder and the address: the time of the publication and the beginning of a hash of all that the files depend on.
	ID        string    `json:"id"`
	Published time.Time `json:"published"` // the last publication in it, UTC
	Day       edtf.Day  `json:"day"`       // on which the data hold: later than the publication when an amendment came into force since
	Version   string    `json:"version"`   // of the registry
	// Number grows with each snapshot of a folder, whatever the clocks say.
	Number int    `json:"number"`
	Files  []File `json:"files"`
}

// File is one file of a snapshot.
type File struct {
	Name        string   `json:"name"` // the same in every snapshot
	Collections []string `json:"collections"`
	Format      string   `json:"format,omitempty"`    // of export; empty when Describes isn't
	Describes   string   `json:"describes,omitempty"` // the name of the file that this one describes
	MediaType   string   `json:"media_type"`
	Bytes       int64    `json:"bytes"`
	SHA256      string   `json:"sha256"` // lower-case hex
}

// Dumps are the snapshots of a registry. Close them.
type Dumps struct {
	Config
	stop context.CancelFunc
	work sync.WaitGroup
	seen [3]string // what was last looked at; of the one goroutine that looks

	mu   sync.Mutex
	list []Snapshot // newest first
}

// New lists the snapshots that are there, and from then on sees to it, in the background, that there is one of the registry as it is.
func New(c Config) (*Dumps, error) {
	if c.Every == 0 {
		c.Every = lookEvery
	}
	c.Live = &unhurried{Reader: c.Live}
	d := &Dumps{Config: c}
	if err := os.MkdirAll(d.Dir, 0o755); err != nil {
		return nil, fmt.Errorf("folder of the downloads: %w", err)
	}
	if err := d.read(); err != nil {
		return nil, fmt.Errorf("folder of the downloads: %w", err)
	}
	ctx, stop := context.WithCancel(context.Background())
	d.stop = stop
	d.work.Go(func() { d.run(ctx) })
	return d, nil
}

// Close ends the work. What was half done goes; finished snapshots stay.
func (d *Dumps) Close() {
	d.stop()
	d.work.Wait()
}

// Snapshots lists the snapshots, newest first; none while the first is being prepared, and before the first publication.
func (d *Dumps) Snapshots() []Snapshot {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.list)
}

// Snapshot finds one by its id.
func (d *Dumps) Snapshot(id string) (Snapshot, error) {
	for _, s := range d.Snapshots() {
		if s.ID == id {
			return s, nil
		}
	}
	return Snapshot{}, noSnapshot(id)
}

func noSnapshot(id string) error {
	return &registry.Error{Code: registry.NotFound, Message: "There is no such snapshot; old ones are removed.", Param: "snapshot", Got: id, Takes: "latest, or the id of a snapshot in the list"}
}

// File finds a file of the snapshot by its name.
func (s Snapshot) File(name string) (File, error) {
	for _, f := range s.Files {
		if f.Name == name {
			return f, nil
		}
	}
	return File{}, &registry.Error{Code: registry.NotFound, Message: "There is no such file in this snapshot.", Param: "file", Got: name, Takes: "the name of a file in the list"}
}

// Open opens a file of a snapshot, both as listed here: no name from outside reaches the disk. It stays readable when its snapshot is
// removed meanwhile.
func (d *Dumps) Open(s Snapshot, f File) (*os.File, error) {
	file, err := os.Open(filepath.Join(d.Dir, s.ID, f.Name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, noSnapshot(s.ID)
	}
	return file, err
}

// read lists the finished snapshots of the folder, and removes what a program that was killed left half.
func (d *Dumps) read() error {
	entries, err := os.ReadDir(d.Dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		path := filepath.Join(d.Dir, e.Name())
		if strings.HasPrefix(e.Name(), unfinished) {
			if err := os.RemoveAll(path); err != nil {
				return err
			}
			continue
		}
		s, err := readSnapshot(path)
		if err != nil {
			d.Log.Warn("a folder among the downloads is no snapshot and is left alone", "folder", path, "error", err)
			continue
		}
		d.list = append(d.list, s)
	}
	slices.SortFunc(d.list, func(a, b Snapshot) int { return b.Number - a.Number })
	return nil
}

// readSnapshot reads the listing of a folder and asks that its files are there, as long as they are said to be.
func readSnapshot(path string) (s Snapshot, err error) {
	raw, err := os.ReadFile(filepath.Join(path, listing))
	if err != nil {
		return s, err
	}
	if err := json.Unmarshal(raw, &s); err != nil {
		return s, err
	}
	if s.ID != filepath.Base(path) {
		return s, fmt.Errorf("it is called %s inside", s.ID)
	}
	for _, f := range s.Files {
		if f.Name != filepath.Base(f.Name) {
			return s, fmt.Errorf("%q is no name of a file", f.Name)
		}
		info, err := os.Stat(filepath.Join(path, f.Name))
		if err != nil {
			return s, err
		}
		if info.Size() != f.Bytes || !info.Mode().IsRegular() {
			return s, fmt.Errorf("%s has %d bytes, want %d", f.Name, info.Size(), f.Bytes)
		}
	}
	return s, nil
}

// run looks until ctx ends.
func (d *Dumps) run(ctx context.Context) {
	wait := time.NewTimer(0)
	defer wait.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-wait.C:
		}
		next := d.Every
		err := d.look(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case errors.Is(err, errPublished):
			next = 0
		case err != nil:
			d.Log.Error("the downloads could not be prepared; those of before stay", "error", err)
			next = retryAfter
		}
		wait.Reset(next)
	}
}

// errPublished ends a snapshot of which one half would be of another state than the other.
var errPublished = errors.New("the registry was published to meanwhile")

// look prepares a snapshot of the registry as it is, unless there is one.
func (d *Dumps) look(ctx context.Context) error {
	now, err := d.state(ctx)
	if err != nil || now == d.seen {
		return err
	}
	want, err := d.wanted(ctx, now)
	if err != nil {
		return err
	}
	list := d.Snapshots()
	if want.ID != "" && (len(list) == 0 || list[0].ID != want.ID) {
		if len(list) > 0 {
			want.Number = list[0].Number + 1
		}
		begun := time.Now()
		if err := d.prepare(ctx, now, &want); err != nil {
			return err
		}
		d.Log.Info("downloads prepared", "snapshot", want.ID, "files", len(want.Files), "ms", time.Since(begun).Milliseconds())
	}
	d.seen = now
	return nil
}

// state is what tells whether anything may have changed: the versions of the records and of the boundaries, and the day, on which an
// amendment may come into force.
func (d *Dumps) state(ctx context.Context) (s [3]string, err error) {
	if s[0], err = d.Live.Version(ctx); err != nil {
		return s, err
	}
	s[1], err = d.Live.BoundariesVersion(ctx)
	s[2] = string(edtf.DayOf(d.Now().UTC()))
	return s, err
}

// wanted is the snapshot that there should be, without files. It has no id when nothing was published yet.
func (d *Dumps) wanted(ctx context.Context, now [3]string) (Snapshot, error) {
	newest, err := d.Live.Records(ctx, registry.RecordQuery{Limit: 1})
	if err != nil || len(newest) == 0 {
		return Snapshot{}, err
	}
	stored, err := d.Live.Records(ctx, registry.RecordQuery{Types: []registry.Type{registry.TypeAmendment}})
	if err != nil {
		return Snapshot{}, err
	}
	var amendments []*registry.Amendment
	for _, x := range stored {
		amendments = append(amendments, x.Record.(*registry.Amendment))
	}
	s := Snapshot{Published: newest[0].Updated.UTC(), Version: now[0]}
	s.Day = registry.SettledDay(edtf.DayOf(s.Published), amendments, edtf.Day(now[2]))
	sum := sha256.Sum256([]byte(strings.Join([]string{now[0], now[1], string(s.Day), d.Program, d.BaseURL}, "\n")))
	s.ID = s.Published.Format("20060102T150405Z-") + hex.EncodeToString(sum[:4])
	return s, nil
}

// prepare writes a snapshot, lists it and removes those that are too many.
func (d *Dumps) prepare(ctx context.Context, now [3]string, s *Snapshot) (err error) {
	temp, err := os.MkdirTemp(d.Dir, unfinished)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(temp))
		}
	}()
	for _, p := range plans() {
		files, err := d.write(ctx, temp, *s, p)
		refused := &registry.Error{}
		switch errors.As(err, &refused); {
		case refused.Code == registry.Busy:
			return errPublished
		case refused.Code == registry.Invalid || refused.Code == registry.NotFound: // as the millionth row of a worksheet, or no project for OC4IDS
			d.Log.Warn("this format can't hold the collection; its file is left out", "file", p.name, "error", err)
			continue
		case err != nil:
			return fmt.Errorf("%s: %w", p.name, err)
		}
		s.Files = append(s.Files, files...)
		if still, err := d.state(ctx); err != nil {
			return err
		} else if still[0] != now[0] || still[1] != now[1] {
			return errPublished
		}
	}
	raw, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return err
	}
	if err := create(ctx, temp, &File{Name: listing}, func(w io.Writer) error {
		_, err := w.Write(append(raw, '\n'))
		return err
	}); err != nil {
		return err
	}
	if err := errors.Join(os.Chmod(temp, 0o755), syncFolder(temp)); err != nil {
		return err
	}
	return d.enlist(temp, *s)
}

// enlist gives a finished folder its name, and removes the snapshots that are then too many. One of before that has the name, because the
// registry went back to an older state, makes room.
func (d *Dumps) enlist(temp string, s Snapshot) error {
	list := slices.DeleteFunc(d.Snapshots(), func(x Snapshot) bool { return x.ID == s.ID })
	d.show(list)
	if err := d.remove(s.ID); err != nil {
		return err
	}
	if err := os.Rename(temp, filepath.Join(d.Dir, s.ID)); err != nil {
		return err
	}
	list = slices.Insert(list, 0, s)
	n := staying(list)
	d.show(list[:n])
	for _, old := range list[n:] {
		if err := d.remove(old.ID); err != nil {
			d.Log.Error("an old snapshot could not be removed", "snapshot", old.ID, "error", err)
		}
	}
	return syncFolder(d.Dir)
}

// staying is how many of some snapshots stay, the newest first.
func staying(list []Snapshot) int {
	bytes := int64(0)
	for i, s := range list {
		for _, f := range s.Files {
			bytes += f.Bytes
		}
		if i == keep || i >= 2 && bytes > keepBytes {
			return i
		}
	}
	return len(list)
}

// show lists these snapshots from now on. Requests wait for no more than this.
func (d *Dumps) show(list []Snapshot) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.list = list
}

// remove removes a snapshot, if it is there. Its name goes first, so that one half removed is known as such.
func (d *Dumps) remove(id string) error {
	gone := filepath.Join(d.Dir, unfinished+id)
	err := os.Rename(filepath.Join(d.Dir, id), gone)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return errors.Join(err, os.RemoveAll(gone))
}
