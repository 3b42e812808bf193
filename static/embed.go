// Package static embeds what browsers load: style sheets, scripts, pictures, and under vendor/ the files that
// `npm run build` copies from the packages of the lock file. It holds no page and no data.
package static

import "embed"

// Files are the assets, by their path under this folder, as "css/base.css". vendor/ is empty until `npm run build` ran.
//
//go:embed css js img all:vendor
var Files embed.FS
