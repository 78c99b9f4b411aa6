//go:build !unix

package main

func processSeconds() float64 { return 0 }
