package registry

import (
	"testing"
	"time"
)

func TestMomentAsked(t *testing.T) {
	for text, want := range map[string]string{
		"2026-05-01":                          "2026-05-01T23:59:59.999999999Z",
		"2024-02-29":                          "2024-02-29T23:59:59.999999999Z",
		"2026-05-01T10:00:00Z":                "2026-05-01T10:00:00Z",
		"2026-05-01T10:00:00.123456789+01:00": "2026-05-01T09:00:00.123456789Z",
		"0001-01-01":                          "0001-01-01T23:59:59.999999999Z",
		"9999-12-31":                          "9999-12-31T23:59:59.999999999Z",
		"2026-02-30":                          "", "yesterday": "", "2026-05": "", "2026-05-01T10:00": "", "2026-05-01 10:00:00": "", "12026-05-01": "", " 2026-05-01": "", "0": "",
	} {
		got, err := MomentAsked(text)
		if err == nil && got.Format(time.RFC3339Nano) != want || (err != nil) != (want == "") {
			t.Errorf("%q: %s, %v; want %q", text, got.Format(time.RFC3339Nano), err, want)
		}
	}
}
