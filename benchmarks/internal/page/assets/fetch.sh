#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Fetches the libraries of the report by npm, in the versions and with the checksums below.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
temporary=$(mktemp -d)
trap 'rm -rf "$temporary"' EXIT

# fetch PACKAGE VERSION FILE NAME copies a package's file, and its licence.
fetch() {
	npm pack --silent --pack-destination "$temporary" "$1@$2" >/dev/null
	tar -xzf "$temporary"/*.tgz -C "$temporary"
	cp "$temporary/package/$3" "$4.min.js"
	cp "$temporary/package/LICENSE" "$4.LICENSE"
	rm -rf "${temporary:?}"/*
}

fetch d3 7.9.2 dist/d3.min.js d3
fetch @observablehq/plot 0.6.17 dist/plot.umd.min.js plot
sha256sum --check <<END
912111098ea99503a6f4967361d2bbdc9dbf58cf9c678c8e27e5b02d1a07f0c1  d3.min.js
4358086467740777dd788d6b27a95cebdbaefdd50c730a3060117073bd7134cb  plot.min.js
END
