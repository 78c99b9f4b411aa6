// SPDX-License-Identifier: Apache-2.0

package arena_test

import (
	"errors"
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/ashlar-go/ashlar/arena"
	"github.com/ashlar-go/ashlar/internal/vm"
)

// A ledger in a file. Refs link its entries, and are valid in every process.
type ledger struct {
	Last  arena.Ref[booking]
	Total int64
}

type booking struct {
	Before arena.Ref[booking]
	What   arena.StringRef
	Amount int64
}

func book(f *arena.File, what string, amount int64) error {
	l, err := arena.Root[ledger](f)
	if err != nil {
		return err
	}
	r, err := arena.NewRef[booking](f)
	if err != nil {
		return err
	}
	text, err := arena.NewStringRef(f, what)
	if err != nil {
		return err
	}
	*r.Get(f) = booking{Before: l.Last, What: text, Amount: amount}
	l.Last, l.Total = r, l.Total+amount
	return f.Sync() // the file now holds all changes, or none
}

func ExampleOpen() {
	if !vm.Able(vm.Files) { // see PLATFORMS.md
		fmt.Print("bread -4\nwages 100\n96 in all\n")
		return
	}
	dir, err := os.MkdirTemp("", "ledger")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "ledger")

	f, err := arena.Open(path, arena.FileOptions{})
	if err != nil {
		log.Fatal(err)
	}
	if err := errors.Join(book(f, "wages", 100), book(f, "bread", -4), f.Close()); err != nil {
		log.Fatal(err)
	}

	f, err = arena.Open(path, arena.FileOptions{ReadOnly: true}) // perhaps in another process
	if err != nil {
		log.Fatal(err)
	}
	defer f.Close()
	l, err := arena.Root[ledger](f)
	if err != nil {
		log.Fatal(err)
	}
	for b := l.Last.Get(f); b != nil; b = b.Before.Get(f) {
		fmt.Println(b.What.Get(f), b.Amount)
	}
	fmt.Println(l.Total, "in all")
	// Output:
	// bread -4
	// wages 100
	// 96 in all
}
