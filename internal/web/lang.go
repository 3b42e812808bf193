package web

import (
	"golang.org/x/text/language"
)

// Lang is a language of the pages: the first part of their addresses, and a catalog under messages/.
type Lang string

// The languages of the pages.
const (
	French  Lang = "fr"
	Arabic  Lang = "ar"
	English Lang = "en"
)

// Langs lists every language of the pages, the default first.
var Langs = []Lang{French, Arabic, English}

// numberLocale says whose numbers a language writes: French with spaces (1 000), Arabic as in Morocco with Western digits.
var numberLocale = map[Lang]language.Tag{
	French:  language.French,
	Arabic:  language.MustParse("ar-MA"),
	English: language.MustParse("en-GB"),
}

// ownNames are the languages' names for themselves, as the switch shows them.
var ownNames = map[Lang]string{French: "Français", Arabic: "العربية", English: "English"}

// Dir is the direction of writing.
func (l Lang) Dir() string { return dirOf(string(l)) }

// dirOf is the direction of writing of any text's language.
func dirOf(lang string) string {
	if lang == "ar" {
		return "rtl"
	}
	return "ltr"
}

// parseLang reads the first part of an address.
func parseLang(s string) (Lang, bool) {
	for _, l := range Langs {
		if string(l) == s {
			return l, true
		}
	}
	return "", false
}

var langMatcher = language.NewMatcher([]language.Tag{language.French, language.Arabic, language.English})

// preferredLang chooses a language from an Accept-Language header; French when it names none of ours.
func preferredLang(header string) Lang {
	tags, _, err := language.ParseAcceptLanguage(header)
	if err != nil {
		return French
	}
	_, i, confidence := langMatcher.Match(tags...)
	if confidence == language.No {
		return French
	}
	return Langs[i]
}
