module github.com/ashlar-go/ashlar/alloc/ashlarvet

go 1.25.0

replace github.com/ashlar-go/ashlar => ../..

require (
	github.com/ashlar-go/ashlar v0.0.0-00010101000000-000000000000
	golang.org/x/tools v0.48.0
)

require (
	github.com/google/pprof v0.0.0-20260709232956-b9395ee17fa0 // indirect
	golang.org/x/mod v0.38.0 // indirect
	golang.org/x/sync v0.22.0 // indirect
	golang.org/x/sys v0.47.0 // indirect
)
