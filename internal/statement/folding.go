package statement

import (
	"slices"
	"strings"
	"sync"
	"unicode/utf8"

	"gorm.io/gorm/schema"

	"github.com/gorm-softdelete/softdelete/internal/dialect"
	"github.com/gorm-softdelete/softdelete/internal/rowkey"
)

// This room is for keys that the database takes for the same though their texts differ: by the collation of a column, or by its type.
// Whoever compares keys in Go, or with another table, asks here; no other place says what is the same to a column.

// Folding knows the columns of a database that take texts which differ for the same. What it has found of a table it remembers until a
// migration.
type Folding struct {
	found sync.Map // foldingKey to []dialect.Collation
}

// foldingKey is columns of a table.
type foldingKey struct{ table, columns string }

// Forget makes the next calls look at the tables again.
func (f *Folding) Forget() { f.found.Clear() }

// Folds tells whether columns of a table take texts that differ for the same.
func (f *Folding) Folds(tx Session, table string, fields []*schema.Field) (bool, error) {
	columns, err := f.columns(tx, table, fields)
	return folding(columns), err
}

func folding(columns []dialect.Collation) bool {
	return slices.ContainsFunc(columns, func(c dialect.Collation) bool { return c.Folds })
}

// Collate stands behind a text that is to be compared as one of a column: empty where the column compares it by what it is.
func (f *Folding) Collate(tx Session, table string, field *schema.Field) (string, error) {
	columns, err := f.columns(tx, table, []*schema.Field{field})
	if err != nil || !columns[0].Folds {
		return "", err
	}
	return columns[0].Applied(), nil
}

// columns are the collations of such columns.
func (f *Folding) columns(tx Session, table string, fields []*schema.Field) ([]dialect.Collation, error) {
	var asked []string
	for _, c := range rowkey.Of(tx.Dialect, fields).Columns() {
		switch c.Kind {
		case dialect.KeyText, dialect.KeyPadded, dialect.KeyOther:
			asked = append(asked, c.Name)
		}
	}
	found := make([]dialect.Collation, len(fields))
	if len(asked) == 0 {
		return found, nil
	}
	key := foldingKey{table, strings.Join(DBNames(fields), "\x00")}
	if known, ok := f.found.Load(key); ok {
		return known.([]dialect.Collation), nil
	}
	session, quoted := asking(tx.InWork(tx.Statement.Context)), QuoteName(tx.DB, table)
	collations, err := session.Dialect.Collations(session.DB, dialect.Table{Name: table, Quoted: quoted}, asked)
	if err != nil {
		return nil, failed(session.Dialect, err, quoted)
	}
	for i, field := range fields {
		found[i] = collations[field.DBName]
	}
	if len(collations) == len(asked) { // what is not there yet may come as anything
		f.found.Store(key, found)
	}
	return found, nil
}

// asking is a session, newly made, that asks even where the caller's only rehearses.
func asking(session Session) Session {
	session.Config.DryRun = false
	return session
}

// Texts gives keys as texts, such that two have the same one if and only if the columns take them for the same: the exact text of the
// first of them.
func (f *Folding) Texts(tx Session, table string, fields []*schema.Field, keys [][]any) ([]string, error) {
	exact, texts := rowkey.Of(tx.Dialect, fields), make([]string, len(keys))
	folds, err := f.columns(tx, table, fields)
	if err != nil {
		return nil, err
	}
	same := make([]map[string]string, len(fields))
	for i := range fields {
		if folds[i].Folds {
			if same[i], err = firstOfSame(tx, table, fields[i], keys, i); err != nil {
				return nil, err
			}
		}
	}
	for n, key := range keys {
		first := slices.Clone(key)
		for i := range key {
			if text, ok := rowkey.TextIn(key[i]); ok && same[i] != nil {
				if other, ok := same[i][text]; ok {
					first[i] = other
				}
			}
		}
		texts[n] = exact.Exact(first)
	}
	return texts, nil
}

// Same tells whether the columns take two keys for the same.
func (f *Folding) Same(tx Session, table string, fields []*schema.Field, one, other []any) (bool, error) {
	texts, err := f.Texts(tx, table, fields, [][]any{one, other})
	return err == nil && texts[0] == texts[1], err
}

// saidText is the text that a value is, where a database can be told it: what is no text of UTF-8 is the same as itself alone.
func saidText(value any) (string, bool) {
	text, ok := rowkey.TextIn(value)
	return text, ok && utf8.ValidString(text) && strings.IndexByte(text, 0) < 0
}

// firstOfSame gives, for the texts of a column in some keys, the first that is the same to the column; those apart that have none before them.
func firstOfSame(tx Session, table string, field *schema.Field, keys [][]any, column int) (map[string]string, error) {
	var texts []string
	seen := map[string]bool{}
	for _, key := range keys {
		if text, ok := saidText(key[column]); ok && !seen[text] {
			seen[text] = true
			texts = append(texts, text)
		}
	}
	first := map[string]string{}
	if len(texts) < 2 {
		return first, nil
	}
	q := asking(tx.Silent()).Query()
	list, ok := tx.Dialect.SameTexts(texts, q.typed(table, field))
	if !ok {
		return first, nil
	}
	err := q.list(list).Rows(func(scan func(...any) error) error {
		var later, earlier int
		err := scan(&later, &earlier)
		if err == nil {
			first[texts[later]] = texts[earlier]
		}
		return err
	})
	return first, err
}

// typed is the column of a field in a table, as one that gives values their type.
func (q *Query) typed(table string, field *schema.Field) dialect.ListColumn {
	return dialect.ListColumn{Table: q.Quoted("", table), Name: q.Quoted("", field.DBName)}
}

// Other is a column of another table that has keys as texts.
type Other struct {
	Table, Column string
	// Where writes a condition for its rows.
	Where func(q *Query)
	// Read gives the key that a text says. Coded tells that the text of a key of one column is not the value itself.
	Read  func(text string) ([]any, error)
	Coded bool
}

// Alike is a text of another table, and which of some keys it is the same as.
type Alike struct {
	Text string
	Key  int
}

// Others finds the texts of another table that say, in whatever letters, one of the keys to the columns; none where these take no texts
// that differ for the same. It reads all rows that the condition gives.
func (f *Folding) Others(tx Session, table string, fields []*schema.Field, keys [][]any, other Other) (alike []Alike, err error) {
	folds, err := f.columns(tx, table, fields)
	if err != nil || len(keys) == 0 || !folding(folds) {
		return nil, err
	}
	q := asking(tx.Silent()).Query().Text("SELECT DISTINCT ").Name(other.Column).Text(" FROM ").Name(other.Table).Text(" WHERE ")
	other.Where(q)
	if len(fields) == 1 && !other.Coded {
		texts := make([]string, 0, len(keys))
		for _, key := range keys {
			if text, ok := saidText(key[0]); ok {
				texts = append(texts, text)
			}
		}
		if list, ok := tx.Dialect.AlikeTexts(q.Quoted(other.Table, other.Column), texts, q.typed(table, fields[0]), folds[0]); ok {
			q.Text(" AND ").list(list)
		}
	}
	asIs := func(key []any) string { // by the columns that take nothing else for the same
		known := slices.Clone(key)
		for i := range known {
			if folds[i].Folds {
				known[i] = nil
			}
		}
		return rowkey.Of(tx.Dialect, fields).Exact(known)
	}
	wanted := map[string]bool{}
	for _, key := range keys {
		wanted[asIs(key)] = true
	}
	var found []string
	all := slices.Clone(keys)
	err = q.Rows(func(scan func(...any) error) error {
		var text string
		if err := scan(&text); err != nil {
			return err
		}
		if key, err := other.Read(text); err == nil && wanted[asIs(key)] { // what says no key is that of no row
			found, all = append(found, text), append(all, key)
		}
		return nil
	})
	if err != nil || len(found) == 0 {
		return nil, err
	}
	texts, err := f.Texts(tx, table, fields, all)
	if err != nil {
		return nil, err
	}
	number := map[string]int{}
	for i, text := range texts[:len(keys)] {
		number[text] = i
	}
	for i, text := range texts[len(keys):] {
		if key, ok := number[text]; ok {
			alike = append(alike, Alike{found[i], key})
		}
	}
	return alike, nil
}
