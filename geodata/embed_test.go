package geodata_test

import (
	"regexp"
	"strings"
	"testing"

	"mithaq/geodata"
)

func TestCreditIsTheLineOfAttribution(t *testing.T) {
	text, err := geodata.Files.ReadFile("ATTRIBUTION.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "\n> "+geodata.Credit()+"\n") {
		t.Error("ATTRIBUTION.md and Credit() differ")
	}
	if strings.ContainsAny(geodata.Credit(), "\n\t") {
		t.Error("the credit must be one plain line")
	}
}

func TestVersionIsADigest(t *testing.T) {
	if !regexp.MustCompile(`^[0-9a-f]{64}$`).MatchString(geodata.Version()) {
		t.Errorf("Version() = %q, want 64 hexadecimal digits", geodata.Version())
	}
}

func TestRecordsAreEmbedded(t *testing.T) {
	if _, err := geodata.Files.ReadDir("records"); err != nil {
		t.Error(err)
	}
}
