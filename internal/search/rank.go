package search

import (
	"slices"
	"strings"

	"mithaq/internal/registry"
)

// How well a word of a record is what was typed.
const (
	same     = 1.0  // but for case, accents and digits' script
	spelled  = 0.9  // under the spelling rules
	begun    = 0.7  // its beginning
	guessed  = 0.45 // but for one letter
	touching = 0.3  // not written at all: the record touches the place
)

// whole is what a field gains, in parts of its score, when every word of it was typed: a short exact name comes before a long one.
const whole = 0.3

// quality of a word of a record for a term; 0 when it doesn't meet it.
func quality(t *term, w word) (best float64) {
	all := forms(w.folded)
	for _, form := range all {
		for _, begin := range t.words {
			if !strings.HasPrefix(form, begin) {
				continue
			}
			q := begun
			switch {
			case t.guess:
				q = guessed
			case len(t.places) == 0 && slices.Contains(t.typed, w.folded):
				q = same
			case form == begin, stem(form) == begin:
				q = spelled
			}
			best = max(best, q)
		}
	}
	return best
}

// rank scores a record and finds the field that says why it was found.
func (s *Searcher) rank(q query, stored registry.Stored, names Names, lang string) Hit {
	hit := Hit{Stored: stored, Field: Field{Name: "touches"}}
	fields := Fields(stored.Record, names)
	fields = append(fields, s.labelsOf(stored.Record)...)
	score := make([]float64, len(q.terms)) // by term, the best of all fields
	for i := range q.terms {
		if len(q.terms[i].places) > 0 {
			score[i] = touching
		}
	}
	var best float64
	for _, f := range fields {
		words := split(f.Text)
		var spans []Span
		var sum float64
		met := make([]float64, len(q.terms))
		for _, w := range words {
			hitWord := false
			for i := range q.terms {
				if one := quality(&q.terms[i], w); one > 0 {
					met[i] = max(met[i], one*f.weight)
					hitWord = true
				}
			}
			if hitWord {
				spans = append(spans, Span{w.start, w.end})
			}
		}
		if len(spans) == 0 {
			continue
		}
		gain := 1 + whole*float64(len(spans))/float64(len(significant(words)))
		for i, m := range met {
			sum += m * gain
			score[i] = max(score[i], m*gain)
		}
		if sum > best || sum == best && f.Lang == lang && hit.Field.Lang != lang {
			best, hit.Field, hit.Spans = sum, f, spans
		}
	}
	for _, x := range score {
		hit.Score += x
	}
	return hit
}

// labelsOf are the names of a record's codes as fields.
func (s *Searcher) labelsOf(r registry.Record) (fields []Field) {
	codes := Codes(r)
	for _, l := range s.Labels {
		if slices.Contains(codes, l.Code) {
			fields = append(fields, Field{l.field(), l.Text, l.Lang, weightKind})
		}
	}
	return fields
}
