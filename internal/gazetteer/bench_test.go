package gazetteer

import (
	"testing"

	"mithaq/geodata"
	"mithaq/internal/registry"
)

func BenchmarkRead(b *testing.B) {
	for b.Loop() {
		units, err := geodata.Files.Open("gazetteer.csv")
		if err != nil {
			b.Fatal(err)
		}
		borders, err := geodata.Files.Open("neighbours.csv")
		if err != nil {
			b.Fatal(err)
		}
		if _, err := Read(units, borders); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkResolve(b *testing.B) {
	g := gazetteer(b)
	for name, w := range map[string]Written{
		"equal":              {"Ameln", registry.LevelCommune, "09.581"},
		"like, in province":  {"Aouartas", registry.LevelCommune, "09.581"},
		"like, in a country": {"Aouartas", registry.LevelCommune, ""},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				g.Resolve(w)
			}
		})
	}
}

func BenchmarkSuggest(b *testing.B) {
	g := gazetteer(b)
	for _, text := range []string{"t", "Tafraoute", "تافراوت", "Sidi Bou Abdelli"} {
		b.Run(text, func(b *testing.B) {
			for b.Loop() {
				g.Suggest(text, 8)
			}
		})
	}
}

func BenchmarkBoundaries(b *testing.B) {
	for _, d := range Details {
		b.Run(string(d), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Boundaries(d); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
