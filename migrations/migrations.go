// Package migrations holds the numbered SQL that builds a database, one folder per engine, the same numbers and names in
// each. A file that has been released is never edited: what changes is a new number.
package migrations

import "embed"

// SQLite is the folder of SQLite's migrations.
//
//go:embed sqlite/*.sql
var SQLite embed.FS
