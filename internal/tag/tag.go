// Package tag reads the struct tags: words with their values, periods, and what was probably meant by a word that is unknown.
package tag

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/fault"
)

// TagKey is the struct tag key that the plugin reads.
const TagKey = "softdelete"

// Carrier is what a tag stands on; each carrier knows its own words.
type Carrier int

const (
	OnModel   Carrier = iota // the blank field _ struct{}
	OnColumn                 // a column
	OnHas                    // has-one, has-many, many2many
	OnBelongs                // belongs-to
)

func (c Carrier) String() string {
	switch c {
	case OnModel:
		return "the blank field _"
	case OnColumn:
		return "a column"
	case OnHas:
		return "a has-one, has-many or many2many relation"
	default:
		return "a belongs-to relation"
	}
}

// wordUse is what a word may stand on, and whether it has a value.
type wordUse struct {
	Carriers []Carrier
	value    bool
}

// Words lists every tag word with the carriers it may stand on. The value of a word that takes none is checked to be empty.
var Words = map[string]wordUse{
	"timestamp": {Carriers: []Carrier{OnColumn}},
	"flag":      {Carriers: []Carrier{OnColumn}},
	"status":    {Carriers: []Carrier{OnColumn}},
	"archive":   {Carriers: []Carrier{OnModel}},
	"hard":      {Carriers: []Carrier{OnModel}},
	"never":     {Carriers: []Carrier{OnModel}},
	"unit":      {Carriers: []Carrier{OnColumn}, value: true},
	"deleted":   {Carriers: []Carrier{OnColumn}, value: true},
	"active":    {Carriers: []Carrier{OnColumn}, value: true},
	"visible":   {Carriers: []Carrier{OnColumn}, value: true},
	"at":        {Carriers: []Carrier{OnColumn}},
	"previous":  {Carriers: []Carrier{OnColumn}},
	"actor":     {Carriers: []Carrier{OnColumn}},
	"reason":    {Carriers: []Carrier{OnColumn}},
	"full":      {Carriers: []Carrier{OnColumn}},
	"live":      {Carriers: []Carrier{OnColumn}},
	"table":     {Carriers: []Carrier{OnModel}, value: true},
	"events":    {Carriers: []Carrier{OnModel, OnColumn}},
	"retain":    {Carriers: []Carrier{OnModel, OnColumn}, value: true},
	"then":      {Carriers: []Carrier{OnModel, OnColumn}, value: true},
	"clock":     {Carriers: []Carrier{OnModel, OnColumn}, value: true},
	"tenant":    {Carriers: []Carrier{OnModel, OnColumn}, value: true},
	"cascade":   {Carriers: []Carrier{OnHas}},
	"keep":      {Carriers: []Carrier{OnHas}},
	"block":     {Carriers: []Carrier{OnHas}},
	"lazy":      {Carriers: []Carrier{OnBelongs}},
	"guard":     {Carriers: []Carrier{OnBelongs}},
}

// Settings are the words of one tag with their values, lower-case words as keys.
type Settings map[string]string

func (s Settings) Has(word string) bool { _, ok := s[word]; return ok }

// List is a word's value as a list, split by commas.
func (s Settings) List(word string) []string {
	if !s.Has(word) {
		return nil
	}
	values := strings.Split(s[word], ",")
	for i, value := range values {
		values[i] = strings.TrimSpace(value)
	}
	return values
}

// ParseTag reads a tag in GORM's own syntax and checks its words against the carrier. All problems are returned, each as a
// sentence without the field's name.
func ParseTag(text string, on Carrier) (Settings, []string) {
	parsed := Settings{}
	var problems []string
	raw, times := schema.ParseTagSetting(text, ";"), timesSet(text)
	for _, key := range slices.Sorted(maps.Keys(raw)) {
		word, value := strings.ToLower(key), strings.TrimSpace(raw[key])
		known, ok := Words[word]
		switch {
		case !ok:
			own, others := wordsOf(on)
			problems = append(problems, "unknown setting "+Unknown(word, own, others...))
			continue
		case !slices.Contains(known.Carriers, on):
			problems = append(problems, fmt.Sprintf("%q does not belong on %s, but on %s", word, on, known.Carriers[0]))
			continue
		case times[key] > 1:
			problems = append(problems, fmt.Sprintf("%q is set twice in one tag; keep one", word))
			continue
		}
		// ParseTagSetting gives a word without ":" its own name as value.
		bare := raw[key] == key && !strings.Contains(strings.ToUpper(text), key+":")
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
func timesSet(text string) map[string]int {
	times := map[string]int{}
	for _, setting := range SplitSettings(text) {
		word, _, _ := strings.Cut(setting, ":")
		times[strings.ToUpper(strings.TrimSpace(word))]++
	}
	return times
}

// Period is a retention period: a duration, or calendar months and years.
type Period struct {
	Months   int
	Duration time.Duration
}

// ParsePeriod reads 36h, 30d, 6mo or 7y. It returns a sentence for a text that is none.
func ParsePeriod(text string) (Period, string) {
	digits := len(text) - len(strings.TrimLeft(text, "0123456789"))
	n, err := strconv.Atoi(text[:digits])
	if err != nil {
		return Period{}, fmt.Sprintf("%q is no period: write a whole number and a unit, as in 36h, 30d, 6mo or 7y", text)
	}
	const day, longest = 24 * time.Hour, 100_000 // in days; a time.Duration ends after 106,751
	switch unit := strings.ToLower(text[digits:]); {
	case unit == "h" && n <= longest*24:
		return Period{Duration: time.Duration(n) * time.Hour}, ""
	case unit == "d" && n <= longest:
		return Period{Duration: time.Duration(n) * day}, ""
	case unit == "mo" && n <= 12000:
		return Period{Months: n}, ""
	case unit == "y" && n <= 1000:
		return Period{Months: 12 * n}, ""
	case unit == "" && n == 0:
		return Period{}, ""
	case unit == "h", unit == "d", unit == "mo", unit == "y":
		return Period{}, fmt.Sprintf("%q is longer than softdelete reckons with", text)
	default:
		return Period{}, fmt.Sprintf("%q has an unknown unit: h, d, mo and y are known", text)
	}
}

// Problem is a tag that cannot work. Its text names the model and the field.
func Problem(s *schema.Schema, field, format string, args ...any) error {
	return fmt.Errorf("%w: %s.%s: %s", fault.ErrPolicy, s.Name, field, fmt.Sprintf(format, args...))
}

func StructFields(t reflect.Type) func(func(reflect.StructField) bool) {
	return func(yield func(reflect.StructField) bool) {
		for i := range t.NumField() {
			if !yield(t.Field(i)) {
				return
			}
		}
	}
}

// SplitSettings splits at ";" and takes "\;" for a ";".
func SplitSettings(text string) []string {
	const escaped = "\x00"
	parts := strings.Split(strings.ReplaceAll(text, `\;`, escaped), ";")
	for i, part := range parts {
		parts[i] = strings.ReplaceAll(part, escaped, ";")
	}
	return parts
}
