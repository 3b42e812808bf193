package web

import "slices"

// labelMessages are the messages that name the members of a closed set, or the codes of a column that is from no set, by themselves. Codes that
// pages only say within a sentence aren't here.
var labelMessages = map[string]string{
	"SiteKind": "site_kind", "SiteStatus": "site_status", "AgreementKind": "agreement_kind", "Documentation": "documentation", "Scope": "scope",
	"Work": "work", "Utility": "utility", "Trade": "trade", "AmendmentKind": "amendment_kind",
	"scope": "scope", "surface_kind": "surface", "type": "place_type", "level": "place_level",
}

// CodeLabels gives a function that names a code of a set (see registry.ClosedSets), or of a column without one, as the pages do: files that explain their
// columns say the same words. It answers with an empty text for what has no name.
func CodeLabels() (func(lang, set, code string) string, error) {
	all, err := loadWords()
	if err != nil {
		return nil, err
	}
	return func(lang, set, code string) string {
		prefix, ok := labelMessages[set]
		if !ok || !slices.Contains(Langs, Lang(lang)) {
			return ""
		}
		return label(all[Lang(lang)], prefix, code)
	}, nil
}
