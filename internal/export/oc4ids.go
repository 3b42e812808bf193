package export

import (
	"bufio"
	"fmt"
	"io"
	"slices"

	"mithaq/internal/feature"
	"mithaq/internal/registry"
)

// oc4ids writes a project package of the Open Contracting for Infrastructure Data Standard 0.9.5. In a file of sites each site is a project; in a
// file of agreements each agreement is one whose sites are its locations, and agreements that build no site are none. What the standard has no
// place for stands in each project's member "mithaq"; docs/downloads.md lists it.
//
// The standard's dates are points in time. Only a date that is a whole day becomes one, at midnight UTC as the standard's guidance has it; the others
// stay in "mithaq" as they are. A point that only says in which commune a site is doesn't become a location's geometry.
type oc4ids struct {
	w        *bufio.Writer
	d        Document
	pending  []registry.Feature
	projects int
}

// The name of our member, and how many features are looked up at once: each agreement brings its sites.
const (
	ownMember        = "mithaq"
	sitesAtOnce      = 500
	agreementsAtOnce = 16
)

func newOC4IDS(w io.Writer, d Document) (Encoder, error) {
	if d.Reader == nil {
		return nil, fmt.Errorf("OC4IDS needs the records behind the features")
	}
	return &oc4ids{w: bufio.NewWriterSize(w, bufferSize), d: d}, nil
}

func (e *oc4ids) Feature(f registry.Feature) error {
	if _, err := e.d.layer(f.Collection); err != nil {
		return err
	}
	most := sitesAtOnce
	if f.Collection == feature.Agreements {
		most = agreementsAtOnce
	}
	if e.pending = append(e.pending, f); len(e.pending) < most {
		return nil
	}
	return e.flush()
}

// flush looks up what the features waiting belong to, and writes their projects.
func (e *oc4ids) flush() error {
	batch := e.pending
	e.pending = nil
	if len(batch) == 0 {
		return nil
	}
	groups := make([]ocGroup, len(batch))
	var ids []registry.ID
	for i, f := range batch {
		g := &groups[i]
		g.id = f.ID
		if f.Collection == feature.Agreements {
			g.agreements = []registry.ID{registry.ID(f.ID)}
		} else {
			site, err := readSite(f.JSON)
			if err != nil {
				return fmt.Errorf("feature %s: %w", f.ID, err)
			}
			g.sites, g.agreements = []ocFeature{site}, site.site.Agreements
		}
		ids = append(ids, g.agreements...)
	}
	ctx := e.d.Context
	stored, err := e.d.Reader.RecordsByID(ctx, ids)
	if err != nil {
		return err
	}
	views, err := registry.AgreementsOn(ctx, e.d.Reader, stored, e.d.Day)
	if err != nil {
		return err
	}
	known := map[registry.ID]registry.AgreementView{}
	var around []registry.Record
	for _, v := range views {
		known[v.ID()] = v
		around = append(around, v.State.Record)
	}
	pointed, err := registry.Pointed(ctx, e.d.Reader, around...)
	if err != nil {
		return err
	}
	for _, g := range groups {
		if err := e.complete(&g, known, pointed); err != nil {
			return err
		}
		if len(g.sites) == 0 {
			continue
		}
		p := e.project(g)
		raw, err := encodeJSON(p)
		if err != nil {
			return err
		}
		if e.projects == 0 {
			if err := e.head(); err != nil {
				return err
			}
		} else {
			e.w.WriteString(",\n")
		}
		e.projects++
		if _, err := e.w.Write(raw); err != nil {
			return err
		}
	}
	return nil
}

// ocGroup is what makes a project: one site, or those of one agreement, with the agreements and all that these point at.
type ocGroup struct {
	id         string
	sites      []ocFeature
	agreements []registry.ID
	views      []registry.AgreementView
	pointed    map[registry.ID]registry.Stored
}

// complete adds to a group what was read: the agreements, and for an agreement its sites.
func (e *oc4ids) complete(g *ocGroup, known map[registry.ID]registry.AgreementView, pointed map[registry.ID]registry.Stored) error {
	g.pointed = pointed
	for _, id := range g.agreements {
		if v, ok := known[id]; ok {
			g.views = append(g.views, v)
		}
	}
	if len(g.sites) == 0 && len(g.views) > 0 {
		for _, s := range g.views[0].Sites {
			q := registry.FeatureQuery{Collection: feature.Sites, Day: e.d.Day, ID: string(s.ID()), Limit: 1}
			if e.d.LocatedOnly {
				q.Located = registry.LocatedYes
			}
			err := e.d.Reader.FeatureTexts(e.d.Context, q, func(t registry.FeatureTexts) error {
				if t.N == 0 {
					return nil
				}
				site, err := readSite(t.JSON)
				g.sites = append(g.sites, site)
				return err
			})
			if err != nil {
				return err
			}
		}
	}
	var sources, publishers []registry.ID
	for _, s := range g.sites {
		sources = append(sources, s.site.Sources...)
	}
	if err := e.look(pointed, sources); err != nil {
		return err
	}
	for _, id := range sources {
		if s, ok := pointed[id].Record.(*registry.Source); ok && s.Publisher != "" {
			publishers = append(publishers, s.Publisher)
		}
	}
	return e.look(pointed, publishers)
}

// look reads the records that aren't known yet.
func (e *oc4ids) look(known map[registry.ID]registry.Stored, ids []registry.ID) error {
	ids = slices.DeleteFunc(slices.Clone(ids), func(id registry.ID) bool { _, ok := known[id]; return ok })
	if len(ids) == 0 {
		return nil
	}
	found, err := e.d.Reader.RecordsByID(e.d.Context, ids)
	for _, x := range found {
		known[x.ID()] = x
	}
	return err
}

// head begins the package. It is written with the first project, because a package without any is none.
func (e *oc4ids) head() error {
	raw, err := encodeJSON(struct {
		URI       string            `json:"uri"`
		Published string            `json:"publishedDate"`
		Version   string            `json:"version"`
		Publisher map[string]string `json:"publisher"`
		License   string            `json:"license"`
		Own       description       `json:"mithaq"`
	}{e.d.Link, e.d.stamp().Format("2006-01-02T15:04:05Z"), "0.9", map[string]string{"name": "Mithaq", "uri": e.d.BaseURL}, e.d.LicenceURL, e.d.describe()})
	if err != nil {
		return err
	}
	e.w.Write(raw[:len(raw)-1])
	_, err = e.w.WriteString(",\n\"projects\":[\n")
	return err
}

func (e *oc4ids) Close() error {
	if err := e.flush(); err != nil {
		return err
	}
	if e.projects == 0 {
		return &registry.Error{Code: registry.NotFound, Message: "None of these records is a project, and a package of projects without any is not valid."}
	}
	e.w.WriteString("\n]}\n")
	return e.w.Flush()
}

func (e *oc4ids) Abandon() {}
