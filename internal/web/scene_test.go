package web

import (
	"slices"
	"testing"
)

// However many agreements a registry has, its maps tell units apart; small ones have the same shades everywhere.
func TestShadesFollowTheNumbers(t *testing.T) {
	for most, want := range map[int]bands{0: {1, 2, 5, 10}, 9: {1, 2, 5, 10}, 39: {1, 2, 5, 10}, 40: {1, 5, 10, 20}, 99: {1, 5, 10, 20}, 100: {1, 10, 20, 50}, 3_441: {1, 200, 500, 1_000}, 20_000: {1, 2_000, 5_000, 10_000}} {
		b := bandsUpTo(most)
		if b != want {
			t.Errorf("up to %d: %v, want %v", most, b, want)
		}
		if b.of(0) != 0 || b.of(1) != 1 || b.of(b[3]-1) != 3 || b.of(b[3]) != 4 {
			t.Errorf("up to %d: %v has none, one and what is next to its last step in other shades", most, b)
		}
	}
}

func TestLegendSaysTheShades(t *testing.T) {
	all, err := loadWords()
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range []struct {
		shades bands
		lang   Lang
		want   []string
	}{
		{bands{1, 2, 5, 10}, French, []string{"aucun accord", "1 accord", "2 à 4", "5 à 9", "10 et plus"}},
		{bands{1, 200, 500, 1_000}, French, []string{"aucun accord", "1 à 199", "200 à 499", "500 à 999", "1\u00a0000 et plus"}},
		{bands{1, 200, 500, 1_000}, Arabic, []string{"لا اتفاقية", "من 1 إلى 199", "من 200 إلى 499", "من 500 إلى 999", "1.000 فأكثر"}},
	} {
		var got []string
		for _, item := range all[x.lang].legend(x.shades) {
			got = append(got, item.Text)
		}
		if !slices.Equal(got, x.want) {
			t.Errorf("%v in %s: %q, want %q", x.shades, x.lang, got, x.want)
		}
	}
}
