package web

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"mithaq/internal/registry"
)

// SourceView is the page of a source: what rests on it, paragraph by paragraph.
type SourceView struct {
	RecordHead
	Facts      []Fact
	Lang       string // of its text
	TextDir    string
	Shown      bool // the text itself is on the page
	Notice     string
	Paragraphs []ParagraphView
}

// ParagraphView is one paragraph with its sentences; without text, those that values rest on.
type ParagraphView struct {
	ID        string // "p7"
	Number    string
	Sentences []SentenceView
}

// SentenceView is one sentence and what rests on it.
type SentenceView struct {
	ID         string // "p7s1"
	Number     string
	Pieces     []Piece // the sentence cut at the words that values rest on; empty when it may not be shown
	Statements []StatementView
}

// Piece is a part of a sentence, marked when a value rests on it.
type Piece struct {
	Text   string
	Marked bool
}

// StatementView is a few words of a sentence, and the values that rest on them.
type StatementView struct {
	Words  Text
	Values []StatedValue
}

// StatedValue is what words state: some fields of a record.
type StatedValue struct {
	Record    Link
	Fields    string
	Disagrees bool
	Reason    string
}

// resting is a statement with the record that it belongs to.
type resting struct {
	registry.Statement
	record registry.Record
}

func (r *reading) sourceView(stored registry.Stored) (SourceView, error) {
	source := stored.Record.(*registry.Source)
	v := SourceView{RecordHead: r.recordHead(stored, label(r.words, "source_kind", source.Kind))}
	v.Lang, v.TextDir = source.Lang, dirOf(source.Lang)
	v.Facts = r.sourceFacts(stored, source)
	if err := r.readText(source.ID); err != nil {
		return v, err
	}
	resting, err := r.restingOn(source.ID)
	if err != nil {
		return v, err
	}
	v.Shown = r.texts[source.ID] != nil
	switch {
	case v.Shown:
		v.Notice = r.say("source.shown")
	case source.Rights.ShowText():
		v.Notice = r.say("source.not_attached")
	default:
		v.Notice = r.say("source.not_shown")
	}
	v.Paragraphs = r.paragraphs(source, resting)
	return v, nil
}

func (r *reading) sourceFacts(stored registry.Stored, source *registry.Source) []Fact {
	s := plain(stored)
	facts := []Fact{{Label: r.say("source.language"), Values: []Value{r.value(r.orCode("lang_name", source.Lang))}}}
	if source.Publisher != "" {
		facts = append(facts, r.linksFact(s, "source.publisher", "/publisher", []registry.ID{source.Publisher}))
	} else {
		facts = append(facts, r.fact(s, "source.publisher", "/publisher"))
	}
	facts = append(facts, r.dateFact(s, "source.published", "/published", source.Published))
	if !source.PageDate.IsZero() {
		f := r.dateFact(s, "source.page_date", "/page_date", source.PageDate)
		f.Note = r.say("source.page_date_note")
		facts = append(facts, f)
	}
	if !source.Read.IsZero() {
		facts = append(facts, r.dateFact(s, "source.read", "/read", source.Read))
	}
	if source.URL != "" {
		facts = append(facts, r.fact(s, "source.address", "/url", Value{Link: Link{Text: Text{Text: source.URL, Dir: "ltr"}, Href: safeAddress(source.URL)}}))
	}
	rights := r.fact(s, "source.rights", "/rights", r.value(label(r.words, "rights", source.Rights)))
	if note, ok := source.RightsNote.In(string(r.words.lang)); ok {
		rights.Note = note.Text
	}
	return append(facts, rights)
}

// restingOn are the statements that cite a source, in reading order.
func (r *reading) restingOn(id registry.ID) ([]resting, error) {
	found, err := r.store.Records(r.ctx, registry.RecordQuery{PointsTo: []registry.ID{id}})
	if err != nil {
		return nil, err
	}
	var out []resting
	for _, f := range found {
		for _, s := range f.Record.Head().Statements {
			if s.Source == id {
				out = append(out, resting{s, f.Record})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b resting) int {
		return cmp.Or(cmp.Compare(a.Paragraph, b.Paragraph), cmp.Compare(a.Sentence, b.Sentence), cmp.Compare(a.record.Head().ID, b.record.Head().ID))
	})
	return out, nil
}

// paragraphs lays the statements out by paragraph and sentence; with the text, every paragraph of it.
func (r *reading) paragraphs(source *registry.Source, statements []resting) []ParagraphView {
	at := map[[2]int][]resting{}
	numbers := map[int][]int{}
	for _, s := range statements {
		place := [2]int{s.Paragraph, s.Sentence}
		if len(at[place]) == 0 {
			numbers[s.Paragraph] = append(numbers[s.Paragraph], s.Sentence)
		}
		at[place] = append(at[place], s)
	}
	text := r.texts[source.ID]
	if text != nil {
		clear(numbers)
		for _, p := range text.Paragraphs {
			for _, s := range p.Sentences {
				numbers[p.Number] = append(numbers[p.Number], s.Number)
			}
		}
	}
	var out []ParagraphView
	for _, number := range sortedKeys(numbers) {
		p := ParagraphView{ID: fmt.Sprintf("p%d", number), Number: r.whole(number)}
		for _, n := range numbers[number] {
			here := at[[2]int{number, n}]
			s := SentenceView{ID: fmt.Sprintf("p%ds%d", number, n), Number: r.whole(n)}
			if text != nil {
				sentence, _ := text.Sentence(number, n)
				var spans [][2]int
				for _, h := range here {
					if start, end, ok := sentence.Find(h.Words); ok {
						spans = append(spans, [2]int{start, end})
					}
				}
				s.Pieces = pieces(sentence.Text, spans)
			}
			s.Statements = r.stated(source, here)
			p.Sentences = append(p.Sentences, s)
		}
		out = append(out, p)
	}
	return out
}

// stated groups the statements of one sentence by their words, and by record under them.
func (r *reading) stated(source *registry.Source, here []resting) []StatementView {
	var out []StatementView
	for _, words := range distinct(here, func(h resting) string { return h.Words }) {
		view := StatementView{Words: Text{Text: words, Lang: source.Lang, Dir: dirOf(source.Lang)}}
		same := slices.DeleteFunc(slices.Clone(here), func(h resting) bool { return h.Words != words })
		for _, id := range distinct(same, func(h resting) registry.ID { return h.record.Head().ID }) {
			value := StatedValue{}
			var fields []string
			for _, h := range same {
				if h.record.Head().ID != id {
					continue
				}
				value.Record = r.linkTo(h.record)
				if field := r.fieldName(h.Path); !slices.Contains(fields, field) {
					fields = append(fields, field)
				}
				if h.Disagrees {
					value.Disagrees, value.Reason = true, h.Reason
				}
			}
			value.Fields = strings.Join(fields, r.say("list.comma"))
			view.Values = append(view.Values, value)
		}
		out = append(out, view)
	}
	return out
}

// distinct gives the keys of a list, each once, in its order.
func distinct[T any, K comparable](list []T, key func(T) K) []K {
	var out []K
	for _, x := range list {
		if k := key(x); !slices.Contains(out, k) {
			out = append(out, k)
		}
	}
	return out
}

func sortedKeys(m map[int][]int) []int {
	var keys []int
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// pieces cuts a text at spans, which may overlap.
func pieces(text string, spans [][2]int) []Piece {
	slices.SortFunc(spans, func(a, b [2]int) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(a[1], b[1])) })
	var out []Piece
	done := 0
	for _, s := range spans {
		start, end := max(s[0], done), s[1]
		if end <= done {
			continue
		}
		if start > done {
			out = append(out, Piece{text[done:start], false})
		}
		out = append(out, Piece{text[start:end], true})
		done = end
	}
	if done < len(text) {
		out = append(out, Piece{text[done:], false})
	}
	return out
}
