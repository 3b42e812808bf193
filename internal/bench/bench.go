// Package bench makes synthetic registries of any size, to measure with: the same size gives the same records on every machine. Sites lie
// in real communes, about as densely as people live there; everything else is invented, and every title and name says so, in words that
// no reader takes for a real agreement. It makes records and no more: they are published, exported and served as any others.
package bench

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"time"

	"mithaq/internal/edtf"
	"mithaq/internal/gazetteer"
	"mithaq/internal/passage"
	"mithaq/internal/registry"
)

// MaxSites is the most that the numbers in ids have room for.
const MaxSites = 9_999_999

// How many of each there are.
const (
	sitesOfAgreement     = 25
	agreementsOfSource   = 10
	agreementsOfChange   = 50 // one in so many is amended
	agreementsOfEvent    = 100
	nationalOrganisation = 20
	programmes           = 8
)

// seed begins every random sequence; another one is another registry.
const seed = 20260101

// Published is the time of publication of a synthetic registry. Every amendment of one is in force by then, so its state is the same on
// every later day.
var Published = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// SourceText is the text of every source of a synthetic registry: one sentence, which its statements quote.
const SourceText = "Toutes les valeurs de ce registre d’essai sont fictives.\n"

// quoted are the words of SourceText that every statement names.
const quoted = "fictives"

// Generator makes the records of one synthetic registry.
type Generator struct {
	sites     int
	sentence  string // hash of the sentence of SourceText
	provinces []province
	people    []int // of provinces and those before, as weights
}

// province is where the sites of an agreement are.
type province struct {
	registry.Place
	place    *registry.WrittenPlace // nil where its name alone doesn't lead to it
	region   registry.Place
	communes []commune
	people   []int
}

// commune is where a site is.
type commune struct {
	registry.Place
	area area
}

// New prepares the records of a registry with so many sites, 1 to MaxSites.
func New(places *gazetteer.Gazetteer, sites int) (*Generator, error) {
	if sites < 1 || sites > MaxSites {
		return nil, fmt.Errorf("%d sites: takes 1 to %d", sites, MaxSites)
	}
	text, err := passage.Parse([]byte(SourceText))
	if err != nil {
		return nil, err
	}
	sentence, ok := text.Sentence(1, 1)
	if !ok {
		return nil, fmt.Errorf("the synthetic source has no sentence")
	}
	boundaries, err := gazetteer.Boundaries(gazetteer.DetailMedium)
	if err != nil {
		return nil, err
	}
	g := &Generator{sites: sites, sentence: sentence.SHA256}
	for _, p := range places.Places(registry.LevelProvince) {
		x := province{Place: p}
		x.region, _ = places.RegionOf(p.Code)
		if w := written(p, x.region.Code); places.Resolve(gazetteer.Written{Name: w.Name, Level: w.Level, Within: w.Within}).Code == p.Code {
			x.place = w
		}
		for _, c := range places.Inside(p.Code, registry.LevelCommune) {
			w := written(c, p.Code)
			if c.Population2024 == nil || len(boundaries[c.Code]) == 0 || places.Resolve(gazetteer.Written{Name: w.Name, Level: w.Level, Within: w.Within}).Code != c.Code {
				continue
			}
			x.communes = append(x.communes, commune{c, areaOf(boundaries[c.Code])})
			x.people = append(x.people, *c.Population2024+last(x.people))
		}
		if len(x.communes) > 0 {
			g.provinces = append(g.provinces, x)
			g.people = append(g.people, last(x.people)+last(g.people))
		}
	}
	if len(g.provinces) == 0 {
		return nil, fmt.Errorf("the gazetteer has no commune with people, a boundary and a name that leads to it")
	}
	return g, nil
}

// written is a unit as a source would write it.
func written(p registry.Place, within registry.PlaceCode) *registry.WrittenPlace {
	return &registry.WrittenPlace{Name: p.NameFR, AsWritten: levelWords[p.Level] + p.NameFR, Level: p.Level, Within: within}
}

var levelWords = map[registry.PlaceLevel]string{registry.LevelProvince: "province : ", registry.LevelCommune: "commune : "}

// last is the last of cumulated weights, 0 when there is none yet.
func last(weights []int) int {
	if len(weights) == 0 {
		return 0
	}
	return weights[len(weights)-1]
}

// pick chooses an index by cumulated weights.
func pick(r *rand.Rand, weights []int) int {
	i, _ := slices.BinarySearch(weights, r.IntN(last(weights))+1)
	return i
}

// random is the sequence of one thing, which depends on no other thing.
func random(kind, number int) *rand.Rand {
	return rand.New(rand.NewPCG(seed<<8|uint64(kind), uint64(number)))
}

// Kinds of random sequences.
const (
	ofAgreement = iota
	ofSite
	ofAmendment
	ofEvent
)

// Records gives every record, each after those that it points at.
func (g *Generator) Records() iter.Seq[registry.Record] {
	return func(yield func(registry.Record) bool) {
		for _, r := range g.frame() {
			if !yield(r) {
				return
			}
		}
		for n := 0; n*sitesOfAgreement < g.sites; n++ {
			for _, r := range g.agreement(n) {
				if !yield(r) {
					return
				}
			}
		}
	}
}

// Count is how many records Records gives.
func (g *Generator) Count() int {
	n := (g.sites + sitesOfAgreement - 1) / sitesOfAgreement
	one := func(each int) int { return (n + each - 1) / each }
	return len(g.frame()) + g.sites + n + one(agreementsOfSource) + one(agreementsOfChange) + one(agreementsOfEvent)
}

// frame are the records that don't grow with the number of sites: organisations and programmes, on a source of their own.
func (g *Generator) frame() (records []registry.Record) {
	records = append(records, g.source("synthetic-source-frame", "Source fictive : cadre du registre d’essai"))
	for i := range nationalOrganisation {
		records = append(records, g.organisation(nationalID(i), registry.OrganisationKinds[i%(len(registry.OrganisationKinds)-1)], fmt.Sprintf("nationale %d", i+1), fmt.Sprintf("وطنية %d", i+1)))
	}
	for _, p := range g.provinces {
		records = append(records, g.organisation(provincialID(p), registry.OrgAssociation, "de "+p.NameFR, p.NameAR))
	}
	for i := range programmes {
		r := &registry.Programme{
			Header: g.head(registry.TypeProgramme, programmeID(i), "synthetic-source-frame", "/scope", "/period"),
			Titles: titles(fmt.Sprintf("Programme fictif %d", i+1), fmt.Sprintf("برنامج وهمي %d", i+1), fmt.Sprintf("Fictitious programme %d", i+1)),
			Scope:  registry.ScopeCountry, Period: edtf.MustParse(fmt.Sprintf("%d/%d", 2012+i, 2020+i)),
		}
		records = append(records, r)
	}
	return records
}

func nationalID(i int) registry.ID {
	return registry.ID(fmt.Sprintf("synthetic-organisation-%02d", i+1))
}

func provincialID(p province) registry.ID {
	return registry.ID("synthetic-organisation-province-" + string(p.Code[:2]+p.Code[3:]))
}

func programmeID(i int) registry.ID { return registry.ID(fmt.Sprintf("synthetic-programme-%d", i+1)) }

// head is a record's head with statements of the values at paths.
func (g *Generator) head(t registry.Type, id registry.ID, source registry.ID, paths ...string) registry.Header {
	h := registry.Header{Type: t, ID: id}
	for _, path := range paths {
		h.Statements = append(h.Statements, registry.Statement{Path: path, Source: source, Paragraph: 1, Sentence: 1, Words: quoted, SHA256: g.sentence})
	}
	return h
}

// titles are a name in the registry's words, which need no statement. An empty English one is left out.
func titles(fr, ar, en string) registry.Texts {
	out := registry.Texts{{Lang: "fr", Text: fr, Origin: registry.OriginRegistry}, {Lang: "ar", Text: ar, Origin: registry.OriginRegistry}}
	if en != "" {
		out = append(out, registry.Text{Lang: "en", Text: en, Origin: registry.OriginRegistry})
	}
	return out
}

func (g *Generator) source(id registry.ID, title string) *registry.Source {
	return &registry.Source{
		Header: g.head(registry.TypeSource, id, id), Kind: registry.SourceProjectPage, Lang: "fr", Rights: registry.RightsOpen,
		Titles: registry.Texts{{Lang: "fr", Text: title, Origin: registry.OriginRegistry}},
	}
}

func (g *Generator) organisation(id registry.ID, kind registry.OrganisationKind, fr, ar string) *registry.Organisation {
	return &registry.Organisation{
		Header: g.head(registry.TypeOrganisation, id, "synthetic-source-frame"), Kind: kind, Country: "MA",
		Names: titles("Organisation fictive "+fr, "منظمة وهمية "+ar, ""),
	}
}
