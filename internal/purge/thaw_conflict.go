package purge

import (
	"context"
	"errors"
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/fault"
	"github.com/gorm-softdelete/softdelete/internal/policy"
	"github.com/gorm-softdelete/softdelete/internal/rowkey"
	"github.com/gorm-softdelete/softdelete/internal/statement"
)

// This room finds the rows that are in the way of a thaw, before anything is written, and tells of a database's refusal without
// the values that it quotes.

// refuseTaken gives a Conflict for the primary key and for each unique index by which rows that are there have what thawed ones bring.
func refuseTaken(tx statement.Session, p *policy.Policy, rows []map[string]any) error {
	indexes := []*policy.UniqueIndex{{Name: policy.PrimaryKey, Fields: p.Schema.PrimaryFields}}
	for _, index := range p.Whole {
		if index.Name != policy.PrimaryKey {
			indexes = append(indexes, index)
		}
	}
	var errs []error
	for i, index := range append(indexes, p.Unique...) {
		live := p.Predicates.Live
		if i < len(indexes) {
			live = nil
		}
		keys, err := takenBy(tx, p, index, live, rows)
		if err != nil {
			return err
		}
		if len(keys) > 0 {
			errs = append(errs, &fault.Conflict{Index: index.Name, Columns: index.Columns(), LiveKeys: keys})
		}
	}
	if len(errs) == 1 {
		return errs[0]
	}
	return errors.Join(errs...)
}

// takenBy gives the keys of some rows that have what thawed ones bring to an index.
func takenBy(tx statement.Session, p *policy.Policy, index *policy.UniqueIndex, live statement.Predicate, rows []map[string]any) (keys []string, err error) {
	var values [][]any
	for _, row := range rows {
		value := valuesOf(row, index.Fields)
		if !slices.Contains(value, nil) {
			values = append(values, value)
		}
	}
	for part := range slices.Chunk(values, keysAtOnce) {
		q := tx.Query().Text("SELECT ").Columns("t", p.Schema.PrimaryFields).Text(" FROM ")
		if index.Where == "" || index.Concerns(p) {
			q.Name(p.Table)
		} else {
			q.Text("(SELECT * FROM ").Name(p.Table).Text(" WHERE ", index.Where, ")")
		}
		q.Text(" AS t WHERE ").KeyAmong(statement.Table{Name: p.Table, Alias: "t"}, index.Fields, part)
		statement.WriteAnd(q, live, "t")
		found, err := q.Text(" ORDER BY ").Columns("t", p.Schema.PrimaryFields).Text(" LIMIT 10").KeyTexts(p.Schema.PrimaryFields)
		if err != nil {
			return nil, err
		}
		keys = append(keys, found...)
	}
	return keys[:min(len(keys), statement.MostKeys)], nil
}

// valuesOf are the columns of a cold row.
func valuesOf(row map[string]any, fields []*schema.Field) []any {
	values := make([]any, len(fields))
	for i, field := range fields {
		values[i] = row[field.DBName]
		if plain, ok := rowkey.PlainValue(values[i]); ok {
			values[i] = plain
		}
	}
	return values
}

// thawError tells what the database has refused: a conflict by what only it knows, of which these are the rules, or a value that a column
// does not take any more.
func thawError(tx statement.Session, p *policy.Policy, rules []dialect.Exclusive, err error) error {
	if err == nil || errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	translated := err
	if translator, ok := tx.Dialector.(gorm.ErrorTranslator); ok {
		translated = translator.Translate(err)
	}
	v := tx.Dialect.Violation(err)
	code, bare := tx.Dialect.WithoutRows(err)
	if duplicate := errors.Is(translated, gorm.ErrDuplicatedKey); duplicate || v.Kind == dialect.Exclusion {
		conflict := &fault.Conflict{Index: v.Name, Cause: bare}
		if duplicate {
			conflict.Cause = errors.Join(gorm.ErrDuplicatedKey, bare)
		}
		if v.Column != "" {
			conflict.Columns = []string{v.Column}
		}
		if i := slices.IndexFunc(rules, func(rule dialect.Exclusive) bool { return rule.Name == v.Name }); i >= 0 {
			conflict.Columns = rules[i].Columns()
		}
		return conflict
	}
	if code == "" { // ours, or the words of a database that quotes no values
		return err
	}
	text := "the table " + p.Table + " does not take a row of the batch, " + code
	if v.Name != "" {
		text += ", constraint " + v.Name
	}
	if v.Column != "" {
		text += ", column " + v.Column
	}
	if tx.Dialect.Outdated(err) {
		text += "; the connection may have prepared the statement before the types changed, thaw again, or"
	} else {
		text += ";"
	}
	return &fault.QuietError{Text: text + " bring the columns' former types and constraints back, thaw, and change them again", Cause: bare}
}
