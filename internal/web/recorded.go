package web

import (
	"html"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/gofiber/fiber/v2"

	"mithaq/internal/registry"
)

// recordedParam asks for the registry as it was published at a moment; see registry.MomentAsked.
const recordedParam = "recorded"

// langParam is the language of what has an address without one: feeds, citations.
const langParam = "lang"

// momentText is a moment as addresses have it.
func momentText(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// Recorded says that a page shows the registry of a moment, and leads to today's.
type Recorded struct {
	Words string
	Reset string
	text  string // as asked
}

type recordedKey struct{}

// noteRecorded keeps for send that the page is of a moment.
func noteRecorded(c *fiber.Ctx, w *words, text string) {
	moment, err := registry.MomentAsked(text)
	if err != nil {
		return // the page is refused for it
	}
	when := w.sayMoment(moment)
	if len(text) == len(time.DateOnly) {
		when = w.sayDay(dayOf(moment))
	}
	query, err := url.ParseQuery(string(c.Request().URI().QueryString()))
	if err != nil {
		return // likewise
	}
	query.Del(recordedParam)
	reset := strings.Clone(c.Path())
	if len(query) > 0 {
		reset += "?" + query.Encode()
	}
	c.Locals(recordedKey{}, &Recorded{Words: when, Reset: reset, text: text})
}

// withMoment adds the moment that a page was asked for to an address of the registry.
func withMoment(address, text string) string {
	if text == "" {
		return address
	}
	address, fragment, cut := strings.Cut(address, "#")
	sign := "?"
	if strings.Contains(address, "?") {
		sign = "&"
	}
	address += sign + recordedParam + "=" + url.QueryEscape(text)
	if cut {
		address += "#" + fragment
	}
	return address
}

// whereTo finds the addresses and forms of a page that templates wrote: they quote every value, and escape every quote within.
var whereTo = regexp.MustCompile(`<form [^>]*>| (?:data-today )?(?:href|data-href|data-geojson)="/[^"]*"`)

// remembers are the addresses that can be read as of a moment: pages, records, places, histories, and the items of collections.
var remembers = regexp.MustCompile(`^/((fr|ar|en)/|cite/|history/|changes\.json|[a-z]+/[^/]+\.(json|geojson)|api/collections/[a-z]+/items)`)

// carry makes every link and form of a page lead on to the same moment: who reads the registry of a day stays in it. It is done on the
// finished page, in one place, because a link that forgot would show today's registry as that day's.
func carry(page []byte, text string) []byte {
	return whereTo.ReplaceAllFunc(page, func(found []byte) []byte {
		s := string(found)
		if strings.HasPrefix(s, "<form ") {
			return []byte(s + `<input type="hidden" name="` + recordedParam + `" value="` + html.EscapeString(text) + `">`)
		}
		name, quoted, _ := strings.Cut(s, `="`)
		address := html.UnescapeString(strings.TrimSuffix(quoted, `"`))
		if strings.Contains(name, "data-today") || strings.Contains(address, recordedParam+"=") || !remembers.MatchString(address) {
			return found
		}
		return []byte(name + `="` + html.EscapeString(withMoment(address, text)) + `"`)
	})
}
