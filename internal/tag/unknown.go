package tag

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// This room answers words that no tag knows.

// Unknown answers a word that is not known: with the sign that separates settings where another one stands between words that
// are, with the nearest word, and with all that are known. others are known elsewhere: they may be meant, but are not listed.
func Unknown(word string, known []string, others ...string) string {
	all := slices.Concat(known, others)
	parts := strings.FieldsFunc(word, func(r rune) bool { return strings.ContainsRune(", |", r) })
	unknown := func(part string) bool { return !slices.Contains(all, part) }
	if len(parts) > 1 && !slices.ContainsFunc(parts, unknown) {
		return fmt.Sprintf("%q: settings are separated by \";\", as in %s", word, strings.Join(parts, ";"))
	}
	text := fmt.Sprintf("%q", word)
	best, distance := "", 3
	for _, candidate := range all {
		if d := EditDistance(word, candidate); d < distance && len(candidate) > 1 {
			best, distance = candidate, d
		}
	}
	if best != "" {
		text += fmt.Sprintf(" (did you mean %q?)", best)
	}
	return text + "; known are " + strings.Join(known, ", ")
}

// wordsOf lists the words of a carrier, and those of others.
func wordsOf(on Carrier) (own, others []string) {
	for _, word := range slices.Sorted(maps.Keys(Words)) {
		if slices.Contains(Words[word].Carriers, on) {
			own = append(own, word)
		} else {
			others = append(others, word)
		}
	}
	return own, others
}

// EditDistance counts the insertions, deletions, replacements and swaps of neighbours that turn a into b.
func EditDistance(a, b string) int {
	before, previous := []int(nil), make([]int, len(b)+1)
	for j := range previous {
		previous[j] = j
	}
	for i := 1; i <= len(a); i++ {
		current := make([]int, len(b)+1)
		current[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			current[j] = min(previous[j]+1, current[j-1]+1, previous[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				current[j] = min(current[j], before[j-2]+1)
			}
		}
		before, previous = previous, current
	}
	return previous[len(b)]
}
