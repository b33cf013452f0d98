package pii

import (
	"fmt"
	"maps"
	"math/big"
	"slices"
	"strings"
	"unicode/utf8"

	"gorm.io/gorm/schema"
)

// This room checks a mask against the CHECK constraints and the foreign keys of the schema. It refuses a mask only where it
// is certain that the database would; for all else the database is asked when a row is erased.

// columnCheck is a CHECK constraint that speaks of the column.
type columnCheck struct {
	name, text string
	condition  condition // nil where the expression is not understood
	others     bool      // other columns have a say
	literals   []literal
}

// columnReference is a foreign key that the column is part of.
type columnReference struct{ Name, table string }

func (c *columnFacts) readConstraints(p SubjectModel) {
	checks := p.Schema.ParseCheckConstraints()
	for _, name := range slices.Sorted(maps.Keys(checks)) {
		text := checks[name].Constraint
		if !strings.Contains(strings.ToLower(text), strings.ToLower(c.field.DBName)) {
			continue
		}
		check := columnCheck{name: name, text: text}
		if read, r, ok := readCheck(text, c.field.DBName, c.loose); ok {
			check.condition, check.others, check.literals = read, r.others, r.literals
		}
		c.checks = append(c.checks, check)
	}
	c.reference = ReferenceOf(p.Schema, c.field)
}

// ReferenceOf is the foreign key that a field is part of; nil for none.
func ReferenceOf(s *schema.Schema, field *schema.Field) *columnReference {
	s.Relationships.Mux.RLock()
	relations := maps.Clone(s.Relationships.Relations)
	s.Relationships.Mux.RUnlock()
	for _, name := range slices.Sorted(maps.Keys(relations)) {
		relation := relations[name]
		if relation.Field.IgnoreMigration {
			continue
		}
		constraint := constraintOf(relation)
		if constraint != nil && constraint.Schema == s && slices.Contains(constraint.ForeignKeys, field) {
			return &columnReference{Name: constraint.Name, table: constraint.ReferenceSchema.Table}
		}
	}
	return nil
}

// constraintOf reads a relation's foreign key. GORM looks through the relations of the other side, to which a schema that is
// being parsed may add its own (schema/relationship.go:103 and :668, GORM 1.31).
func constraintOf(relation *schema.Relationship) *schema.Constraint {
	others := &relation.FieldSchema.Relationships
	others.Mux.RLock()
	defer others.Mux.RUnlock()
	return relation.ParseConstraint()
}

// broken gives a sentence for a mask whose value a constraint would refuse for certain.
func (c *columnFacts) broken(m Mask) string {
	if c.reference != nil && !knowsNothing(m) {
		return fmt.Sprintf("the column refers to the table %s by the foreign key %s, and what the mask writes would point nowhere",
			c.reference.table, c.reference.Name)
	}
	for _, check := range c.checks {
		if check.condition != nil && check.condition(c.written(m)) == breaks {
			return fmt.Sprintf("the CHECK constraint %s refuses what the mask writes: %s", check.name, check.text)
		}
	}
	return ""
}

// surely tells whether every CHECK constraint is certain to take what the mask writes.
func (c *columnFacts) surely(m Mask) bool {
	return !slices.ContainsFunc(c.checks, func(check columnCheck) bool {
		if check.condition == nil {
			return true
		}
		w := c.written(m)
		if w.null && !check.others {
			return check.condition(w) == breaks // what is NULL is let through
		}
		return check.condition(w) != holds
	})
}

// suggested are masks that CHECK constraints make likely: with their own literals, and around them.
func (c *columnFacts) suggested() (tags []parsedTag) {
	fixed := func(text string) { tags = append(tags, parsedTag{word: "fixed", argument: text}) }
	if c.kind == TextColumn && len(c.checks) > 0 {
		tags = append(tags, parsedTag{word: "template", argument: "erased-{id}@example.invalid"})
		fixed("erased@example.invalid")
	}
	for _, check := range c.checks {
		for _, value := range check.literals {
			switch {
			case value.number == nil:
				if value.text != "" && !strings.ContainsAny(value.text, "\"`;\\%_\n") && utf8.ValidString(value.text) {
					fixed(value.text)
				}
			case c.kind == TextColumn && value.number.IsInt() && value.number.Cmp(big.NewRat(100, 1)) < 0 && value.number.Sign() >= 0:
				n := int(value.number.Num().Int64())
				fixed(strings.Repeat("x", n+1))
				fixed(strings.Repeat("x", max(n, 1)))
				fixed(strings.Repeat("x", max(n-1, 1)))
			case value.number.IsInt() && value.number.Num().IsInt64():
				n := value.number.Num()
				for _, step := range []int64{0, 1, -1} {
					fixed(new(big.Int).Add(n, big.NewInt(step)).String())
				}
			}
		}
	}
	return tags
}
