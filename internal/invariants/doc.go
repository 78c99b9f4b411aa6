// SPDX-License-Identifier: Apache-2.0

// Package invariants says whether this build checks the invariants that the
// packages' documentation writes as equations. Builds with the tag "invariants"
// (and none other) do, at the ends of mutations on slow paths; in other builds
// Enabled is a false constant and the checks compile to nothing.
package invariants
