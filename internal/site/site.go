// Package site writes what an application serves as plain files, for any host, under any path, and from a disk without a host: pages
// with relative links, data, and the scripts and styles that they use. It begins with the addresses that it is given and follows every
// link of every page, so that what is linked is there; an address that answers with anything but success is an error, and then
// nothing is written.
//
// It knows addresses, HTML and files, and no record, route or template: an application is a function that answers for an address.
// Its rules come from RFC 3986 (relative references) and from what browsers allow a page of the scheme file: to do.
package site

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
)

// Answer is what the application answers for an address.
type Answer struct {
	Status      int
	ContentType string
	Body        []byte
}

// Part is a stretch of the country by which all communes are cut into files of a size that a map can load.
type Part struct {
	Code string
	Box  [4]float64 // west, south, east, north; degrees, OGC:CRS84
}

// Site is what to write.
type Site struct {
	// Ask answers for an address: a path, with a query or without. Several goroutines ask at once.
	Ask func(ctx context.Context, address string) (Answer, error)
	// Addresses are where to begin; links lead to the rest.
	Addresses []string
	// Languages are the first parts of the addresses of pages: "fr". What is below no language and has no ending is no page.
	Languages []string
	// Instead says, for addresses that need a server or choose by the visitor, which address answers for their file.
	Instead map[string]string
	// Missing is the address of the page for what isn't there; its file is 404.html, where hosts look for it.
	Missing string
	// Parts cut the collection of all communes.
	Parts []Part
	// BaseURL is the public address of the live registry, without a slash at its end; empty when there is none.
	BaseURL string
	// Program and Registry say what the files are made by and of; equal ones promise equal bytes.
	Program, Registry string
	// Settled is asked before the new files take their places; an error keeps the site as it was. It may be nil.
	Settled func(ctx context.Context) error
	// Progress is told how many of the addresses known so far are done; it may be nil.
	Progress func(done, total int)
}

// Report says what a run did.
type Report struct {
	UpToDate  bool  `json:"up_to_date"` // nothing had changed, so nothing was rendered
	Files     int   `json:"files"`
	Bytes     int64 `json:"bytes"`
	Written   int   `json:"written"`
	Removed   int   `json:"removed"`
	Unchanged int   `json:"unchanged"`
}

// job is one file to make.
type job struct {
	target
	from string // the address of a page that leads here; empty for where we began
}

// run is one writing of the site.
type run struct {
	*Site
	out *folder

	mu    sync.Mutex
	ready sync.Cond
	known map[string]string // what makes it, by file
	queue []job
	busy  int
	done  int
	files map[string]entry
	dead  []string // links that lead nowhere
	err   error
}

// Write brings a folder up to date. It makes the folder; one that holds anything but an earlier site is refused with ErrForeign.
func (s *Site) Write(ctx context.Context, dir string) (report Report, err error) {
	out, err := openFolder(dir)
	if err != nil {
		return Report{}, err
	}
	defer func() { err = errors.Join(err, out.close()) }()
	if out.before.Program == s.Program && out.before.Registry == s.Registry && out.before.BaseURL == s.BaseURL && out.whole() {
		report = out.before.report()
		report.UpToDate, report.Unchanged = true, report.Files
		return report, nil
	}
	r := &run{Site: s, out: out, known: map[string]string{}, files: map[string]entry{}}
	r.ready.L = &r.mu
	if err := r.begin(); err != nil {
		return Report{}, err
	}
	stop := context.AfterFunc(ctx, func() { r.fail(context.Cause(ctx)) })
	defer stop()
	var workers sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		workers.Go(func() {
			for j, ok := r.next(); ok; j, ok = r.next() {
				r.finish(r.make(ctx, j))
			}
		})
	}
	workers.Wait()
	if err := r.failure(ctx); err != nil {
		return Report{}, err
	}
	if len(r.dead) > 0 {
		slices.Sort(r.dead)
		return Report{}, fmt.Errorf("links that lead nowhere: %d\n%s", len(r.dead), strings.Join(r.dead[:min(len(r.dead), 20)], "\n"))
	}
	if s.Settled != nil {
		if err := s.Settled(ctx); err != nil {
			return Report{}, err
		}
	}
	return out.commit(manifest{Format: format, Program: s.Program, Registry: s.Registry, BaseURL: s.BaseURL, Files: r.files})
}

// begin queues where the site begins.
func (r *run) begin() error {
	for _, address := range r.Addresses {
		t, ok := r.targetOf(address)
		if !ok {
			return fmt.Errorf("%s has no file", address)
		}
		r.want(t, "")
	}
	r.want(target{file: missingFile, ask: r.Missing}, "")
	return nil
}

// want queues a file unless it's known.
func (r *run) want(t target, from string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if ask, ok := r.known[t.file]; ok {
		if ask != t.ask {
			r.dead = append(r.dead, fmt.Sprintf("%s and %s would be the same file, %s", ask, t.ask, t.file))
		}
		return
	}
	r.known[t.file] = t.ask
	r.queue = append(r.queue, job{t, from})
	r.ready.Signal()
}

// next is a job to do; false when all is done or something failed.
func (r *run) next() (job, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for len(r.queue) == 0 && r.busy > 0 && r.err == nil {
		r.ready.Wait()
	}
	if len(r.queue) == 0 || r.err != nil {
		r.ready.Broadcast()
		return job{}, false
	}
	j := r.queue[0]
	r.queue = r.queue[1:]
	r.busy++
	return j, true
}

func (r *run) finish(err error) {
	r.mu.Lock()
	r.busy--
	r.done++
	done, total := r.done, len(r.known)
	if r.Progress != nil && r.err == nil {
		r.Progress(done, total)
	}
	r.ready.Broadcast()
	r.mu.Unlock()
	if err != nil {
		r.fail(err)
	}
}

func (r *run) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil {
		r.err = err
	}
	r.ready.Broadcast()
}

// failure is why a run that has come to its end failed: the signal that it was to stop may not have arrived yet.
func (r *run) failure(ctx context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil {
		return context.Cause(ctx)
	}
	return r.err
}

// make makes one file.
func (r *run) make(ctx context.Context, j job) error {
	body, err := r.content(ctx, j)
	if err != nil || body == nil {
		return err
	}
	if err := r.out.stage(j.file, body); err != nil {
		return err
	}
	sum := sha256.Sum256(body)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.files[j.file] = entry{Size: int64(len(body)), SHA256: base64.RawURLEncoding.EncodeToString(sum[:])}
	return nil
}

// content is what a file holds; nil when its address leads nowhere, which is noted.
func (r *run) content(ctx context.Context, j job) ([]byte, error) {
	if j.form == formParts {
		return r.partsScript(j)
	}
	ans, err := r.Ask(ctx, j.ask)
	if err != nil {
		return nil, err
	}
	if ans.Status != 200 {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.dead = append(r.dead, fmt.Sprintf("%s answers %d; it is linked from %s", j.ask, ans.Status, cmpOr(j.from, "the beginning")))
		return nil, nil
	}
	kind, _, _ := strings.Cut(ans.ContentType, ";")
	if isPage := strings.HasSuffix(j.file, ".html"); isPage != (kind == "text/html") {
		return nil, fmt.Errorf("%s answers %s, which %s can't hold", j.ask, kind, j.file)
	}
	switch {
	case kind == "text/html":
		return r.page(j, ans.Body)
	case j.form == formFeatures || j.form == formFeaturesScript:
		return r.features(ctx, j, ans.Body)
	case j.form == formScript:
		return script(r.relativeJSON(j, ans.Body)), nil
	case kind == "text/css":
		return ans.Body, r.followStyle(j, ans.Body)
	case strings.HasSuffix(kind, "json"):
		return r.relativeJSON(j, ans.Body), nil
	}
	return ans.Body, nil
}

func cmpOr(s, or string) string {
	if s == "" {
		return or
	}
	return s
}

// ErrForeign says that a folder holds something that no site wrote.
var ErrForeign = errors.New("the folder holds files that mithaq site did not write")

// Fingerprint of a file, for Site.Program: a build is told from another of the same name by its bytes.
func Fingerprint(path string) (string, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(raw)
	return base64.RawURLEncoding.EncodeToString(sum[:12]), nil
}
