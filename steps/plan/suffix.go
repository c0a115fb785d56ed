package plan

import (
	"fmt"
	"hash/fnv"
	"strings"
)

// Suffix returns seven consonants that make the names of the job's scenario unique in a run with
// the seed. Consonants cannot be confused with the digits at the end of usernames that a server
// generates.
func (j *Job) Suffix(seed int64) string {
	sum := fnv.New64a()
	fmt.Fprintf(sum, "%s %d", j.ID(), seed)
	return Consonants(sum.Sum64())
}

// Consonants encodes a number as seven consonants.
func Consonants(n uint64) string {
	const letters = "bcdfghjklmnpqrstvwxz"
	var b strings.Builder
	for range 7 {
		b.WriteByte(letters[n%uint64(len(letters))])
		n /= uint64(len(letters))
	}
	return b.String()
}
