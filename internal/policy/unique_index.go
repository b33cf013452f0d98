package policy

import (
	"slices"
	"strings"

	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// UniqueIndex is a unique index of a model that holds among its live rows only. Restore looks for conflicts with it.
type UniqueIndex struct {
	Name   string
	Fields []*schema.Field
	Where  string // its own condition, as written in the tag
	// Parts is what it is on, as SQL, where expressions are among that: Fields are then those that an upsert's row gives them from.
	Parts []string
}

// Meets are the unique indexes by which a row that is created may meet another.
func (p *Policy) Meets() []*UniqueIndex { return slices.Concat(p.Whole, p.Unique, p.Computed) }

// ComputedOn is a unique index on parts of which some are expressions: its fields are those that they name.
func (p *Policy) ComputedOn(name string, parts []string) *UniqueIndex {
	index := &UniqueIndex{Name: name, Parts: parts}
	for _, field := range p.Schema.Fields {
		if field.DBName != "" && slices.ContainsFunc(parts, func(part string) bool { return names(part, field.DBName) }) {
			index.Fields = append(index.Fields, field)
		}
	}
	return index
}

// names tells whether a column's name stands in SQL as a word.
func names(sql, column string) bool {
	sql, column = strings.ToLower(sql), strings.ToLower(column)
	for from := 0; ; {
		i := strings.Index(sql[from:], column)
		if i < 0 {
			return false
		}
		start, end := from+i, from+i+len(column)
		if (start == 0 || !statement.IsWord(sql[start-1])) && (end == len(sql) || !statement.IsWord(sql[end])) {
			return true
		}
		from = end
	}
}

// Target is one part of what an index or a conflict clause is on, a column or an expression, as far as these are written alike.
func Target(part string) string {
	part = strings.ToLower(strings.Join(strings.Fields(part), ""))
	for strings.HasPrefix(part, "(") && closesAt(part) == len(part)-1 {
		part = part[1 : len(part)-1]
	}
	return part
}

// closesAt is where the parenthesis closes that a text begins with.
func closesAt(text string) int {
	depth := 0
	for i, c := range text {
		switch c {
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				return i
			}
		}
	}
	return -1
}

// PrimaryKey is the name of that of a primary key.
const PrimaryKey = "PRIMARY KEY"

func (i *UniqueIndex) Columns() []string {
	columns := make([]string, len(i.Fields))
	for n, field := range i.Fields {
		columns[n] = field.DBName
	}
	return columns
}

// NoteLeads notes which columns an index of the model's tags begins with, of those that find a row by its value among all rows or all
// live ones, once these tags are as AutoMigrate reads them. It runs before the schema is published: ParseIndexes writes to the fields
// (schema/index.go:74, GORM 1.31).
func (p *Policy) NoteLeads() {
	p.leads = map[*schema.Field]bool{}
	for _, field := range p.Schema.Fields {
		if field.Unique {
			p.leads[field] = true
		}
	}
	live := p.Predicates.Live.Of("")
	for _, index := range p.Schema.ParseIndexes() {
		finds := slices.Contains([]string{"", "btree", "hash"}, strings.ToLower(index.Type)) && (index.Class == "" || index.Class == "UNIQUE")
		if first := index.Fields[0]; finds && first.Expression == "" && (index.Where == "" || index.Where == live) {
			p.leads[first.Field] = p.leads[first.Field] || index.Where == ""
		}
	}
}

// KeptName is the name of an index as the database keeps it.
func (p *Policy) KeptName(name string) string { return p.dialect.Kept(name) }

// Concerns tells whether the index's own condition asks for the deletion column. A deleted row then does not fulfil it, but
// will once it is restored.
func (i *UniqueIndex) Concerns(p *Policy) bool {
	column := p.Column()
	return column != nil && strings.Contains(strings.ToLower(i.Where), strings.ToLower(column.DBName))
}
