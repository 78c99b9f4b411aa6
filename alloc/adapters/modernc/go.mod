module modernc.org/memory

go 1.25.0

require github.com/ashlar-go/ashlar v0.0.0

require (
	github.com/google/pprof v0.0.0-20260709232956-b9395ee17fa0 // indirect
	golang.org/x/sys v0.47.0 // indirect
)

replace github.com/ashlar-go/ashlar => ../../..
