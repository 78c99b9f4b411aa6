package main

import "time"

// A clock reads how much of some kind of time has passed since an arbitrary start.
type clock func() time.Duration

var clockStart = time.Now()

// wallClock is what a stop watch shows.
func wallClock() time.Duration { return time.Since(clockStart) }
