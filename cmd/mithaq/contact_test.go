package main

import "testing"

func TestContact(t *testing.T) {
	for contact, want := range map[string]bool{
		"registre@example.ma": true, "https://example.ma/contact": true,
		"Registre <registre@example.ma>": false, "registre": false, "http://example.ma/contact": false, "javascript:alert(1)": false, "mailto:registre@example.ma": false, "https://": false,
		"https://someone@example.ma/": false,
	} {
		if got := validContact(contact); got != want {
			t.Errorf("--contact %s: %v, want %v", contact, got, want)
		}
	}
}
