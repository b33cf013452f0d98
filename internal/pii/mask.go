package pii

import (
	"context"
	"database/sql"
	"reflect"
	"slices"

	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room says what a mask is, and which there are. A new one is a file mask_….go and a line of the table of words.

// Mask is one way to erase a column. Fits gives it as it is for a column; only that one is asked for the rest.
type Mask interface {
	// Fits bounds the mask by the column's type, size and indexes, or gives the reason why it cannot work there.
	Fits(c *columnFacts) (Mask, string)
	// Written is what is known of the new value before there is a row, for CHECK constraints.
	Written() writtenValue

	// Strategy names the mask in certificates and data maps: its word, and an argument that is never a text.
	Strategy() string
	// From tells what the new value is made from.
	From() Source
	// SQL writes the new value as an expression, for a mask that is FromNothing.
	SQL(q *statement.Query)
	// Examples are values as it writes them, at least one of each type and form, for a mask that is FromText.
	Examples() []any
	// Of is the new value of a row that is masked in the program. Its errors do not tell the old one.
	Of(ctx context.Context, row Row) (any, error)

	// Foretells tells whether SQL gives, before the write, exactly what the row will have.
	Foretells() bool
	// Takes calls each for the texts of an old value that must be left nowhere: none, where it is what the mask writes in every
	// row. Where the mask foretells what it writes, a value that is the same in its row is not asked about.
	Takes(old string, each func(string))
	// Left tells whether a column that was masked still has what it had. has tells whether a text has any value that was to
	// be erased. Where the mask foretells what it writes, that is compared besides.
	Left(old, now sql.NullString, has func(text string) bool) bool
}

// Source is what the new value of a column is made from.
type Source int

const (
	FromNothing Source = iota // SQL writes it, by one statement for many rows
	FromText                  // from the old value's text, row by row
	FromField                 // from the old value as the model's field has it, by a function of the application's
)

// Row is a row that is masked in the program.
type Row struct {
	Columns map[string]any // as database/sql gives them
	Model   reflect.Value  // as GORM reads the row; only its columns are known where this is the zero Value
	Secret  []byte         // the key of the codes, of one erasure alone and never stored
}

// word is a word of the tag.
type word struct {
	name   string
	valued bool                       // a value belongs after ":"
	mask   func(argument string) Mask // nil for a word that is no mask
}

// words are all of them. The masks' are the strategies that certificates and data maps name.
var words = []word{
	{name: "null", mask: newNull},
	{name: Zero, mask: newZero},
	{name: "fixed", valued: true, mask: newFixed},
	{name: "template", valued: true, mask: newTemplate},
	{name: "random", mask: newRandom},
	{name: "hmac", mask: newHMAC},
	{name: "truncate", valued: true, mask: newTruncate},
	{name: "json", valued: true, mask: newJSON},
	{name: "func", valued: true, mask: newFunc},
	{name: Keep},
	{name: basis, valued: true},
	{name: None},
	{name: Delete},
	{name: Subject, valued: true},
}

// The words that are no masks, and that of the mask which actor and reason get.
const (
	Zero    = "zero"
	Keep    = "keep"
	None    = "-"
	Delete  = "delete"
	Subject = "subject"
	basis   = "basis"
)

func findWord(name string) (word, bool) {
	if i := slices.IndexFunc(words, func(w word) bool { return w.name == name }); i >= 0 {
		return words[i], true
	}
	return word{}, false
}

// MaskedColumn is a column with its mask.
type MaskedColumn struct {
	Field *schema.Field
	Mask  Mask

	facts *columnFacts
}

// Same tells whether the mask writes one value to all rows.
func (c *MaskedColumn) Same() bool {
	switch c.Mask.(type) {
	case nullMask, zeroMask, fixedMask:
		return true
	}
	return false
}

// TooLong tells whether the shortest text that the mask writes is longer than a column of a type.
func (c *MaskedColumn) TooLong(typeName string) bool {
	facts := *c.facts
	facts.setType(typeName)
	w := c.Mask.Written()
	return facts.kind == TextColumn && facts.size > 0 && w.isText && w.shortest > facts.size
}

// WouldWork names a mask that would work if the field's column were said to be of a type.
func (c *MaskedColumn) WouldWork(typeName string) string {
	facts := *c.facts
	facts.setType(typeName)
	return facts.remedy()
}

// DrawsInSQL tells whether the database draws random values for the mask.
func (c *MaskedColumn) DrawsInSQL() bool {
	switch m := c.Mask.(type) {
	case randomMask:
		return true
	case templateMask:
		return !m.Foretells()
	}
	return false
}

// AsksDatabase tells whether only the database can tell a value that is left from a masked one: the text of a time depends on
// the session.
func (c *MaskedColumn) AsksDatabase() bool {
	return KindOf(c.Field) == TimeColumn && c.Mask.From() == FromNothing && !c.Mask.Written().null
}

// inSQL is a mask that one statement writes to many rows.
type inSQL struct{}

func (inSQL) From() Source { return FromNothing }

func (inSQL) Foretells() bool { return false }

func (inSQL) Examples() []any { return nil }

// inProgram is a mask whose value SQL cannot reckon.
type inProgram struct{}

func (inProgram) From() Source         { return FromText }
func (inProgram) SQL(*statement.Query) {}
func (inProgram) Foretells() bool      { return false }

// whole is a mask that takes the whole value away, and never gives it back.
type whole struct{}

func (whole) Takes(old string, each func(string)) { each(old) }

func (whole) Left(old, now sql.NullString, _ func(string) bool) bool { return same(old, now) }

// same tells whether a column has the value that it had.
func same(old, now sql.NullString) bool { return old.Valid && old == now }
