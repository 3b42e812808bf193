package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// A run that measures a part adds it to the figures of the runs before: all of it at once takes longer than most people have.

// figuresFile keeps what runs found out, in the folder of the registries.
const figuresFile = "figures.json"

// withEarlier is a run that is about to begin, with the figures of the runs before, if they are of the same program, machine and length of loads.
func (o outcome) withEarlier(folder string) (outcome, error) {
	if o.Only == "" {
		return o, nil
	}
	path := filepath.Join(folder, figuresFile)
	raw, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return o, nil
	}
	var before outcome
	if err = errors.Join(err, json.Unmarshal(raw, &before)); err != nil {
		return o, fmt.Errorf("%s: %w", path, err)
	}
	before.Machine.Day = o.Machine.Day
	if before.Machine != o.Machine || before.Seconds != o.Seconds {
		return o, nil
	}
	o.Sizes = before.Sizes
	if o.Only = before.Only + "|" + o.Only; before.Only == "" { // everything is measured already
		o.Only = ""
	}
	return o, nil
}

// add adds what was found out of one registry.
func (o *outcome) add(one sizeOutcome) {
	i, found := slices.BinarySearchFunc(o.Sizes, one.Sites, func(s sizeOutcome, sites int) int { return cmp.Compare(s.Sites, sites) })
	if found {
		o.Sizes[i] = one.and(o.Sizes[i])
	} else {
		o.Sizes = slices.Insert(o.Sizes, i, one)
	}
}

// and is s with what was measured before and not anew.
func (s sizeOutcome) and(before sizeOutcome) sizeOutcome {
	s.Measures = both(before.Measures, s.Measures, func(m measured) string { return m.Name })
	s.FirstTiles = both(before.FirstTiles, s.FirstTiles, func(f firstTimes) string { return fmt.Sprint(f.Tileset, f.Zoom) })
	s.Files = both(before.Files, s.Files, func(f wholeFile) string { return f.Format })
	s.Streams = both(before.Streams, s.Streams, func(x stream) string { return fmt.Sprint(x.What, x.Clients) })
	s.Commands = both(before.Commands, s.Commands, func(c commandRun) string { return c.Name })
	s.Pages = both(before.Pages, s.Pages, func(p pageTimes) string { return p.Path })
	s.Snapshot, s.HangUps = cmp.Or(s.Snapshot, before.Snapshot), cmp.Or(s.HangUps, before.HangUps)
	if s.Browser+s.BrowserFault == "" {
		s.Browser, s.BrowserFault = before.Browser, before.BrowserFault
	}
	s.Broken = slices.Concat(before.Broken, s.Broken)
	s.Started, s.Peak = cmp.Or(s.Started, before.Started), max(s.Peak, before.Peak)
	return s
}

// both are two lists as one, in which the later of two of one name stands at the place of the earlier.
func both[T any](before, now []T, name func(T) string) []T {
	out := slices.Clone(before)
	for _, x := range now {
		if i := slices.IndexFunc(out, func(y T) bool { return name(y) == name(x) }); i >= 0 {
			out[i] = x
		} else {
			out = append(out, x)
		}
	}
	return out
}
