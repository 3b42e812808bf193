package main

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"slices"

	"github.com/paulmach/orb"
)

// site is what a question can be about.
type site struct {
	id                              string
	at                              orb.Point // degrees, lon then lat
	kind, commune, province, region string    // codes; empty where unknown
	agreement                       string    // the first of them
}

// dump are all sites of a registry in the order of their ids, which is that of the answers.
type dump struct{ sites []site }

// readDump reads sites as mithaq bench generate dumps them: one GeoJSON feature a line. A site that is no point is an error: what a box holds of
// an area, or of a site whose place nobody knows, is counted in no other way here.
func readDump(path string) (*dump, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	lines := bufio.NewReaderSize(f, 1<<20)
	shared := map[string]string{} // few codes, many sites
	share := func(s *string) string {
		if s == nil {
			return ""
		}
		if _, ok := shared[*s]; !ok {
			shared[*s] = *s
		}
		return shared[*s]
	}
	d := &dump{}
	for {
		line, err := lines.ReadBytes('\n')
		if line = bytes.TrimSpace(line); len(line) > 0 {
			var f struct {
				ID       string
				Geometry struct {
					Type        string
					Coordinates []float64
				}
				Properties struct {
					Kind       string
					Commune    *string `json:"commune_code"`
					Province   *string `json:"province_code"`
					Region     *string `json:"region_code"`
					Agreements []string
				}
			}
			if err := json.Unmarshal(line, &f); err != nil {
				return nil, fmt.Errorf("%s: site %d: %w", path, len(d.sites)+1, err)
			}
			if f.Geometry.Type != "Point" || len(f.Geometry.Coordinates) != 2 {
				return nil, fmt.Errorf("%s: %s is no point", path, f.ID)
			}
			p := f.Properties
			s := site{id: f.ID, at: orb.Point(f.Geometry.Coordinates), kind: share(&p.Kind), commune: share(p.Commune), province: share(p.Province), region: share(p.Region)}
			if len(p.Agreements) > 0 {
				s.agreement = share(&p.Agreements[0])
			}
			d.sites = append(d.sites, s)
		}
		if err != nil {
			break // io.EOF; anything else is a dump that is too short, which its reader counts
		}
	}
	slices.SortFunc(d.sites, func(a, b site) int { return cmp.Compare(a.id, b.id) })
	return d, nil
}

// all are the indexes of all sites.
func (d *dump) all() []int32 {
	out := make([]int32, len(d.sites))
	for i := range out {
		out[i] = int32(i)
	}
	return out
}

// by groups sites by a code; those that have none are in no group.
func (d *dump) by(code func(*site) string) map[string][]int32 {
	groups := map[string][]int32{}
	for i := range d.sites {
		if c := code(&d.sites[i]); c != "" {
			groups[c] = append(groups[c], int32(i))
		}
	}
	return groups
}

// within are those among some sites that lie in a box, edges included. It looks at every one.
func (d *dump) within(among []int32, box orb.Bound) (out []int32) {
	for _, i := range among {
		if at := d.sites[i].at; at[0] >= box.Min[0] && at[0] <= box.Max[0] && at[1] >= box.Min[1] && at[1] <= box.Max[1] {
			out = append(out, i)
		}
	}
	return out
}

// ids are the ids of at most limit sites, in order.
func (d *dump) ids(some []int32, limit int) []string {
	out := make([]string, 0, min(limit, len(some)))
	for _, i := range some[:min(limit, len(some))] {
		out = append(out, d.sites[i].id)
	}
	return out
}
