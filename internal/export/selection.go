package export

import (
	"context"
	"errors"
	"io"
	"reflect"

	"mithaq/geodata"
	"mithaq/internal/registry"
)

// Selection is what a file is made of: the features that queries select, a layer each. The command line, the addresses and the prepared dumps
// make their files of one, so that the same selection gives the same bytes everywhere.
type Selection struct {
	Format  string
	Queries []registry.FeatureQuery
	// Link is the address that asks the same again, BaseURL the registry's, without a final slash.
	Link, BaseURL string
	// Filename is the name under which the file will be kept; one made of the layers when empty.
	Filename string
	Labels   Labels
	// Ahead has the next page read while one is written, where features are sent as they are stored: sooner done, on two processors.
	Ahead bool
}

// Layers are the collections of the file.
func (s Selection) Layers() (layers []Layer) {
	for _, q := range s.Queries {
		layers = append(layers, LayerOf(q.Collection))
	}
	return layers
}

// Describe is what the file says of itself, as r has the registry now.
func (s Selection) Describe(ctx context.Context, r registry.Reader) (Document, error) {
	d := Document{
		Layers: s.Layers(), Licence: geodata.Licence, LicenceURL: geodata.LicenceURL, Attribution: geodata.Credit(), Gazetteer: geodata.PlaceCodes,
		Link: s.Link, BaseURL: s.BaseURL, Filename: s.Filename, Labels: s.Labels, Reader: r, Context: ctx,
	}
	newest, err := r.Records(ctx, registry.RecordQuery{Limit: 1})
	if err != nil {
		return d, err
	}
	if len(newest) > 0 {
		d.Extracted = newest[0].Updated
	}
	for _, q := range s.Queries {
		d.Day = q.Day
		if q.Located != registry.LocatedYes {
			continue
		}
		d.LocatedOnly, q.Located = true, registry.LocatedNo
		n, err := r.Count(ctx, q)
		if err != nil {
			return d, err
		}
		d.LeftOut += n
	}
	return d, nil
}

// Features of a whole collection, and those for a format that asks for records meanwhile, are read in pages of so many at most, or so many bytes:
// between two pages the connection is free, so that many slow clients at once don't wait for one another, and hold up no publication.
const (
	pageSize  = 500
	pageBytes = 1 << 20
)

// Write writes the file. Errors: Invalid, before anything is written, when the format has no room for so many rows; Busy when records were published
// meanwhile, since the file would be of two states; what was written then is no whole file.
func (s Selection) Write(ctx context.Context, r registry.Reader, w io.Writer) error {
	before, err := r.Version(ctx)
	if err != nil {
		return err
	}
	d, err := s.Describe(ctx, r)
	if err != nil {
		return err
	}
	f, _ := FormatOf(s.Format)
	for _, q := range s.Queries {
		if f.MostRows == 0 || q.Limit > 0 && q.Limit <= f.MostRows {
			continue
		}
		q.Limit = f.MostRows + 1
		if n, err := r.Count(ctx, q); err != nil {
			return err
		} else if n > f.MostRows {
			return tooManyRows
		}
	}
	i := -1
	err = write(s.Format, w, d, func(_ Layer, enc Encoder) error {
		i++
		all := whole(s.Queries[i])
		texts, sentAsStored := enc.(textEncoder)
		switch {
		case all && sentAsStored:
			return byTexts(ctx, r, s.Queries[i], s.Ahead, texts.Texts)
		case all || f.ReadsRecords:
			return byPages(ctx, r, s.Queries[i], enc.Feature)
		}
		return r.EachFeature(ctx, s.Queries[i], enc.Feature)
	})
	if err != nil {
		return err
	}
	if after, err := r.Version(ctx); err != nil || after != before {
		return errors.Join(err, &registry.Error{Code: registry.Busy, Message: "Records were published meanwhile, and the file would be of two states. Try again."})
	}
	return nil
}

// whole reports whether q is of all features of a collection: a page of them costs the same wherever it begins. Those that something chooses
// are found anew for each page.
func whole(q registry.FeatureQuery) bool {
	all := registry.FeatureQuery{Collection: q.Collection, Detail: q.Detail, Day: q.Day, After: q.After, Offset: q.Offset, Limit: q.Limit}
	return reflect.DeepEqual(q, all)
}

// errFull ends a page that holds enough bytes.
var errFull = errors.New("the page is full")

// byPages gives the features of a query like EachFeature, holding no connection while they are used.
func byPages(ctx context.Context, r registry.Reader, q registry.FeatureQuery, yield func(registry.Feature) error) error {
	left := q.Limit
	page := make([]registry.Feature, 0, pageSize)
	for {
		q.Limit = pageSize
		if left > 0 {
			q.Limit = min(left, pageSize)
		}
		bytes := 0
		page = page[:0]
		err := r.EachFeature(ctx, q, func(f registry.Feature) error {
			page = append(page, f)
			if bytes += len(f.JSON); bytes >= pageBytes {
				return errFull
			}
			return nil
		})
		more := errors.Is(err, errFull) || len(page) == q.Limit
		if err != nil && !errors.Is(err, errFull) {
			return err
		}
		for _, f := range page {
			if err := yield(f); err != nil {
				return err
			}
		}
		if left -= len(page); !more || left == 0 {
			return nil
		}
		q.After, q.Offset = page[len(page)-1].ID, 0
	}
}

// firstTexts is how many features byTexts asks for first: what they are long tells how many it may ask for.
const firstTexts = 16

// byTexts is byPages for features that are sent as they are stored. The database has pages of about pageBytes ready as one text each, which costs a third.
func byTexts(ctx context.Context, r registry.Reader, q registry.FeatureQuery, ahead bool, yield func(text []byte) error) error {
	left, size := q.Limit, firstTexts
	var texts [2][]byte // of the page that is used and of the one that is read
	asked := 0
	ask := func() (answer func() (registry.FeatureTexts, error)) {
		q := q
		q.Limit = size
		if left > 0 {
			q.Limit = min(left, size)
		}
		text := &texts[asked%len(texts)]
		asked++
		read := func() (page registry.FeatureTexts, err error) {
			err = r.FeatureTexts(ctx, q, func(p registry.FeatureTexts) error {
				*text = append((*text)[:0], p.JSON...)
				page, page.JSON = p, *text
				return nil
			})
			return page, err
		}
		if !ahead {
			return read
		}
		var page registry.FeatureTexts
		var err error
		done := make(chan struct{})
		go func() {
			defer close(done)
			page, err = read()
		}()
		return func() (registry.FeatureTexts, error) { <-done; return page, err }
	}
	for answer := ask(); ; {
		page, err := answer()
		if err != nil {
			return err
		}
		left -= page.N
		more := page.More && left != 0
		if more {
			q.After, q.Offset = page.Last, 0
			size = max(1, min(pageSize, 2*size, pageBytes*page.N/len(page.JSON)))
			answer = ask()
		}
		if err := yield(page.JSON); err != nil {
			if more && ahead {
				_, _ = answer() // nobody reads after the return
			}
			return err
		}
		if !more {
			return nil
		}
	}
}

// WriteSidecar writes the file that describes this one, for formats that have one.
func (s Selection) WriteSidecar(ctx context.Context, r registry.Reader, w io.Writer) error {
	d, err := s.Describe(ctx, r)
	if err != nil {
		return err
	}
	return WriteSidecar(s.Format, w, d)
}
