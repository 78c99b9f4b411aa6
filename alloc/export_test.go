// SPDX-License-Identifier: Apache-2.0

package alloc

// RaceEnabled is raceEnabled for package alloc_test.
const RaceEnabled = raceEnabled
