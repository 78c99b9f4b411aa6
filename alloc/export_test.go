package alloc

// RaceEnabled is raceEnabled, for package alloc_test.
const RaceEnabled = raceEnabled
