package softdelete

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"gorm.io/gorm/schema"
)

// tagKey is the struct tag key that the plugin reads.
const tagKey = "softdelete"

// carrier is what a tag stands on; each carrier knows its own words.
type carrier int

const (
	onModel   carrier = iota // the blank field _ struct{}
	onColumn                 // a column
	onHas                    // has-one, has-many, many2many
	onBelongs                // belongs-to
)

func (c carrier) String() string {
	switch c {
	case onModel:
		return "the blank field _"
	case onColumn:
		return "a column"
	case onHas:
		return "a has-one, has-many or many2many relation"
	default:
		return "a belongs-to relation"
	}
}

// words lists every tag word with the carriers it may stand on. The value of a word that takes none is checked to be empty.
var words = map[string]struct {
	carriers []carrier
	value    bool
}{
	"timestamp": {carriers: []carrier{onColumn}},
	"flag":      {carriers: []carrier{onColumn}},
	"status":    {carriers: []carrier{onColumn}},
	"archive":   {carriers: []carrier{onModel}},
	"hard":      {carriers: []carrier{onModel}},
	"never":     {carriers: []carrier{onModel}},
	"unit":      {carriers: []carrier{onColumn}, value: true},
	"deleted":   {carriers: []carrier{onColumn}, value: true},
	"active":    {carriers: []carrier{onColumn}, value: true},
	"visible":   {carriers: []carrier{onColumn}, value: true},
	"at":        {carriers: []carrier{onColumn}},
	"previous":  {carriers: []carrier{onColumn}},
	"actor":     {carriers: []carrier{onColumn}},
	"reason":    {carriers: []carrier{onColumn}},
	"full":      {carriers: []carrier{onColumn}},
	"live":      {carriers: []carrier{onColumn}},
	"table":     {carriers: []carrier{onModel}, value: true},
	"events":    {carriers: []carrier{onModel, onColumn}},
	"retain":    {carriers: []carrier{onModel, onColumn}, value: true},
	"then":      {carriers: []carrier{onModel, onColumn}, value: true},
	"clock":     {carriers: []carrier{onModel, onColumn}, value: true},
	"tenant":    {carriers: []carrier{onModel, onColumn}, value: true},
	"cascade":   {carriers: []carrier{onHas}},
	"keep":      {carriers: []carrier{onHas}},
	"block":     {carriers: []carrier{onHas}},
	"lazy":      {carriers: []carrier{onBelongs}},
	"guard":     {carriers: []carrier{onBelongs}},
}

// settings are the words of one tag with their values, lower-case words as keys.
type settings map[string]string

func (s settings) has(word string) bool { _, ok := s[word]; return ok }

// list is a word's value as a list, split by commas.
func (s settings) list(word string) []string {
	if !s.has(word) {
		return nil
	}
	values := strings.Split(s[word], ",")
	for i, value := range values {
		values[i] = strings.TrimSpace(value)
	}
	return values
}

// parseTag reads a tag in GORM's own syntax and checks its words against the carrier. All problems are returned, each as a
// sentence without the field's name.
func parseTag(tag string, on carrier) (settings, []string) {
	parsed := settings{}
	var problems []string
	raw, times := schema.ParseTagSetting(tag, ";"), timesSet(tag)
	for _, key := range slices.Sorted(maps.Keys(raw)) {
		word, value := strings.ToLower(key), strings.TrimSpace(raw[key])
		known, ok := words[word]
		switch {
		case !ok:
			problems = append(problems, fmt.Sprintf("unknown setting %q%s", word, suggestion(word, on)))
			continue
		case !slices.Contains(known.carriers, on):
			problems = append(problems, fmt.Sprintf("%q does not belong on %s, but on %s", word, on, known.carriers[0]))
			continue
		case times[key] > 1:
			problems = append(problems, fmt.Sprintf("%q is set twice in one tag; keep one", word))
			continue
		}
		// ParseTagSetting gives a word without ":" its own name as value.
		bare := raw[key] == key && !strings.Contains(strings.ToUpper(tag), key+":")
		if known.value && (bare || value == "") {
			problems = append(problems, fmt.Sprintf("%q needs a value, as in %s:…", word, word))
			continue
		}
		if !known.value && !bare {
			problems = append(problems, fmt.Sprintf("%q takes no value", word))
			continue
		}
		parsed[word] = value
	}
	return parsed, problems
}

// timesSet counts how often each word stands in a tag, by the keys of ParseTagSetting, which keeps the last one only.
func timesSet(tag string) map[string]int {
	times := map[string]int{}
	for _, setting := range splitSettings(tag) {
		word, _, _ := strings.Cut(setting, ":")
		times[strings.ToUpper(strings.TrimSpace(word))]++
	}
	return times
}

// suggestion names the known word that is nearest to a misspelt one, preferring those of the carrier.
func suggestion(word string, on carrier) string {
	best, distance := "", 3
	for _, candidate := range slices.Sorted(maps.Keys(words)) {
		d := editDistance(word, candidate)
		if d < distance || d == distance && best != "" && slices.Contains(words[candidate].carriers, on) &&
			!slices.Contains(words[best].carriers, on) {
			best, distance = candidate, d
		}
	}
	if best == "" {
		return ""
	}
	return fmt.Sprintf(" (did you mean %q?)", best)
}

// editDistance counts the insertions, deletions, replacements and swaps of neighbours that turn a into b.
func editDistance(a, b string) int {
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

// period is a retention period: a duration, or calendar months and years.
type period struct {
	Months   int
	Duration time.Duration
}

// parsePeriod reads 36h, 30d, 6mo or 7y. It returns a sentence for a text that is none.
func parsePeriod(text string) (period, string) {
	digits := len(text) - len(strings.TrimLeft(text, "0123456789"))
	n, err := strconv.Atoi(text[:digits])
	if err != nil {
		return period{}, fmt.Sprintf("%q is no period: write a whole number and a unit, as in 36h, 30d, 6mo or 7y", text)
	}
	const day, longest = 24 * time.Hour, 100_000 // in days; a time.Duration ends after 106,751
	switch unit := strings.ToLower(text[digits:]); {
	case unit == "h" && n <= longest*24:
		return period{Duration: time.Duration(n) * time.Hour}, ""
	case unit == "d" && n <= longest:
		return period{Duration: time.Duration(n) * day}, ""
	case unit == "mo" && n <= 12000:
		return period{Months: n}, ""
	case unit == "y" && n <= 1000:
		return period{Months: 12 * n}, ""
	case unit == "" && n == 0:
		return period{}, ""
	case unit == "h", unit == "d", unit == "mo", unit == "y":
		return period{}, fmt.Sprintf("%q is longer than softdelete reckons with", text)
	default:
		return period{}, fmt.Sprintf("%q has an unknown unit: h, d, mo and y are known", text)
	}
}
