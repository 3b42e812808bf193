package httpapi

import (
	"context"
	"io"
	"strings"

	"github.com/gofiber/fiber/v2"

	"mithaq/internal/feature"
	"mithaq/internal/gazetteer"
	"mithaq/internal/httpserve"
	"mithaq/internal/registry"
)

// placeFile answers /communes/{code}.geojson and its sisters: the unit's boundary, then the sites in it, those without a geometry too.
func (s *Server) placeFile(level registry.PlaceLevel) fiber.Handler {
	return func(c *fiber.Ctx) error {
		code, isGeoJSON := strings.CutSuffix(httpserve.PathParam(c, "file"), ".geojson")
		if !isGeoJSON {
			return notFound("file", code, "a census code and .geojson")
		}
		unit, ok := s.Places.Place(registry.PlaceCode(code))
		if !ok || unit.Level != level {
			return notFound(string(level), code, "the census code of a "+string(level))
		}
		p, err := httpserve.Query(c, asOf, recorded)
		if err != nil {
			return err
		}
		live := s
		s, err := live.asked(c.UserContext(), p)
		if err != nil {
			return err
		}
		day, err := registry.DayAsked(p[asOf], s.Now())
		if err != nil {
			return err
		}
		v, err := s.version(c.UserContext(), c, day)
		if err != nil {
			return err
		}
		path := "/" + level.Plural() + "/" + string(unit.Code)
		options := httpserve.StreamOptions{ContentType: mimeGeoJSON, Version: v, Hold: pageHeld}
		return httpserve.Stream(c, options, func(ctx context.Context, w io.Writer) error {
			s, err := live.asked(ctx, p)
			if err != nil {
				return err
			}
			out := newCollectionWriter(w)
			write := func(f registry.Feature) error { return out.feature(f.JSON) }
			if err := s.Store.EachFeature(ctx, boundaryOf(unit.Code, level, gazetteer.DetailHigh), write); err != nil {
				return err
			}
			sites := registry.FeatureQuery{Collection: feature.Sites, Day: day, Places: []registry.PlaceCode{unit.Code}}
			if err := s.Store.EachFeature(ctx, sites, write); err != nil {
				return err
			}
			return out.closeOn(day, append([]link{{Href: s.BaseURL + path + ".geojson?" + asOf + "=" + string(day), Rel: "self", Type: mimeGeoJSON}}, s.pageLinks(path)...))
		})
	}
}
