package pii

import (
	"fmt"
	"strings"

	"github.com/gorm-softdelete/softdelete/internal/tag"
)

// This room takes a pii tag apart.

// parsedTag is a tag taken apart.
type parsedTag struct{ word, argument, basis string }

// parsePII reads a tag: a word, a value after the first ":", and after keep the basis, separated by ";". A text may hold a
// ";" written as "\;". Each problem is a sentence without the field's name.
func parsePII(text string) (given parsedTag, problems []string) {
	refuse := func(format string, args ...any) { problems = append(problems, fmt.Sprintf(format, args...)) }
	seen := map[string]bool{}
	for _, setting := range tag.SplitSettings(text) {
		word, value, valued := strings.Cut(setting, ":")
		word = strings.ToLower(strings.TrimSpace(word))
		known, ok := findWord(word)
		switch {
		case word == "" && !valued:
			continue // an empty tag, or a ";" at the end
		case !ok:
			refuse("unknown pii setting %s", tag.Unknown(word, names()))
		case known.valued && strings.TrimSpace(value) == "":
			refuse("pii %q needs a value, as in %s:…", word, word)
		case !known.valued && valued:
			refuse("pii %q takes no value", word)
		case seen[word]:
			refuse("pii %q is set twice in one tag; keep one", word)
		case word == basis:
			given.basis = strings.TrimSpace(value)
		case given.word != "":
			refuse("two pii strategies on one field, %s and %s; keep one", given.word, word)
		default:
			given.word, given.argument = word, value
		}
		seen[word] = true
	}
	based := given.basis != ""
	switch {
	case len(problems) > 0:
	case given.word == "":
		refuse("the pii tag names no strategy; write %s", strategies())
	case given.word == Keep && !based:
		refuse("pii \"keep\" needs the legal basis that the value is kept on, as in keep;basis:…")
	case given.word != Keep && based:
		refuse("pii \"basis\" belongs to keep, not to %s", given.word)
	}
	return given, problems
}

// names lists the words.
func names() []string {
	list := make([]string, len(words))
	for i, w := range words {
		list[i] = w.name
	}
	return list
}

// strategies lists what a column's tag may be, as one writes it.
func strategies() string {
	var list []string
	for _, w := range words {
		switch {
		case w.mask != nil && w.valued:
			list = append(list, w.name+":…")
		case w.mask != nil:
			list = append(list, w.name)
		}
	}
	return strings.Join(list, ", ") + ", keep;basis:… or -"
}
