package web

import (
	"net/url"
	"time"

	"mithaq/internal/edtf"
	"mithaq/internal/httpserve"
	"mithaq/internal/registry"
)

// newestOnHome bounds the list of what was last published.
const newestOnHome = 6

// openOnHome bounds the lists of what isn't known.
const openOnHome = 20

// HomeView is the first page.
type HomeView struct {
	Counts     []Count
	Map        MapView
	Table      AreaTable
	Newest     []AgreementRow
	National   []AgreementRow
	Programmes []ProgrammeRow
	Unknown    []Count
	Unlocated  []SiteRow
}

func dayOf(t time.Time) edtf.Day { return edtf.DayOf(t) }

// safeAddress lets only addresses of the web become links; anything else stays a text.
func safeAddress(s string) string {
	if u, err := url.Parse(s); err == nil && (u.Scheme == "https" || u.Scheme == "http") && u.Host != "" {
		return s
	}
	return ""
}

func (r *reading) homeView(tiles Tiles) (HomeView, error) {
	totals, err := r.store.Totals(r.ctx)
	if err != nil {
		return HomeView{}, err
	}
	counts, err := r.store.CountsByPlace(r.ctx)
	if err != nil {
		return HomeView{}, err
	}
	listed := func(choices ...string) string {
		q := httpserve.Params{}
		for i := 0; i+1 < len(choices); i += 2 {
			q[choices[i]] = choices[i+1]
		}
		return agreementFilters.address(r.lang, q)
	}
	v := HomeView{
		Counts: []Count{
			{r.whole(totals.Agreements), r.count("home.agreements", totals.Agreements), listed("documentation", string(registry.Documented))},
			{r.whole(totals.Amendments), r.count("home.amendments", totals.Amendments), listed(amendedParam, "yes")},
			{r.whole(totals.Sites), r.count("home.sites", totals.Sites), siteFilters.address(r.lang, nil)},
			{r.whole(totals.Communes), r.count("home.communes", totals.Communes), "#units"},
			{r.whole(totals.Sources), r.count("home.sources", totals.Sources), "/" + string(r.lang) + "/sources"},
		},
		Unknown: []Count{
			{r.whole(totals.SitesNotLocated), r.count("home.not_located", totals.SitesNotLocated), "#unlocated"},
			{r.whole(totals.AgreementsUndated), r.count("home.undated", totals.AgreementsUndated), listed("documentation", string(registry.Documented), datedParam, "no")},
			{r.whole(totals.Mentioned), r.count("home.mentioned", totals.Mentioned), listed("documentation", string(registry.Mentioned))},
		},
	}
	units := map[registry.PlaceCode]areaCounts{}
	for code, n := range counts {
		units[code] = areaCounts{PlaceCounts: n}
	}
	v.Table, err = r.areaTable("/"+string(r.lang)+"/", label(r.words, "place_level", registry.LevelProvince), r.gaz.Places(registry.LevelProvince), units, countColumns)
	if err != nil {
		return HomeView{}, err
	}
	v.Table.Caption = r.say("area.caption_counts")
	v.Table.SilentNote = r.count("area.silent_provinces", len(v.Table.Silent))
	v.Map = r.areaMap(r.say("place.country"), "/api/collections/provinces/items?detail=low&limit=500", "/"+string(r.lang)+"/provinces/", "", r.bandsIn(registry.Country, registry.LevelProvince, counts), tiles)
	scene, err := r.areaScene(registry.Country, registry.LevelProvince, counts)
	if err != nil {
		return HomeView{}, err
	}
	v.Map.Still = r.still(scene, v.Map.Name)

	newest, err := r.store.Records(r.ctx, registry.RecordQuery{Types: []registry.Type{registry.TypeAgreement}, Limit: newestOnHome})
	if err != nil {
		return HomeView{}, err
	}
	views, err := r.agreements(newest)
	if err != nil {
		return HomeView{}, err
	}
	v.Newest, _ = r.agreementRows(views)
	national, err := r.store.Records(r.ctx, registry.RecordQuery{Types: []registry.Type{registry.TypeAgreement, registry.TypeProgramme}, At: registry.Country})
	if err != nil {
		return HomeView{}, err
	}
	if v.National, v.Programmes, err = r.fromAbove(national); err != nil {
		return HomeView{}, err
	}
	v.Unlocated, err = r.unlocated()
	return v, err
}

// unlocated are the first sites that the gazetteer finds in no unit.
func (r *reading) unlocated() ([]SiteRow, error) {
	var ids []registry.ID
	q := registry.FeatureQuery{Collection: "sites", Day: r.day, Where: map[string]string{"location_precision": string(registry.PrecisionNone)}, Located: registry.LocatedNo, Limit: openOnHome}
	err := r.store.EachFeature(r.ctx, q, func(f registry.Feature) error {
		ids = append(ids, registry.ID(f.ID))
		return nil
	})
	if err != nil {
		return nil, err
	}
	found, err := r.store.RecordsByID(r.ctx, ids)
	if err != nil {
		return nil, err
	}
	dated, err := registry.SitesOn(r.ctx, r.store, found, r.day)
	if err != nil {
		return nil, err
	}
	return r.siteRows(dated)
}
