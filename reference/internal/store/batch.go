package store

import (
	"fmt"
	"strings"
)

// batchSizes are the numbers of rows that one statement takes. They are few because each is a text of its own, which
// drivers prepare and keep; and within what databases take of parameters (SQLite 32766, Postgres 65535).
var batchSizes = [...]int{512, 64, 8, 1}

// inBatches calls do with parts of list, of these sizes, until an error.
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

// placeholders are rows of columns placeholders, numbered from first: ($1, $2), ($3, $4).
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
