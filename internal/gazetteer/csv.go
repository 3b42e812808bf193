package gazetteer

import (
	"encoding/csv"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/paulmach/orb"

	"mithaq/internal/registry"
)

// row is a line of a CSV file, read by the names of its columns.
type row struct {
	columns map[string]int
	cells   []string
}

// text is the cell of a column, without the spaces round it; empty when there is no such column.
func (r row) text(column string) string {
	i, ok := r.columns[column]
	if !ok {
		return ""
	}
	return strings.TrimSpace(r.cells[i])
}

// eachRow calls yield for every line under the header and adds the line number to its error.
func eachRow(r io.Reader, yield func(row) error) error {
	lines := csv.NewReader(r)
	lines.ReuseRecord = true
	header, err := lines.Read()
	if err != nil {
		return fmt.Errorf("header: %w", err)
	}
	columns := make(map[string]int, len(header))
	for i, name := range header {
		columns[name] = i
	}
	for {
		cells, err := lines.Read()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := yield(row{columns, cells}); err != nil {
			line, _ := lines.FieldPos(0)
			return fmt.Errorf("line %d: %w", line, err)
		}
	}
}

func readPlaces(r io.Reader) ([]registry.Place, error) {
	var places []registry.Place
	err := eachRow(r, func(row row) error {
		p, err := readPlace(row)
		places = append(places, p)
		return err
	})
	return places, err
}

func readPlace(row row) (registry.Place, error) {
	p := registry.Place{
		Code:   registry.PlaceCode(row.text("code")),
		Level:  registry.PlaceLevel(row.text("level")),
		Parent: registry.PlaceCode(row.text("parent")),
		Type:   row.text("type"),
		NameFR: row.text("name_fr"),
		NameAR: row.text("name_ar"),
	}
	if p.Code == "" || !slices.Contains(registry.PlaceLevels, p.Level) {
		return p, fmt.Errorf("a unit needs a code and a known level, got %q and %q", p.Code, p.Level)
	}
	if p.Level == registry.LevelRegion { // the file names the country above it, which is no unit
		p.Parent = ""
	}
	for alias := range strings.SplitSeq(row.text("aliases"), "|") { // spelling@where it is used
		spelling, _, _ := strings.Cut(alias, "@")
		if spelling != "" {
			p.Aliases = append(p.Aliases, spelling)
		}
	}
	var err error
	p.Population2024 = number(row, "population_2024", strconv.Atoi, &err)
	p.Population2014 = number(row, "population_2014", strconv.Atoi, &err)
	p.AreaKM2 = number(row, "area_km2", parseFloat, &err)
	if row.text("has_boundary") == "1" {
		var at [6]float64
		for i, column := range []string{"lon", "lat", "west", "south", "east", "north"} {
			if v := number(row, column, parseFloat, &err); v != nil {
				at[i] = *v
			} else if err == nil {
				err = fmt.Errorf("column %s is empty for a unit with a boundary", column)
			}
		}
		p.Label = &orb.Point{at[0], at[1]}
		p.Bound = &orb.Bound{Min: orb.Point{at[2], at[3]}, Max: orb.Point{at[4], at[5]}}
	}
	return p, err
}

func parseFloat(s string) (float64, error) { return strconv.ParseFloat(s, 64) }

// number reads a cell: nil when it is empty, and when it is no number, which err then says; an earlier err stays.
func number[T any](row row, column string, parse func(string) (T, error), err *error) *T {
	text := row.text(column)
	if text == "" {
		return nil
	}
	v, parseErr := parse(text)
	if parseErr != nil {
		if *err == nil {
			*err = fmt.Errorf("column %s: %w", column, parseErr)
		}
		return nil
	}
	return &v
}
