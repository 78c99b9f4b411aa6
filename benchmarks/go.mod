module github.com/ashlar-go/ashlar/benchmarks

go 1.25.0

require (
	github.com/ashlar-go/ashlar v0.0.0
	golang.org/x/sys v0.47.0
	golang.org/x/term v0.45.0
	modernc.org/memory v1.12.1
)

require (
	github.com/HdrHistogram/hdrhistogram-go v1.4.0
	github.com/fmstephe/memorymanager v0.0.3
	github.com/ortuman/nuke v1.3.0
	golang.org/x/perf v0.0.0-20260211190930-8161c38c6cdc
)

require (
	github.com/aclements/go-moremath v0.0.0-20210112150236-f10218a38794 // indirect
	github.com/fmstephe/flib v0.0.1 // indirect
	github.com/google/pprof v0.0.0-20260709232956-b9395ee17fa0 // indirect
)

replace github.com/ashlar-go/ashlar => ../
