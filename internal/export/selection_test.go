package export

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"mithaq/internal/feature"
	"mithaq/internal/registry"
)

// paged has n features of some length, and knows whether it is being read.
type paged struct {
	registry.Reader
	n, length int
	reading   bool
	asked     int
	most      int // that FeatureTexts was asked for at once
}

func (p *paged) EachFeature(_ context.Context, q registry.FeatureQuery, yield func(registry.Feature) error) error {
	p.reading, p.asked = true, p.asked+1
	defer func() { p.reading = false }()
	given, passed := 0, 0
	for i := range p.n {
		id := fmt.Sprintf("site-%07d", i)
		if id <= q.After {
			continue
		}
		if passed++; passed <= q.Offset {
			continue
		}
		if given++; q.Limit > 0 && given > q.Limit {
			return nil
		}
		if err := yield(registry.Feature{ID: id, JSON: bytes.Repeat([]byte("x"), p.length)}); err != nil {
			return err
		}
	}
	return nil
}

func (p *paged) FeatureTexts(ctx context.Context, q registry.FeatureQuery, yield func(registry.FeatureTexts) error) error {
	var out registry.FeatureTexts
	p.most = max(p.most, q.Limit)
	most := q.Limit
	q.Limit++
	err := p.EachFeature(ctx, q, func(f registry.Feature) error {
		if out.More = out.N == most; out.More {
			return nil
		}
		if out.N++; out.N > 1 {
			out.JSON = append(out.JSON, ",\n"...)
		}
		out.JSON, out.Last = append(out.JSON, f.JSON...), f.ID
		return nil
	})
	if err != nil {
		return err
	}
	err = yield(out)
	clear(out.JSON) // it was yield's until it returned
	return err
}

func (p *paged) Version(context.Context) (string, error) { return "1", nil }

func (p *paged) Records(context.Context, registry.RecordQuery) ([]registry.Stored, error) {
	return nil, nil
}

func (p *paged) Count(_ context.Context, q registry.FeatureQuery) (int, error) {
	return min(p.n, q.Limit), nil
}

func TestPagesAreTheWhole(t *testing.T) {
	for _, tc := range []struct {
		n, length, limit, offset int
		want, asked              int
	}{
		{n: 0, length: 1, asked: 1},
		{n: 499, length: 1, want: 499, asked: 1},
		{n: 500, length: 1, want: 500, asked: 2},
		{n: 1201, length: 1, want: 1201, asked: 3},
		{n: 1201, length: 1, offset: 1, want: 1200, asked: 3},
		{n: 1201, length: 1, limit: 700, offset: 600, want: 601, asked: 2},
		{n: 1201, length: 1, limit: 500, want: 500, asked: 1},
		{n: 7, length: pageBytes / 2, want: 7, asked: 4},
		{n: 3, length: pageBytes, limit: 2, want: 2, asked: 2},
	} {
		r := &paged{n: tc.n, length: tc.length}
		got := 0
		err := byPages(t.Context(), r, registry.FeatureQuery{Limit: tc.limit, Offset: tc.offset}, func(f registry.Feature) error {
			if r.reading {
				t.Fatalf("%+v: %s is used while the registry is being read", tc, f.ID)
			}
			if want := fmt.Sprintf("site-%07d", tc.offset+got); f.ID != want {
				t.Fatalf("%+v: %s, want %s", tc, f.ID, want)
			}
			got++
			return nil
		})
		if err != nil || got != tc.want || r.asked != tc.asked {
			t.Errorf("%+v: %d features in %d pages, %v", tc, got, r.asked, err)
		}
	}
}

// What is sent as it is stored comes in texts of many features, and is the file that its features one by one make.
func TestTextsAreTheFile(t *testing.T) {
	for _, format := range []string{"geojson", "geojsonl", "geojsonseq"} {
		for _, tc := range []struct{ n, length, limit, offset, most int }{
			{n: 0, length: 1, most: firstTexts},
			{n: 1, length: 1, most: firstTexts},
			{n: firstTexts, length: 1, most: firstTexts},
			{n: firstTexts + 1, length: 1, most: 2 * firstTexts},
			{n: 3201, length: 1, most: pageSize},
			{n: 3201, length: 1, limit: 1500, offset: 700, most: pageSize},
			{n: 3201, length: 1, limit: 3201, most: pageSize},
			{n: 40, length: pageBytes, most: firstTexts}, // then one by one
		} {
			r := &paged{n: tc.n, length: tc.length}
			s := Selection{Format: format, Queries: []registry.FeatureQuery{{Collection: feature.Sites, Limit: tc.limit, Offset: tc.offset}}}
			var got, ahead, want strings.Builder
			if err := s.Write(t.Context(), r, &got); err != nil {
				t.Fatal(err)
			}
			s.Ahead = true
			if err := s.Write(t.Context(), r, &ahead); err != nil || ahead.String() != got.String() {
				t.Errorf("%s, %+v: read ahead it is %d bytes, %v", format, tc, ahead.Len(), err)
			}
			d, err := s.Describe(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			err = Write(format, &want, d, func(_ Layer, yield func(registry.Feature) error) error {
				return r.EachFeature(t.Context(), s.Queries[0], yield)
			})
			if err != nil || got.String() != want.String() {
				t.Errorf("%s, %+v: %d bytes, want %d, %v", format, tc, got.Len(), want.Len(), err)
			}
			if r.most != tc.most {
				t.Errorf("%s, %+v: %d features at once", format, tc, r.most)
			}
		}
	}
}

// short takes so many bytes and no more.
type short int

func (s *short) Write(p []byte) (int, error) {
	if *s -= short(len(p)); *s < 0 {
		return 0, io.ErrShortWrite
	}
	return len(p), nil
}

// Nobody reads the registry any more when a file was given up.
func TestNothingIsReadAfterTheEnd(t *testing.T) {
	for _, ahead := range []bool{false, true} {
		r := &paged{n: 5_000, length: 1_000}
		w := short(1_000_000)
		err := Selection{Format: "geojsonl", Queries: []registry.FeatureQuery{{Collection: feature.Sites}}, Ahead: ahead}.Write(t.Context(), r, &w)
		if !errors.Is(err, io.ErrShortWrite) || r.reading {
			t.Errorf("ahead %t: %v, reading %t", ahead, err, r.reading)
		}
		if asked := r.asked; asked > 10 {
			t.Errorf("ahead %t: %d pages were asked for", ahead, asked)
		}
	}
}

// A workbook with too many rows is refused while an answer can still say so.
func TestTooManyRowsAreRefusedAtOnce(t *testing.T) {
	for n, refused := range map[int]bool{maxSheetRows: true, 0: false} {
		var b strings.Builder
		s := Selection{Format: "xlsx", Queries: []registry.FeatureQuery{{Collection: feature.Sites}}}
		err := s.Write(t.Context(), &paged{n: n, length: 0}, &b)
		var wrong *registry.Error
		if told := errors.As(err, &wrong) && wrong.Code == registry.Invalid; told != refused || err != nil && b.Len() > 0 {
			t.Errorf("%d rows: %v after %d bytes", n, err, b.Len())
		}
	}
}
