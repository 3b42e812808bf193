package passage

import (
	"crypto/sha256"
	"encoding/hex"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/unicode/norm"
)

// words gives the sentences of t, paragraph by paragraph.
func words(t Text) [][]string {
	var all [][]string
	for _, paragraph := range t.Paragraphs {
		var sentences []string
		for _, sentence := range paragraph.Sentences {
			sentences = append(sentences, sentence.Text)
		}
		all = append(all, sentences)
	}
	return all
}

func mustParse(t *testing.T, raw string) Text {
	t.Helper()
	text, err := Parse([]byte(raw))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func TestParse(t *testing.T) {
	for _, tc := range []struct {
		name, in string
		want     [][]string
	}{
		{"nothing", "", nil},
		{"only space", " \n\u00a0\n\t\n", nil},
		{"soft line breaks", "Le souk est\nouvert. Il ferme\n  tard.", [][]string{{"Le souk est ouvert.", "Il ferme tard."}}},
		{"blank lines", "Un.\n\n\n \u00a0\nDeux.", [][]string{{"Un."}, {"Deux."}}},
		{"line breaks of all systems", "a\r\nb\rc\u2028d\fe\u0085f\vg\u2029h", [][]string{{"a b c d e f g"}, {"h"}}},
		{"spaces", "Prix\u00a0: 5\u202f000\u2009 \tdirhams", [][]string{{"Prix : 5 000 dirhams"}}},
		{"control characters", "a\x00b\x1bc", [][]string{{"a b c"}}},
		{"no ink", "\ufeffarti\u00adsa\u200bnat \u200fالحرف\u200e", [][]string{{"artisanat الحرف"}}},
		{"composed", "me\u0301tier", [][]string{{"m\u00e9tier"}}},
		{"heading without point", "Objet\n\nLa halle.", [][]string{{"Objet"}, {"La halle."}}},

		{"dash", "Lots :\n- four\n- tour\nde potier", [][]string{{"Lots :", "four", "tour de potier"}}},
		{"dashes", "– a\n— b\n· c\n* d", [][]string{{"a", "b", "c", "d"}}},
		{"bullets need no space", "❖ a\n❑b\n•c\n► d\n➔ e", [][]string{{"a", "b", "c", "d", "e"}}},
		{"numbers and letters", "1. Un\n12) Deux\na) Trois\n(b) Quatre\n(3) Cinq\n٢. ستة", [][]string{{"Un", "Deux", "Trois", "Quatre", "Cinq", "ستة"}}},
		{"a marker behind a marker", "- ❖ Axe 1\n - 2. Axe 2", [][]string{{"Axe 1", "Axe 2"}}},
		{"an empty item", "- \n- a\n-", [][]string{{"a"}}},
		{"rules are no paragraphs", "a\n\n* * *\n\n---\n\nb", [][]string{{"a"}, {"b"}}},
		{"a hyphen without space is no marker", "du lundi\n-5 degrés", [][]string{{"du lundi -5 degrés"}}},
		{"a year is no marker", "signé en\n2019. Puis", [][]string{{"signé en 2019.", "Puis"}}},
		{"an item starts in lower case", "- oui\n- non", [][]string{{"oui", "non"}}},
		{"two sentences in an item", "1. Un four. Un tour.\n2. Rien.", [][]string{{"Un four.", "Un tour.", "Rien."}}},

		{"emphasis", "Le **5 mai** à *Fès*, ***tous***.", [][]string{{"Le 5 mai à Fès, tous."}}},
		{"emphasis over a line break", "le **5\nmai 2020.** Fin", [][]string{{"le 5 mai 2020.", "Fin"}}},
		{"emphasis inside emphasis", "**un *deux* trois**", [][]string{{"un deux trois"}}},
		{"emphasis in an item", "* *Un*\n- **Deux**", [][]string{{"Un", "Deux"}}},
		{"emphasis round a marker", "**1. Titre**", [][]string{{"Titre"}}},
		{"emphasis in quotes", "«*Un*» et (**deux**)", [][]string{{"«Un» et (deux)"}}},
		{"a product", "3 * 4 et 5*6", [][]string{{"3 * 4 et 5*6"}}},
		{"footnotes", "prix* et (*)\n\n*hors taxe", [][]string{{"prix* et (*)"}, {"*hors taxe"}}},
		{"four asterisks", "****a****", [][]string{{"****a****"}}},

		{"title", "Vu par M. Idrissi et Mme. Alami. Lu.", [][]string{{"Vu par M. Idrissi et Mme. Alami.", "Lu."}}},
		{"initials", "Signé J.-P. Roux et A. B. Tazi. Lu.", [][]string{{"Signé J.-P. Roux et A. B. Tazi.", "Lu."}}},
		{"acronym", "Le R.N.A. Le voici.", [][]string{{"Le R.N.A. Le voici."}}},
		{"references", "Voir art. 3, sept. 2015 et n° 4. Puis p. 5.", [][]string{{"Voir art. 3, sept. 2015 et n° 4.", "Puis p. 5."}}},
		{"a reference at the end", "Cela date de sept. Puis rien.", [][]string{{"Cela date de sept.", "Puis rien."}}},
		{"a number alone", "Un\n\n100. Titre", [][]string{{"Un"}, {"100. Titre"}}},
		{"a number begins a sentence", "Signé en 2019. 25 échoppes ouvrent.", [][]string{{"Signé en 2019.", "25 échoppes ouvrent."}}},
		{"leader dots", "Poterie ...... 25 et plus", [][]string{{"Poterie ...... 25 et plus"}}},
		{"numbers keep their points", "Sur 1.000 m². Soit 2.5 ha.", [][]string{{"Sur 1.000 m².", "Soit 2.5 ha."}}},
		{"quotes", "« Où ? » Là. Il dit : «Oui.» Puis \"Non.\" Fin.", [][]string{{"« Où ? »", "Là.", "Il dit : «Oui.»", "Puis \"Non.\"", "Fin."}}},
		{"brackets", "(Voir plan.) Puis rien.", [][]string{{"(Voir plan.)", "Puis rien."}}},
		{"lower case goes on", "Où ? demande-t-elle. Là !", [][]string{{"Où ? demande-t-elle.", "Là !"}}},
		{"points without words", "Oui. !!! Non ,....", [][]string{{"Oui. !!!", "Non ,...."}}},
		{"points first", "… Oui. Non.", [][]string{{"… Oui.", "Non."}}},
		{"Arabic", "أين السوق؟ هنا. قال د. أحمد نعم.", [][]string{{"أين السوق؟", "هنا.", "قال د. أحمد نعم."}}},
		{"English", "It opened on May 4, 2016. The U.K. team left. \"Why?\" they asked.", [][]string{{"It opened on May 4, 2016.", "The U.K. team left.", "\"Why?\" they asked."}}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			text := mustParse(t, tc.in)
			if got := words(text); !reflect.DeepEqual(got, tc.want) {
				t.Errorf("got  %q\nwant %q", got, tc.want)
			}
			checkNumbers(t, text)
		})
	}
}

// checkNumbers fails unless numbers run from 1, hashes are those of the texts and each sentence is found at its own address.
func checkNumbers(t *testing.T, text Text) {
	t.Helper()
	for i, paragraph := range text.Paragraphs {
		if paragraph.Number != i+1 || len(paragraph.Sentences) == 0 {
			t.Fatalf("paragraph %d has number %d and %d sentences", i+1, paragraph.Number, len(paragraph.Sentences))
		}
		for j, sentence := range paragraph.Sentences {
			sum := sha256.Sum256([]byte(sentence.Text))
			if sentence.Number != j+1 || sentence.SHA256 != hex.EncodeToString(sum[:]) {
				t.Fatalf("%d.%d has number %d, hash %s", i+1, j+1, sentence.Number, sentence.SHA256)
			}
			if again, ok := text.Sentence(i+1, j+1); !ok || again != sentence {
				t.Fatalf("Sentence(%d, %d) = %+v, %v", i+1, j+1, again, ok)
			}
			if start, end, ok := sentence.Find(sentence.Text); !ok || start != 0 || end != len(sentence.Text) {
				t.Fatalf("%d.%d does not find itself: %q", i+1, j+1, sentence.Text)
			}
			if !slices.Contains(text.Locate(sentence.Text), Locator{Paragraph: i + 1, Sentence: j + 1, SHA256: sentence.SHA256}) {
				t.Fatalf("%d.%d is not located: %q", i+1, j+1, sentence.Text)
			}
			if strings.TrimSpace(sentence.Text) != sentence.Text || normalise(sentence.Text) != sentence.Text {
				t.Fatalf("%d.%d is not normalised: %q", i+1, j+1, sentence.Text)
			}
		}
	}
}

func TestParseRefusesOtherEncodings(t *testing.T) {
	for _, tc := range []struct{ name, in, says string }{
		{"Windows-1252", "march\xe9", "byte 5 is 0xe9"},
		{"UTF-16", "\xff\xfea\x00", "byte 0 is 0xff"},
		{"cut short", "abc\xd8", "byte 3 is 0xd8"},
		{"a surrogate", "a\xed\xa0\x80", "byte 1 is 0xed"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			text, err := Parse([]byte(tc.in))
			if err == nil || !strings.Contains(err.Error(), tc.says) || text.Paragraphs != nil {
				t.Errorf("Parse = %v, %v; want an error with %q", text, err, tc.says)
			}
		})
	}
	if got := words(mustParse(t, "a \ufffd b")); !reflect.DeepEqual(got, [][]string{{"a \ufffd b"}}) {
		t.Errorf("a replacement character that is in the source: %q", got)
	}
}

// TestHashSurvivesCopying holds the promise of the convention: what an editor or a download changes unseen moves no hash.
func TestHashSurvivesCopying(t *testing.T) {
	const original = "L’atelier a été fermé.\nIl rouvre « demain ».\n\n- Un\n- Deux"
	want := mustParse(t, original)
	for name, copied := range map[string]string{
		"CRLF":           strings.ReplaceAll(original, "\n", "\r\n"),
		"decomposed":     norm.NFD.String(original),
		"marked":         "\ufeff" + original + "\n\n",
		"hard spaces":    strings.ReplaceAll(original, " ", "\u00a0"),
		"more space":     strings.ReplaceAll(original, " ", "  "),
		"indented":       strings.ReplaceAll(original, "\n", " \n  "),
		"stressed":       strings.Replace(original, "fermé", "**fermé**", 1),
		"other bullets":  strings.ReplaceAll(original, "- ", "• "),
		"other wrapping": strings.Replace(original, "a été", "a\nété", 1),
	} {
		if got := mustParse(t, copied); !reflect.DeepEqual(got, want) || got.SHA256() != want.SHA256() {
			t.Errorf("%s: %q, want %q", name, words(got), words(want))
		}
	}
	for name, changed := range map[string]string{
		"a word":          strings.Replace(original, "demain", "lundi", 1),
		"a paragraph":     strings.Replace(original, "\n\n", "\n", 1),
		"an accent":       strings.Replace(original, "é", "e", 1),
		"a lost sentence": strings.Replace(original, "\n- Deux", "", 1),
	} {
		if mustParse(t, changed).SHA256() == want.SHA256() {
			t.Errorf("%s changed and the hash did not", name)
		}
	}
}

func TestTextHashFollowsTheConvention(t *testing.T) {
	sum := sha256.Sum256([]byte("Un.\nDeux.\n\nTrois."))
	if got := mustParse(t, "Un. Deux.\n\nTrois.").SHA256(); got != hex.EncodeToString(sum[:]) {
		t.Errorf("SHA256() = %s, want %x", got, sum)
	}
}

func TestFind(t *testing.T) {
	for _, tc := range []struct {
		name, sentence, words, want string // want "": not found
	}{
		{"plain", "Le souk ouvre en mai", "souk ouvre", "souk ouvre"},
		{"whole", "Le souk", "Le souk", "Le souk"},
		{"first of two", "un four et un four", "un four", "un four"},
		{"equal case first", "Souk du souk", "souk", "souk"},
		{"any case", "Le Souk ouvre", "le souk OUVRE", "Le Souk ouvre"},
		{"any case with accents", "L’ÉTÉ arrive", "été", "ÉTÉ"},
		{"typographic apostrophe in the text", "la commune d’Asilah", "d'Asilah", "d’Asilah"},
		{"typographic apostrophe in the words", "la commune d'Asilah", "commune d’Asilah", "commune d'Asilah"},
		{"after an apostrophe", "l’atelier", "atelier", "atelier"},
		{"hard hyphen", "savoir\u2011faire", "savoir-faire", "savoir\u2011faire"},
		{"spaces in the words", "5 000 dirhams", " 5\u00a0000\n dirhams ", "5 000 dirhams"},
		{"emphasis in the words", "ouvert le 5 mai 2020", "**5 mai 2020**", "5 mai 2020"},
		{"decomposed words", "le métier", "me\u0301tier", "métier"},
		{"next to punctuation", "« Souk », dit-il", "souk", "Souk"},
		{"Arabic", "يفتح السوق غدا", "السوق", "السوق"},
		{"superscript", "sur 300 m² bâtis", "300 m²", "300 m²"},
		{"a number at the end of a sentence", "ils sont 25.", "25", "25"},
		{"a number before a comma", "de 25, puis 30", "25", "25"},

		{"part of a number", "25 stands", "5", ""},
		{"first part of a number", "25 stands", "2", ""},
		{"after a decimal sign", "2,5 hectares", "5", ""},
		{"before a decimal sign", "2.5 hectares", "2", ""},
		{"part of a word", "le marchand", "march", ""},
		{"end of a word", "le marchand", "and", ""},
		{"without its superscript", "sur 300 m²", "300 m", ""},
		{"part of an Arabic word", "السوق", "سوق", ""},
		{"accents count", "le métier", "metier", ""},
		{"other order", "souk du lundi", "lundi souk", ""},
		{"longer than the sentence", "souk", "souk du lundi", ""},
		{"empty", "souk", "", ""},
		{"only space", "souk", " \u00a0", ""},
		{"not UTF-8", "souk", "\xff", ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			start, end, ok := Sentence{Text: tc.sentence}.Find(tc.words)
			if ok != (tc.want != "") || tc.sentence[start:end] != tc.want {
				t.Errorf("Find(%q) in %q = %q, %v; want %q", tc.words, tc.sentence, tc.sentence[start:end], ok, tc.want)
			}
		})
	}
	start, _, _ := Sentence{Text: "Souk du souk"}.Find("souk")
	if start != len("Souk du ") {
		t.Errorf("equal case is at %d, want the second one", start)
	}
}

func TestLocate(t *testing.T) {
	text := mustParse(t, "Un four. Un tour.\n\n- Le four\n- Rien\n\n25 tours")
	first, _ := text.Sentence(1, 1)
	second, _ := text.Sentence(2, 1)
	want := []Locator{{Paragraph: 1, Sentence: 1, SHA256: first.SHA256}, {Paragraph: 2, Sentence: 1, SHA256: second.SHA256}}
	if got := text.Locate("four"); !slices.Equal(got, want) {
		t.Errorf("Locate = %v, want %v", got, want)
	}
	for _, absent := range []string{"fours", "5", "", "four. Un"} {
		if got := text.Locate(absent); got != nil {
			t.Errorf("Locate(%q) = %v", absent, got)
		}
	}
}

func TestSentenceOutOfRange(t *testing.T) {
	text := mustParse(t, "Un. Deux.")
	for _, at := range [][2]int{{0, 1}, {1, 0}, {1, 3}, {2, 1}, {-1, -1}} {
		if sentence, ok := text.Sentence(at[0], at[1]); ok || sentence != (Sentence{}) {
			t.Errorf("Sentence(%d, %d) = %+v, %v", at[0], at[1], sentence, ok)
		}
	}
}

// TestStories counts the documents that the first records are read from. Every locator in those records rests on these numbers:
// where they change, the convention has changed, and the records have to be read anew.
func TestStories(t *testing.T) {
	const folder = "../../../shared/stories"
	if _, err := os.Stat(folder); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("the stories are not there: %v", err)
		}
		t.Skipf("the stories are not there, their counts go unchecked: %v", err)
	}
	for _, tc := range []struct {
		file      string
		sentences []int // of each paragraph
	}{
		{"chefchaouen-assistance.en.txt", []int{1, 2, 1, 3, 1, 5, 1, 1, 1, 3, 1}},
		{"chefchaouen-assistance.fr.txt", []int{1, 1, 1, 1, 1, 5, 1, 1, 1, 3, 1}},
		{"craft-strategy-2021-2030.fr.txt", []int{1, 1, 1, 4, 3, 3, 1}},
		{"taroudant-cooperation.fr.txt", []int{
			1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 9, 1, 1, 1, 1, 1, 1, 2, 1, 4,
			1, 4, 1, 2, 1, 5, 1, 1, 1, 4, 1, 1, 1, 1, 1, 1, 5, 1, 3,
		}},
		{"tiznit-nine-accords.fr.txt", []int{1, 1, 1, 2, 2, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}},
	} {
		t.Run(tc.file, func(t *testing.T) {
			raw, err := os.ReadFile(filepath.Join(folder, tc.file))
			if err != nil {
				t.Fatal(err)
			}
			text := mustParse(t, string(raw))
			var got []int
			for _, paragraph := range text.Paragraphs {
				got = append(got, len(paragraph.Sentences))
				for _, sentence := range paragraph.Sentences {
					if strings.Contains(sentence.Text, "*") {
						t.Errorf("%d.%d keeps an asterisk", paragraph.Number, sentence.Number)
					}
				}
			}
			if !slices.Equal(got, tc.sentences) {
				t.Errorf("sentences by paragraph %v, want %v", got, tc.sentences)
			}
			checkNumbers(t, text)
		})
	}
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{
		"Un. Deux.\n\n- Trois\n* *quatre*\n1. cinq", "« Où ? » Là. M. A. B. en 2019. 25", "a\r\nb\u2028c\u00a0d\ufeffe\u0301", "**a *b** c*",
		"(*) ... 5. » »", "هنا. أين؟", "1.\n\n•\n-", "\xff",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		text, err := Parse([]byte(s))
		if err != nil {
			return
		}
		checkNumbers(t, text)
		again, err := Parse([]byte(strings.ReplaceAll(s, "\n", "\r\n")))
		if err != nil || !strings.Contains(s, "\r") && again.SHA256() != text.SHA256() {
			t.Fatalf("other line breaks, other text: %q, %v", words(again), err)
		}
	})
}

func FuzzFind(f *testing.F) {
	f.Add("la commune d’Asilah, 25 stands", "d'asilah")
	f.Add("İstanbul ſ K", "k")
	f.Fuzz(func(t *testing.T, s, wanted string) {
		text, err := Parse([]byte(s))
		if err != nil {
			return
		}
		for _, paragraph := range text.Paragraphs {
			for _, sentence := range paragraph.Sentences {
				start, end, ok := sentence.Find(wanted)
				if !ok {
					continue
				}
				found := sentence.Text[start:end] // panics on bad offsets
				if _, _, ok := (Sentence{Text: found}).Find(wanted); !ok {
					t.Fatalf("%q found as %q in %q, and not in itself", wanted, found, sentence.Text)
				}
			}
		}
	})
}
