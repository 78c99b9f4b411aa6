module github.com/ashlar-go/ashlar/benchmarks/sqlite

go 1.26.0

require (
	github.com/ashlar-go/ashlar v0.0.0
	github.com/ashlar-go/ashlar/benchmarks v0.0.0
	modernc.org/libc v1.81.0
	modernc.org/memory v1.12.1
	modernc.org/sqlite v1.62.0
)

require (
	github.com/dustin/go-humanize v1.1.0 // indirect
	github.com/google/pprof v0.0.0-20261016150608-1facf8f91b50 // indirect
	github.com/google/uuid v1.6.0 // indirect
	github.com/mattn/go-isatty v0.0.24 // indirect
	github.com/ncruces/go-strftime v1.1.0 // indirect
	github.com/remyoudompheng/bigfft v0.0.0-20230129092748-24d4a6f8daec // indirect
	golang.org/x/sys v0.49.0 // indirect
	modernc.org/mathutil v1.7.1 // indirect
)

replace github.com/ashlar-go/ashlar => ../..

replace github.com/ashlar-go/ashlar/benchmarks => ..
