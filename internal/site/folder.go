package site

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"sync"
)

const (
	manifestFile = "mithaq-site.json"
	stagingDir   = ".mithaq-new" // new bytes wait here until all are there
	format       = "mithaq-site/1"
)

// manifest is what a run wrote, and of what.
type manifest struct {
	Format   string           `json:"format"`
	Program  string           `json:"program"`
	Registry string           `json:"registry"`
	BaseURL  string           `json:"base_url,omitempty"`
	Files    map[string]entry `json:"files"`
}

// entry is one file.
type entry struct {
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"` // base64url
}

func (m manifest) report() Report {
	r := Report{Files: len(m.Files)}
	for _, e := range m.Files {
		r.Bytes += e.Size
	}
	return r
}

// folder is where a site is written. Every path in it goes through the root, so that no name and no symbolic link leads out of it.
type folder struct {
	*os.Root
	before manifest // what an earlier run wrote; empty for none
	made   sync.Map // folders that are there: a root looks at every part of a path anew
}

// openFolder opens a folder of ours, or makes one.
func openFolder(dir string) (*folder, error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, err
	}
	out := &folder{Root: root}
	if err := out.readManifest(dir); err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return out, root.RemoveAll(stagingDir) // of a run that was cut
}

func (f *folder) readManifest(dir string) error {
	raw, err := f.ReadFile(manifestFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		names, err := fs.ReadDir(f.FS(), ".")
		if err != nil {
			return err
		}
		if slices.ContainsFunc(names, func(d fs.DirEntry) bool { return d.Name() != stagingDir }) {
			return fmt.Errorf("%s: %w; give an empty folder, or one that has %s", dir, ErrForeign, manifestFile)
		}
		return nil
	case err != nil:
		return err
	}
	if err := json.Unmarshal(raw, &f.before); err != nil || f.before.Format != format {
		return fmt.Errorf("%s is not a list of files that this version can read; give an empty folder", filepath.Join(dir, manifestFile))
	}
	for name := range f.before.Files {
		if !filepath.IsLocal(name) {
			return fmt.Errorf("%s lists %q, which is not in the folder", filepath.Join(dir, manifestFile), name)
		}
	}
	return nil
}

func (f *folder) close() error {
	return errors.Join(f.RemoveAll(stagingDir), f.Close())
}

// whole reports whether every file of the earlier run is there with its size.
func (f *folder) whole() bool {
	for name, e := range f.before.Files {
		if info, err := f.Stat(name); err != nil || info.Size() != e.Size || !info.Mode().IsRegular() {
			return false
		}
	}
	return len(f.before.Files) > 0
}

// stage keeps new bytes of a file aside; a file that has them already is left alone.
func (f *folder) stage(name string, body []byte) error {
	if old, err := f.ReadFile(name); err == nil && bytes.Equal(old, body) {
		return nil
	}
	aside := path.Join(stagingDir, name)
	if err := f.makeDir(path.Dir(aside)); err != nil {
		return err
	}
	return f.WriteFile(aside, body, 0o644)
}

func (f *folder) makeDir(name string) error {
	if _, made := f.made.Load(name); made {
		return nil
	}
	if err := f.MkdirAll(name, 0o755); err != nil {
		return err
	}
	f.made.Store(name, true)
	return nil
}

// commit moves the new bytes to their places, removes what the earlier run wrote and this one didn't, and writes the list last. Each
// file is replaced at once; whoever reads the site meanwhile finds every page, old or new. A list of both, of no program, stands there
// until then: a run that is cut in between leaves files that the next one knows as ours.
func (f *folder) commit(m manifest) (Report, error) {
	report := m.report()
	both := manifest{Format: format, Files: maps.Clone(m.Files)}
	maps.Copy(both.Files, f.before.Files)
	if err := f.list(both); err != nil {
		return report, err
	}
	for name := range m.Files {
		aside := path.Join(stagingDir, name)
		if _, err := f.Lstat(aside); errors.Is(err, fs.ErrNotExist) {
			report.Unchanged++
			continue
		}
		if err := f.makeDir(path.Dir(name)); err != nil {
			return report, err
		}
		if err := f.Rename(aside, name); err != nil {
			return report, err
		}
		report.Written++
	}
	for name := range f.before.Files {
		if _, stays := m.Files[name]; stays {
			continue
		}
		if err := f.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return report, err
		}
		report.Removed++
		for dir := path.Dir(name); dir != "." && f.Remove(dir) == nil; dir = path.Dir(dir) { // as long as they are empty
		}
	}
	return report, f.list(m)
}

// list writes the manifest.
func (f *folder) list(m manifest) error {
	raw, err := json.MarshalIndent(m, "", " ")
	if err != nil {
		return err
	}
	aside := path.Join(stagingDir, manifestFile)
	err = errors.Join(f.MkdirAll(stagingDir, 0o755), f.WriteFile(aside, append(raw, '\n'), 0o644))
	if err != nil {
		return err
	}
	return f.Rename(aside, manifestFile)
}
