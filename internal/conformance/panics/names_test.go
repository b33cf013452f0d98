package panics_test

import (
	"fmt"
	"slices"
	"strings"
)

func sprint(row map[string]any) string { return fmt.Sprint(row) }

func contains(list []string, place string) bool { return slices.Contains(list, place) }

// name is that of a case.
func name(call, place string, skipDefault, outer, exits bool) string {
	parts := []string{call, place}
	for word, is := range map[string]bool{"SkipDefaultTransaction": skipDefault, "in a transaction": outer, "Goexit": exits} {
		if is {
			parts = append(parts, word)
		}
	}
	slices.Sort(parts[2:])
	return strings.Join(parts, ", ")
}
