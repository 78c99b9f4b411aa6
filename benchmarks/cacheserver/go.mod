module github.com/ashlar-go/ashlar/benchmarks/cacheserver

go 1.25.0

replace github.com/ashlar-go/ashlar => ../..

replace github.com/ashlar-go/ashlar/benchmarks => ..

require (
	github.com/HdrHistogram/hdrhistogram-go v1.4.0
	github.com/ashlar-go/ashlar v0.0.0
	github.com/ashlar-go/ashlar/benchmarks v0.0.0-00010101000000-000000000000
	golang.org/x/sys v0.47.0
)

require github.com/google/pprof v0.0.0-20260709232956-b9395ee17fa0 // indirect
