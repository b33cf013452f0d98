package statement

import (
	"slices"
	"strconv"

	"github.com/gorm-softdelete/softdelete/internal/fault"
)

// Chunks calls each for the rows, few enough at a time for one statement.
func Chunks[T any](rows []T, each func([]T) error) error {
	for chunk := range slices.Chunk(rows, ChunkSize) {
		if err := each(chunk); err != nil {
			return err
		}
	}
	return nil
}

// CountText is a count for people.
func CountText(n int64, noun string) string {
	return strconv.FormatInt(n, 10) + " " + fault.Plural(n, noun)
}

// This room finds the rows of a person. Their keys come into the program, in chunks; their values do not.

// ChunkSize is how many rows one statement names by their keys.
const ChunkSize = 500
