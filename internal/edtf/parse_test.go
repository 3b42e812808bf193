package edtf

import (
	"fmt"
	"testing"
)

// What the calendar tells of a date is what the library tells of it.
func TestCalendarAgreesWithTheLibrary(t *testing.T) {
	var plain []string
	for _, year := range []int{0, 1, 4, 99, 100, 400, 1582, 1900, 1999, 2000, 2023, 2024, 9999} {
		plain = append(plain, fmt.Sprintf("%04d", year), fmt.Sprintf("%04d-XX", year), fmt.Sprintf("%04d-XX-XX", year))
		for month := 1; month <= 12; month++ {
			plain = append(plain, fmt.Sprintf("%04d-%02d", year, month), fmt.Sprintf("%04d-%02d-XX", year, month))
			for day := 1; day <= daysIn(year, month); day++ {
				plain = append(plain, fmt.Sprintf("%04d-%02d-%02d", year, month, day))
			}
		}
	}
	for _, text := range plain {
		got, reason := parseSingle(text)
		want, byLibrary := byLibrary(text, got.part)
		if got != want || reason != "" || byLibrary != "" {
			t.Errorf("%s: %+v %s; want %+v %s", text, got, reason, want, byLibrary)
		}
	}
	for _, text := range []string{"2023-02-29", "1900-02-29", "2023-04-31", "2023-13", "2023-00", "2023-01-00"} {
		if got, reason := parseSingle(text); reason == "" {
			t.Errorf("%s: %+v", text, got)
		}
	}
}

// The two ways to find the days of a date, side by side.
func BenchmarkDays(b *testing.B) {
	p := Part{Precision: PrecisionMonth, Year: 2024, Month: 2}
	b.Run("calendar", func(b *testing.B) {
		for b.Loop() {
			resolve("2024-02", p)
		}
	})
	b.Run("library", func(b *testing.B) {
		for b.Loop() {
			byLibrary("2024-02", p)
		}
	})
	b.Run("whole", func(b *testing.B) {
		for b.Loop() {
			MustParse("2024-02")
		}
	})
}
