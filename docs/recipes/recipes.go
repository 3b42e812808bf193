// Package recipes are the examples of the documentation that run as they stand, against a registry served at BaseURL. The pages show them
// with their own address in its place, and a test runs every one.
package recipes

import "embed"

// BaseURL is the registry that the files ask: where `make run` serves it.
const BaseURL = "http://127.0.0.1:8080"

// Files are the recipes, by name.
//
//go:embed *.sh *.py *.R
var Files embed.FS
