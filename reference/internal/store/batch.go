package store

import (
	"fmt"
	"strings"
)

// batchSizes are the numbers of rows in one statement. There are few, because drivers prepare and keep each statement
// text, and they respect the limits for parameters (SQLite 32766, Postgres 65535).
var batchSizes = [...]int{512, 64, 8, 1}

// inBatches calls do with parts of list that have these sizes. It stops at the first error.
func inBatches[T any](list []T, do func([]T) error) error {
	for _, size := range batchSizes {
		for len(list) >= size {
			if err := do(list[:size]); err != nil {
				return err
			}
			list = list[size:]
		}
	}
	return nil
}

// placeholders returns rows of numbered placeholders: ($1, $2), ($3, $4).
func placeholders(first, rows, columns int) string {
	var b strings.Builder
	for r := range rows {
		if r > 0 {
			b.WriteString(", ")
		}
		b.WriteString("(")
		for c := range columns {
			if c > 0 {
				b.WriteString(", ")
			}
			fmt.Fprintf(&b, "$%d", first+r*columns+c)
		}
		b.WriteString(")")
	}
	return b.String()
}

func texts(list []string) []any {
	args := make([]any, len(list))
	for i, s := range list {
		args[i] = s
	}
	return args
}
