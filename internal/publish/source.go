package publish

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"mithaq/internal/passage"
	"mithaq/internal/registry"
)

// Misquote is a statement that a source's text doesn't bear out.
type Misquote struct {
	Record registry.ID `json:"record"`
	registry.Problem
}

// Misquotes are all of a text; nothing was written.
type Misquotes []Misquote

// Error counts them and names the first.
func (m Misquotes) Error() string {
	return fmt.Sprintf("%d statements are not borne out by the text, the first: %s%s", len(m), m[0].Record, m[0])
}

// AttachText keeps a source's text, once every statement that names the source was found in it: paragraph, sentence, hash and
// words. It returns how many statements were checked. Errors: Misquotes; NotFound when id is no source.
func (p *Publisher) AttachText(ctx context.Context, id registry.ID, raw []byte) (checked int, err error) {
	text, err := passage.Parse(raw)
	if err != nil {
		return 0, &registry.Error{Code: registry.Invalid, Message: "The text can't be read.", Param: "text", Got: err.Error(), Takes: "plain text in UTF-8"}
	}
	err = p.Store.Write(ctx, func(w registry.Writer) error {
		if _, err := registry.RecordOf[*registry.Source](ctx, w, id); err != nil {
			return err
		}
		resting, err := w.Records(ctx, registry.RecordQuery{PointsTo: []registry.ID{id}})
		if err != nil {
			return err
		}
		var wrong Misquotes
		for _, x := range resting {
			for i, s := range x.Record.Head().Statements {
				if s.Source != id {
					continue
				}
				checked++
				if problem := misquoted(text, s); problem != nil {
					problem.Pointer = "/statements/" + strconv.Itoa(i) + problem.Pointer
					wrong = append(wrong, Misquote{x.ID(), *problem})
				}
			}
		}
		if len(wrong) > 0 {
			return wrong
		}
		return w.AttachText(ctx, id, registry.SourceText{Raw: raw, SHA256: text.SHA256(), Attached: p.Now()})
	})
	return checked, err
}

// maxTexts bounds the sources whose texts, or lack of one, are remembered.
const maxTexts = 1000

// quoted checks the statements of a record against the texts that are attached already: what is published later is held to the same words as
// what was there when the text came.
func (t *taking) quoted(ctx context.Context, index int, r registry.Record) error {
	for j, st := range r.Head().Statements {
		text, known := t.texts[st.Source]
		if !known {
			var err error
			if text, err = t.attached(ctx, st.Source); err != nil {
				return err
			}
			if len(t.texts) == maxTexts {
				clear(t.texts)
			}
			t.texts[st.Source] = text
		}
		if text == nil {
			continue
		}
		if p := misquoted(*text, st); p != nil {
			p.Pointer = "/statements/" + strconv.Itoa(j) + p.Pointer
			t.problems = append(t.problems, Problem{index, *p})
		}
	}
	return nil
}

// attached is a source's text, nil when none is attached.
func (s *publication) attached(ctx context.Context, source registry.ID) (*passage.Text, error) {
	raw, err := s.w.SourceText(ctx, source)
	var known *registry.Error
	if errors.As(err, &known) && known.Code == registry.NotFound {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	text, err := passage.Parse(raw.Raw)
	return &text, err
}

// misquoted says what of a statement the text doesn't bear out; nil when it bears out all.
func misquoted(text passage.Text, s registry.Statement) *registry.Problem {
	where := fmt.Sprintf("paragraph %d, sentence %d", s.Paragraph, s.Sentence)
	sentence, ok := text.Sentence(s.Paragraph, s.Sentence)
	switch {
	case !ok:
		return &registry.Problem{Pointer: "/paragraph", Got: where, Takes: fmt.Sprintf("a sentence of the text, which has %d paragraphs", len(text.Paragraphs))}
	case sentence.SHA256 != s.SHA256:
		return &registry.Problem{Pointer: "/sentence_sha256", Got: s.SHA256, Takes: sentence.SHA256 + ", the hash of " + where}
	}
	if _, _, ok := sentence.Find(s.Words); !ok {
		return &registry.Problem{Pointer: "/words", Got: strconv.Quote(s.Words), Takes: "words of " + where}
	}
	return nil
}
