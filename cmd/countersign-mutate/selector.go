package main

// The instrumented server imports a package that is not in the checkout. The package
// selects the active change and records which places are executed.
const (
	selectorImport = "countersign/reference/internal/mutant"
	selectorFile   = "reference/internal/mutant/mutant.go"
	selectorName   = "mutant__" // the name of the package in instrumented files
)

// Environment variables of the instrumented server.
const (
	activeVariable = "COUNTERSIGN_MUTANT"     // number of the active change; unset means none
	traceVariable  = "COUNTERSIGN_MUTANT_LOG" // folder for the trace of executed places; unset means no trace
)

// traceRecord is the size of a record of the trace in bytes: the number of the
// place as uint32 and the time in microseconds since 1970 as int64, both
// little-endian.
const traceRecord = 12

// selectorSource is the source of the package. It records a place at most once in a
// millisecond.
const selectorSource = `// Package mutant selects the active change of an instrumented server.
package mutant

import (
	"cmp"
	"encoding/binary"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"
)

var (
	active int
	trace  *os.File
	last   sync.Map // place -> *atomic.Int64, the millisecond of the last record
)

func init() {
	active, _ = strconv.Atoi(os.Getenv("` + activeVariable + `"))
	if dir := os.Getenv("` + traceVariable + `"); dir != "" {
		trace, _ = os.CreateTemp(dir, "*.trace")
	}
}

// On reports whether the change with the given number is active.
func On(n int) bool {
	if trace != nil {
		record(n)
	}
	return n == active
}

func record(n int) {
	now := time.Now().UnixMicro()
	value, _ := last.LoadOrStore(n, new(atomic.Int64))
	if value.(*atomic.Int64).Swap(now/1000) == now/1000 {
		return
	}
	var b [12]byte
	binary.LittleEndian.PutUint32(b[:], uint32(n))
	binary.LittleEndian.PutUint64(b[4:], uint64(now))
	_, _ = trace.Write(b[:])
}

// And returns a && b, or a || b if n is active.
func And(n int, a bool, b func() bool) bool {
	if On(n) {
		return a || b()
	}
	return a && b()
}

// Or returns a || b, or a && b if n is active.
func Or(n int, a bool, b func() bool) bool {
	if On(n) {
		return a && b()
	}
	return a || b()
}

// Less returns a < b, or a <= b if n is active.
func Less[T cmp.Ordered](n int, a, b T) bool { on := On(n); return a < b || on && a == b }

// LessEqual returns a <= b, or a < b if n is active.
func LessEqual[T cmp.Ordered](n int, a, b T) bool { on := On(n); return a < b || !on && a == b }

// Greater returns a > b, or a >= b if n is active.
func Greater[T cmp.Ordered](n int, a, b T) bool { on := On(n); return a > b || on && a == b }

// GreaterEqual returns a >= b, or a > b if n is active.
func GreaterEqual[T cmp.Ordered](n int, a, b T) bool { on := On(n); return a > b || !on && a == b }

type number interface {
	~int | ~int8 | ~int16 | ~int32 | ~int64 | ~uint | ~uint8 | ~uint16 | ~uint32 | ~uint64 | ~float32 | ~float64
}

// Add returns a + b, or a - b if n is active.
func Add[T number](n int, a, b T) T {
	if On(n) {
		return a - b
	}
	return a + b
}

// Subtract returns a - b, or a + b if n is active.
func Subtract[T number](n int, a, b T) T {
	if On(n) {
		return a + b
	}
	return a - b
}
`
