package web

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/collate"
	"golang.org/x/text/language"
	"golang.org/x/text/message"
	"golang.org/x/text/number"

	"mithaq/internal/registry"
)

//go:embed messages
var messageFiles embed.FS

// words says things in one language: messages of its catalog, plurals by its rules, numbers as it writes them.
type words struct {
	lang      Lang
	plain     map[string][]stretch // messages without plural forms
	localizer *i18n.Localizer
	printer   *message.Printer
	thousands string // between the groups of a whole number
}

// stretch is a part of a message and the gap behind it; the last has none.
type stretch struct{ text, gap string }

// cutAtGaps cuts a message at its gaps, {{.Name}}: catalogs have nothing else between braces.
func cutAtGaps(message string) (out []stretch) {
	for {
		text, rest, found := strings.Cut(message, "{{.")
		gap, rest, _ := strings.Cut(rest, "}}")
		out = append(out, stretch{text, gap})
		if !found {
			return out
		}
		message = rest
	}
}

// fill puts a message together.
func fill(message []stretch, gaps args) string {
	if len(message) == 1 {
		return message[0].text
	}
	var out strings.Builder
	for i, p := range message {
		out.WriteString(p.text)
		if i == len(message)-1 {
			break
		}
		switch v := gaps[p.gap].(type) {
		case nil:
			out.WriteString("<no value>") // as text/template has it
		case string:
			out.WriteString(v)
		default:
			fmt.Fprint(&out, v)
		}
	}
	return out.String()
}

// loadWords gives the catalogs, read once: the pages, the files and the dumps of one program say the same words. Nobody changes the map.
var loadWords = sync.OnceValues(readWords)

// readWords reads the catalogs. They are embedded, so a fault in one is our own mistake and found by every test.
func readWords() (map[Lang]*words, error) {
	all := map[Lang]*words{}
	for _, lang := range Langs {
		// A bundle of its own for each: a message that a catalog lacks must show as such, not in another language.
		bundle := i18n.NewBundle(language.MustParse(string(lang)))
		raw, err := fs.ReadFile(messageFiles, "messages/"+string(lang)+".json")
		if err != nil {
			return nil, err
		}
		if _, err := bundle.ParseMessageFileBytes(raw, string(lang)+".json"); err != nil {
			return nil, fmt.Errorf("messages/%s.json: %w", lang, err)
		}
		w := &words{
			lang:      lang,
			plain:     map[string][]stretch{},
			localizer: i18n.NewLocalizer(bundle, string(lang)),
			printer:   message.NewPrinter(numberLocale[lang]),
		}
		var messages map[string]json.RawMessage
		if err := json.Unmarshal(raw, &messages); err != nil {
			return nil, fmt.Errorf("messages/%s.json: %w", lang, err)
		}
		for key, raw := range messages {
			var text string
			if json.Unmarshal(raw, &text) == nil { // else it is plural forms
				w.plain[key] = cutAtGaps(text)
			}
		}
		w.thousands = strings.Trim(w.printer.Sprint(number.Decimal(1000)), "01")
		all[lang] = w
	}
	return all, nil
}

// args are what a message has gaps for: {{.Name}} is args{"Name": …}.
type args map[string]any

// say gives a message; with fills its gaps.
func (w *words) say(key string, with ...args) string {
	if message, ok := w.plain[key]; ok {
		return fill(message, first(with))
	}
	return w.localize(&i18n.LocalizeConfig{MessageID: key, TemplateData: first(with)})
}

// count gives a message in the plural form for n; the gap {{.N}} holds n as this language writes it.
func (w *words) count(key string, n int, with ...args) string {
	data := args{"N": w.whole(n)}
	for k, v := range first(with) {
		data[k] = v
	}
	return w.localize(&i18n.LocalizeConfig{MessageID: key, PluralCount: n, TemplateData: data})
}

func first(with []args) args {
	if len(with) == 0 {
		return nil
	}
	return with[0]
}

// localize shows a key that has no message in brackets: a test finds it, and a page is not lost for a word.
func (w *words) localize(c *i18n.LocalizeConfig) string {
	s, err := w.localizer.Localize(c)
	if err != nil {
		return "⟦" + c.MessageID + "⟧"
	}
	return s
}

// label names a member of a closed set: label("role", RoleLead).
func label[Code ~string](w *words, set string, code Code) string {
	return w.say(set + "." + string(code))
}

// labels names several.
func labels[Code ~string](w *words, set string, codes []Code) []string {
	var out []string
	for _, c := range codes {
		out = append(out, label(w, set, c))
	}
	return out
}

// whole writes a whole number, in groups of three digits.
func (w *words) whole(n int) string {
	if n < 0 {
		return w.printer.Sprint(number.Decimal(n))
	}
	digits := strconv.Itoa(n)
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + w.thousands + digits[at:]
	}
	return digits
}

// decimal writes a number with the decimals it has.
func (w *words) decimal(d registry.Decimal) string {
	return w.printer.Sprint(number.Decimal(d.Float(), number.MaxFractionDigits(3)))
}

// rate writes a computed number to one decimal.
func (w *words) rate(x float64) string {
	return w.printer.Sprint(number.Decimal(x, number.MaxFractionDigits(1)))
}

// byName compares names as a reader of this language looks them up. A collator keeps a buffer, so each page needs its own.
func (w *words) byName() func(a, b string) int {
	return collate.New(numberLocale[w.lang]).CompareString
}

// figure says a figure in words: "environ 1 000 m²". noun is the plural message of what is counted, empty for a bare number.
func (w *words) figure(f registry.Figure, noun string) string {
	n, isWhole := f.Value.Int()
	value := w.decimal(f.Value)
	switch {
	case f.Unit != registry.Count:
		value = w.say("unit."+string(f.Unit), args{"Value": value})
	case noun != "" && isWhole:
		value = w.count(noun, int(n))
	}
	return w.say("qualifier."+string(f.Qualifier), args{"Value": value})
}

// lower begins a text small, for the middle of a sentence. Arabic letters have no case.
func (w *words) lower(s string) string {
	first, size := utf8.DecodeRuneInString(s)
	return string(unicode.ToLower(first)) + s[size:]
}

// join lists things in a row: "eau, électricité et assainissement".
func (w *words) join(parts []string) string {
	if len(parts) < 2 {
		return strings.Join(parts, "")
	}
	last := len(parts) - 1
	return w.say("list.last", args{"First": strings.Join(parts[:last], w.say("list.comma")), "Last": parts[last]})
}
