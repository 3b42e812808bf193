package web_test

import (
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"mithaq/internal/gazetteer"
	"mithaq/internal/registry"
)

var (
	tableRow  = regexp.MustCompile(`(?s)<tr[^>]*><th scope="row"[^>]*>(.*?)</th>(.*?)</tr>`)
	tableCell = regexp.MustCompile(`(?s)<td[^>]*>(.*?)</td>`)
)

// areaTable reads the table beside a page's map: the first word of each row, then its cells.
func areaTable(t *testing.T, page string) (rows [][]string) {
	t.Helper()
	_, after, found := strings.Cut(page, `<table class="sortable">`)
	if !found {
		t.Fatal("the page has no table")
	}
	table, _, _ := strings.Cut(after, "</table>")
	for _, row := range tableRow.FindAllStringSubmatch(table, -1) {
		cells := []string{strings.Fields(plainText(row[1]))[0]}
		for _, cell := range tableCell.FindAllStringSubmatch(row[2], -1) {
			cells = append(cells, strings.TrimSpace(strings.TrimPrefix(strings.TrimSpace(plainText(cell[1])), "–")))
		}
		rows = append(rows, cells)
	}
	return rows
}

// Nothing disappears from a table: its rows add up to what the page says above it, those of no known unit among them.
func TestAreaTableAddsUp(t *testing.T) {
	home := startSite(t)
	for _, tc := range []struct {
		path              string
		sites, created    int
		elsewhere, silent string
	}{
		{"/fr/provinces/09.581", 9, 25, "commune", "20 communes sans accord"},
		{"/fr/regions/09", 11, 30 + 25, "", "4 provinces et préfectures sans accord"},
		{"/fr/provinces/09.541?as-of=2024-04-30", 2, 25, "", ""}, // before the trial's amendment
	} {
		_, body := get(t, home+tc.path)
		sites, created := 0, 0
		rows := areaTable(t, body)
		for _, row := range rows {
			n, err := strconv.Atoi(row[3])
			check(t, err)
			sites += n
			if n, err := strconv.Atoi(row[4]); err == nil {
				created += n
			} else if row[4] != "non indiqué" {
				t.Errorf("%s: %q units to create in %s", tc.path, row[4], row[0])
			}
		}
		if sites != tc.sites || created != tc.created {
			t.Errorf("%s: %d sites and %d units to create, want %d and %d: %q", tc.path, sites, created, tc.sites, tc.created, rows)
		}
		if last := rows[len(rows)-1][0]; tc.elsewhere != "" && last != tc.elsewhere {
			t.Errorf("%s: the last row is %s, want %s", tc.path, last, tc.elsewhere)
		}
		if !strings.Contains(plainText(body), tc.silent) {
			t.Errorf("%s lacks %q", tc.path, tc.silent)
		}
	}
}

// A table comes in the order asked for, what isn't known last in either direction.
func TestAreaTableInOrder(t *testing.T) {
	home := startSite(t)
	for _, tc := range []struct {
		query string
		want  string // first words of the rows
		sort  string
	}{
		{"", "Tafraout Ammelne Sidi Tiznit Anzi commune", "descending"},
		{"?sort=name", "Ammelne Anzi Sidi Tafraout Tiznit commune", "ascending"},
		{"?sort=-name", "Tiznit Tafraout Sidi Anzi Ammelne commune", "descending"},
		{"?sort=restored", "Tafraout Ammelne Anzi Sidi Tiznit commune", "descending"},
		{"?sort=-restored", "Tafraout Ammelne Anzi Sidi Tiznit commune", "ascending"},
		{"?sort=-agreements", "Anzi Ammelne Sidi Tiznit Tafraout commune", "ascending"},
	} {
		_, body := get(t, home+"/fr/provinces/09.581"+tc.query)
		var names []string
		for _, row := range areaTable(t, body) {
			names = append(names, row[0])
		}
		if got := strings.Join(names, " "); got != tc.want {
			t.Errorf("%q: %s, want %s", tc.query, got, tc.want)
		}
		if got := regexp.MustCompile(`aria-sort="(\w+)"`).FindAllStringSubmatch(body, -1); len(got) != 1 || got[0][1] != tc.sort {
			t.Errorf("%q: sorted %v, want one column %s", tc.query, got, tc.sort)
		}
	}
	res, _ := get(t, home+"/fr/provinces/09.581?sort=colour")
	if res.StatusCode != http.StatusBadRequest {
		t.Errorf("a column that there isn't: %d, want 400", res.StatusCode)
	}
}

// Areas are compared where both sides have enough records, by agreements for as many people; elsewhere the page says why not.
func TestComparisonOnlyWhereCountsAllowIt(t *testing.T) {
	_, body := get(t, startSite(t)+"/fr/provinces/09.581")
	if !strings.Contains(plainText(body), "au moins 10 accords enregistrés") {
		t.Error("too few records, and the page doesn't say that it compares nothing")
	}
	_, body = get(t, startSiteWith(t, manyAgreements(t, 12, "09.541", "09.581"))+"/fr/provinces/09.581")
	_, section, _ := strings.Cut(body, `id="comparison"`)
	var rows []string
	for _, row := range tableRow.FindAllStringSubmatch(section, -1) {
		rows = append(rows, strings.Join(strings.Fields(plainText(row[0])), " "))
	}
	// 7 + 12 agreements for 198,542 people; 2 + 12 for 858,162.
	if want := []string{"Tiznit 19 9 9,6", "Taroudannt 14 2 1,6"}; !slices.Equal(rows, want) {
		t.Errorf("%q, want %q", rows, want)
	}
}

// manyAgreements makes n agreements in each of some provinces, after the pattern of the trial's mentioned one, but documented.
func manyAgreements(t *testing.T, n int, provinces ...registry.PlaceCode) (all []registry.Record) {
	t.Helper()
	places, err := gazetteer.Default()
	check(t, err)
	for _, code := range provinces {
		province, _ := places.Place(code)
		for i := range n {
			all = append(all, &registry.Agreement{
				Header: registry.Header{
					Type: registry.TypeAgreement, ID: registry.ID(fmt.Sprintf("many-%s-%d", strings.ReplaceAll(string(code), ".", "-"), i)),
					Statements: []registry.Statement{{Path: "", Source: "src-trial", Paragraph: 1, Words: "essai"}},
				},
				Kind: registry.AgreementKinds[1], Documentation: registry.Documented,
				Titles: registry.Texts{{Lang: "fr", Text: fmt.Sprintf("Accord %d", i)}},
				Place:  &registry.WrittenPlace{AsWritten: province.NameFR, Name: province.NameFR, Level: registry.LevelProvince},
			})
		}
	}
	return all
}
