// SPDX-License-Identifier: Apache-2.0

package main

import (
	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/unitchecker"
)

// analyzers are the checks, one a file.
var analyzers = []*analysis.Analyzer{appendCheck, typeCheck, localCheck, errorCheck, freeCheck, returnCheck}

func main() { unitchecker.Main(analyzers...) }
