package web

import (
	"time"
)

// recordedParam asks for the registry as it was published at a moment; see registry.MomentAsked.
const recordedParam = "recorded"

// langParam is the language of what has an address without one: feeds, citations.
const langParam = "lang"

// momentText is a moment as addresses have it.
func momentText(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }
