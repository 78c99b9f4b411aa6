// Genloops stamps out the measured loops, one copy for each peer, from loops.tmpl.
//
// A loop that called its peer through an interface or through a type parameter (whose methods go
// through a dictionary) would add 1 to 3 ns to each call of every peer alike, and so flatten the ratios
// between them. In a stamped loop each call is direct, and inlined where the compiler can.
//
// It writes loops_generated.go and, for a peer that counts its calls, loops_generated_test.go into the
// current directory.
package main
