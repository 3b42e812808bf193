package cite

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"
	"time"
)

var day = time.Date(2026, 3, 1, 23, 30, 0, 0, time.FixedZone("", -3600)) // the 2nd in UTC

// titles are such as sources print, and such as would break a form.
var titles = []string{
	"Accord de partenariat pour l’artisanat de Tiznit",
	"اتفاقية شراكة لتأهيل المركب الحرفي بتيزنيت",
	"9 nouveaux accords {dont 2 avenants}",
	"an open { brace",
	"a closed } brace, and { another }}",
	`50 % & 3 # _sous_ réserve $ ~ ^ \emph{x}`,
	"two\r\nlines\tand a tab\u2028and a separator",
	"ER  - \r\nTY  - JOUR",
	`"quoted", <b>bold</b> & so on`,
	"", " ",
}

func work(title string) Work {
	return Work{Key: "mithaq-accord-3", Title: title, Lang: "ar", Publisher: "Mithaq", Version: "3", Published: day,
		URL: "https://mithaq.example/ar/agreements/accord?recorded=2026-03-02T00:30:00Z", Note: "Version 3"}
}

// readBibTeX reads one entry as BibTeX does: a value ends where its braces are even.
func readBibTeX(t *testing.T, s string) map[string]string {
	t.Helper()
	head, rest, ok := strings.Cut(s, ",\n")
	if !ok || !regexp.MustCompile(`^@misc\{[a-zA-Z0-9.-]+$`).MatchString(head) {
		t.Fatalf("no entry: %s", s)
	}
	out := map[string]string{}
	for strings.TrimSpace(rest) != "}" {
		name, value, ok := strings.Cut(rest, " = ")
		if !ok {
			t.Fatalf("no field in %q", rest)
		}
		name = strings.TrimSpace(name)
		if value[0] != '{' {
			value, rest, _ = strings.Cut(value, ",\n")
			out[name] = value
			continue
		}
		depth, end := 0, -1
		for i, c := range value {
			switch c {
			case '{':
				depth++
			case '}':
				depth--
			}
			if depth == 0 {
				end = i
				break
			}
		}
		if end < 0 || !strings.HasPrefix(value[end+1:], ",\n") {
			t.Fatalf("the braces of %s are uneven: %s", name, s)
		}
		out[name], rest = value[1:end], value[end+3:]
	}
	return out
}

func TestBibTeX(t *testing.T) {
	for _, title := range titles {
		got := readBibTeX(t, BibTeX(work(title)))
		if strings.ContainsAny(got["title"], "\r\n\t") || got["year"] != "2026" || got["month"] != "mar" || got["date"] != "2026-03-02" || got["version"] != "3" ||
			got["langid"] != "arabic" || got["url"] != work("").URL || got["author"] != "{Mithaq}" {
			t.Errorf("%q: %v", title, got)
		}
	}
	for title, want := range map[string]string{
		"a & b": `{a \& b}`, "{x}": `{\textbraceleft{}x\textbraceright{}}`, `\x`: `{\textbackslash{}x}`, "50 %": `{50 \%}`, "تيزنيت": "{تيزنيت}", "a\n b": "{a b}",
	} {
		if got := readBibTeX(t, BibTeX(work(title)))["title"]; got != want {
			t.Errorf("%q: %s, want %s", title, got, want)
		}
	}
	if got := BibTeX(Work{Key: "k", Title: "x", Publisher: "p", URL: "u"}); strings.Contains(got, "year") || strings.Contains(got, "version") {
		t.Errorf("what isn't known is there: %s", got)
	}
}

func TestRIS(t *testing.T) {
	line := regexp.MustCompile(`^[A-Z][A-Z0-9]  - .*$`)
	for _, title := range titles {
		text, ended := strings.CutSuffix(RIS(work(title)), "\r\n")
		lines := strings.Split(text, "\r\n")
		if !ended || lines[0] != "TY  - DATA" || lines[len(lines)-1] != "ER  - " {
			t.Errorf("%q: %q", title, text)
		}
		for i, l := range lines {
			if !line.MatchString(l) || strings.ContainsAny(l, "\r\n\u2028") {
				t.Errorf("%q: line %d is %q", title, i, l)
			}
			if i > 0 && strings.HasPrefix(l, "TY") || i < len(lines)-1 && strings.HasPrefix(l, "ER") {
				t.Errorf("%q: a title made a reference of its own", title)
			}
		}
		if !strings.Contains(text, "DA  - 2026/03/02") || !strings.Contains(text, "UR  - "+work("").URL) {
			t.Errorf("%q: %q", title, text)
		}
	}
}

func TestCSLJSON(t *testing.T) {
	for _, title := range titles {
		var got []struct {
			ID, Type, Title, Version, URL string
			Issued                        struct {
				Parts [][]int `json:"date-parts"`
			}
			Author []struct{ Literal string }
		}
		if err := json.Unmarshal([]byte(CSLJSON(work(title))), &got); err != nil {
			t.Fatal(err)
		}
		if len(got) != 1 || got[0].Type != "dataset" || got[0].Title != oneLine(title) || got[0].Issued.Parts[0][2] != 2 || got[0].Author[0].Literal != "Mithaq" || got[0].URL != work("").URL {
			t.Errorf("%q: %+v", title, got)
		}
	}
}
