package pii

import (
	"fmt"
	"slices"
)

// This room checks a mask against its column: NULL, type, size and every unique index that the column is part of. CHECK
// constraints and foreign keys are in constraint.go.

// mask makes the mask that a tag asks for, or gives the reason why it cannot work.
func (c *columnFacts) mask(given parsedTag) (Mask, string) {
	known, _ := findWord(given.word)
	m := known.mask(given.argument)
	if c.kind == OtherColumn && !knowsNothing(m) {
		return m, fmt.Sprintf("what the column holds is %s, of which only the program knows the form", c.kind)
	}
	m, reason := m.Fits(c)
	if reason == "" {
		reason = c.broken(m)
	}
	return m, reason
}

// knowsNothing tells of a mask that has no form of its own to write: it writes NULL, or what the application gives.
func knowsNothing(m Mask) bool {
	_, null := m.(nullMask)
	return null || m.From() == FromField
}

func (c *columnFacts) checkNull() string {
	switch {
	case c.field.NotNull:
		return "the column is NOT NULL"
	case c.nullOnce:
		return fmt.Sprintf("the unique index %s takes NULL only once", c.index)
	}
	return ""
}

// once gives the reason against a mask that leaves several rows with one value.
func (c *columnFacts) once() string {
	if c.index == "" {
		return ""
	}
	return fmt.Sprintf("the column is part of the unique index %s, so that two erased rows would collide", c.index)
}

// remedy names a mask that would work on the column, by trying.
func (c *columnFacts) remedy() string {
	candidates := []parsedTag{
		{word: "template", argument: "erased-{id}"},
		{word: "fixed", argument: "[erased]"},
		{word: Zero},
		{word: "null"},
		{word: "template", argument: "{random}"},
		{word: "random"},
		{word: "hmac"},
		{word: "truncate", argument: "year"},
	}
	if c.index == "" {
		candidates = slices.Concat(candidates[1:], candidates[:1])
	}
	candidates = append(candidates, c.suggested()...)
	for _, wanted := range []func(Mask) bool{c.surely, func(Mask) bool { return true }} {
		for _, given := range candidates {
			if m, reason := c.mask(given); reason == "" && wanted(m) {
				if given.argument != "" {
					return fmt.Sprintf("pii:\"%s:%s\"", given.word, given.argument)
				}
				return fmt.Sprintf("pii:%q", given.word)
			}
		}
	}
	return "pii:\"func:NAME\" with a masker of your own, or pii:\"delete\" on a field _ struct{},"
}
