package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/ashlar-go/ashlar/benchmarks/internal/grid"
)

func main() {
	if err := start(); err != nil {
		fmt.Fprintln(os.Stderr, "gate:", err)
		os.Exit(1)
	}
}

func start() error {
	if task := os.Getenv(countVariable); task != "" {
		return beCounted(task)
	}
	if len(os.Args) > 1 {
		return errors.New("there are no arguments")
	}
	violated, err := judge(os.Stdout, "Times and memory, medians of one run", bounds, tries, measure)
	if err != nil {
		return err
	}
	valgrind, err := exec.LookPath("valgrind")
	if err != nil {
		fmt.Println("instructions were not counted: there is no valgrind; on Debian it is in the package valgrind")
	} else {
		more, err := judge(os.Stdout, "Instructions of a pair, by size", counted, 1, func() ([]result, error) { return countAll(valgrind) })
		if err != nil {
			return err
		}
		violated += more
	}
	if violated > 0 {
		return fmt.Errorf("%d bounds are not kept", violated)
	}
	return nil
}

// tries is how many times a bound is given to be kept.
const tries = 3

// judge measures until all bounds are kept, or for the last time, and prints the best that
// was seen of each. It returns how many are not kept.
func judge(out io.Writer, title string, bounds []bound, tries int, measure func() ([]result, error)) (violated int, err error) {
	best := make([]float64, len(bounds))
	for i := range best {
		best[i] = math.NaN()
	}
	for try := 0; try == 0 || try < tries && violated > 0; try++ {
		results, err := measure()
		if err != nil {
			return 0, err
		}
		violated = 0
		for i, b := range bounds {
			best[i] = b.better(best[i], b.ratio(results))
			if !b.keeps(best[i]) {
				violated++
			}
		}
	}
	t := &grid.Grid{Title: title, Header: []string{"ratio", "is", "bound", ""}, Left: map[int]bool{3: true}}
	for i, b := range bounds {
		verdict := "kept"
		if !b.keeps(best[i]) {
			verdict = "VIOLATED"
		}
		t.Add(b.String(), fmt.Sprintf("%.2f", best[i]), b.want(), verdict)
	}
	return violated, t.WriteText(out)
}

// measure runs the benchmarks, which are in the working directory.
func measure() ([]result, error) {
	folder, err := os.MkdirTemp("", "ashlar-gate-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(folder)
	samples := filepath.Join(folder, "samples.json")
	command := exec.Command("go", "run", ".", "-run", rows, "-repeats", "7", "-d", "10ms", "-live-mib", "128", "-json", samples)
	if output, err := command.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("the benchmarks, which must be in the working directory: %w: %s", err, output)
	}
	text, err := os.ReadFile(samples)
	if err != nil {
		return nil, err
	}
	var document struct {
		Results []result `json:"results"`
	}
	if err := json.Unmarshal(text, &document); err != nil {
		return nil, err
	}
	return document.Results, nil
}
