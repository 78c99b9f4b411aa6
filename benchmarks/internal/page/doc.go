// SPDX-License-Identifier: Apache-2.0

/*
Package page writes measurements as one HTML file that needs nothing else: no network, no server, no other
file. It is readable in light and in dark, on a telephone, and without charts.

	Page ──► page.html ──► one file
	  Table:  grids, what they say in words, and Charts
	    Chart:  numbers, as JSON in the file ──► page.js ──► SVG

The grids are plain HTML, so whoever sees no charts or runs no scripts can read them. The charts are drawn when
the page is opened, as SVG in the colours of page.css, by Observable Plot on top of D3. The file contains both.
A content security policy in the page forbids the browser to fetch anything.

# Libraries

assets holds the libraries as npm has them, with their licences (both ISC):

	d3.min.js    D3 7.9.2, dist/d3.min.js
	plot.min.js  Observable Plot 0.6.17, dist/plot.umd.min.js

	bash assets/fetch.sh

fetches both again with npm, and fails if they are not the files whose checksums it has.
*/
package page
