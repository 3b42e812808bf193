package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"time"

	"github.com/paulmach/orb/encoding/mvt"
)

// readCollection counts the features of a FeatureCollection. It must say itself how many it has.
func readCollection(body []byte) (tally, error) {
	var c struct {
		Features []struct{ ID string }
		Returned *int `json:"numberReturned"`
		Matched  *int `json:"numberMatched"`
	}
	if err := json.Unmarshal(body, &c); err != nil {
		return tally{}, err
	}
	if c.Returned == nil || *c.Returned != len(c.Features) {
		return tally{}, fmt.Errorf("numberReturned isn't the number of its features, %d", len(c.Features))
	}
	t := tally{features: len(c.Features), matched: untold, ids: make([]string, len(c.Features))}
	if c.Matched != nil {
		t.matched = *c.Matched
	}
	for i, f := range c.Features {
		t.ids[i] = f.ID
	}
	return t, nil
}

func readFeature(body []byte) (tally, error) {
	var f struct{ Type, ID string }
	if err := json.Unmarshal(body, &f); err != nil {
		return tally{}, err
	}
	if f.Type != "Feature" {
		return tally{}, fmt.Errorf("type %q, no feature", f.Type)
	}
	return tally{1, untold, []string{f.ID}}, nil
}

// readTile counts the sites that a tile draws, or counts itself.
func readTile(body []byte) (tally, error) {
	layers, err := mvt.Unmarshal(body)
	if err != nil {
		return tally{}, err
	}
	t := tally{matched: untold}
	for _, layer := range layers {
		switch layer.Name {
		case "sites", "sites_in_area":
			t.features += len(layer.Features)
		case "site_counts":
			for _, f := range layer.Features {
				n, ok := f.Properties["count"].(float64)
				if !ok {
					return t, fmt.Errorf("a count is %v", f.Properties["count"])
				}
				t.features += int(n)
			}
		}
	}
	return t, nil
}

// differs says how an answer differs from what it must hold; empty when it doesn't.
func (t tally) differs(got tally) string {
	switch {
	case got.features != t.features:
		return fmt.Sprintf("holds %d sites, %d were counted", got.features, t.features)
	case got.matched != t.matched:
		return fmt.Sprintf("numberMatched %d, %d were counted (%d: untold)", got.matched, t.matched, untold)
	case t.ids != nil && !slices.Equal(got.ids, t.ids):
		return "holds other sites, or in another order"
	}
	return ""
}

// client asks one question after the other, on one connection.
type client struct {
	http.Client
	base string
}

// newClient is a client of a server. It takes answers uncompressed unless it asks otherwise itself.
func newClient(address string) *client {
	return &client{http.Client{Timeout: time.Minute, Transport: &http.Transport{DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, "http://" + address}
}

func (c *client) close() { c.CloseIdleConnections() }

// open begins to take an answer. Any status but 200 is an error. header holds names and values in turn.
func (c *client) open(ctx context.Context, path string, header ...string) (body io.ReadCloser, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+path, nil)
	if err != nil {
		return nil, err
	}
	for i := 0; i+1 < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	res, err := c.Do(req)
	if err != nil {
		return nil, err
	}
	if res.StatusCode != http.StatusOK {
		defer res.Body.Close()
		words, _ := io.ReadAll(io.LimitReader(res.Body, 300))
		if res.Header.Get("Content-Encoding") != "" {
			words = nil // nobody could read them
		}
		return nil, fmt.Errorf("%s answers %d: %s", path, res.StatusCode, words)
	}
	return res.Body, nil
}

// get takes a whole answer.
func (c *client) get(ctx context.Context, path string, header ...string) (body []byte, took time.Duration, err error) {
	begin := time.Now()
	r, err := c.open(ctx, path, header...)
	if err != nil {
		return nil, 0, err
	}
	defer r.Close()
	body, err = io.ReadAll(r)
	return body, time.Since(begin), err
}

// asking is what was seen while the questions of a measure were asked one by one.
type asking struct {
	asked    int // those that there was time for
	sizes    []int
	features []int
	took     []time.Duration
}

// ask asks the questions one after the other and compares each answer with what it must hold. It stops at the first that differs, and after
// patience: a slow program is measured on fewer questions.
func ask(ctx context.Context, c *client, m measure, patience time.Duration) (a asking, err error) {
	begin := time.Now()
	for _, q := range m.questions {
		if a.asked > 0 && time.Since(begin) > patience {
			break
		}
		body, took, err := c.get(ctx, q.path)
		if err != nil {
			return a, err
		}
		got, err := m.read(body)
		if err != nil {
			return a, fmt.Errorf("%s: %w", q.path, err)
		}
		if difference := q.want.differs(got); difference != "" {
			return a, fmt.Errorf("%s %s", q.path, difference)
		}
		a.asked++
		a.sizes, a.features, a.took = append(a.sizes, len(body)), append(a.features, got.features), append(a.took, took)
	}
	return a, nil
}

// middle is the median, the lower one of two; the zero value of nothing.
func middle[T int | time.Duration](all []T) (m T) { return quantile(all, 0.5) }

// quantile is the value below which that part of all lies.
func quantile[T int | time.Duration](all []T, part float64) (q T) {
	if len(all) == 0 {
		return q
	}
	sorted := slices.Sorted(slices.Values(all))
	return sorted[min(int(part*float64(len(sorted))), len(sorted)-1)]
}
