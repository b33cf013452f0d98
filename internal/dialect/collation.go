package dialect

import (
	"slices"
	"strings"

	"gorm.io/gorm"
)

// This room is for texts that differ and that a column takes for the same: by its collation, or by its type. The database alone knows
// which: it is asked, with the values as the column's own.

// Collation is that of a column.
type Collation struct {
	// Name stands behind COLLATE; empty for the collation that a column of the type has by itself.
	Name string
	// Folds tells that texts which differ may be the same to the column.
	Folds bool
	// as is the type that makes it do so, if it is that.
	as string
}

// collations is how a database tells of them.
type collations struct {
	// of gives those of some columns of a table, bare; the zero Collation for what compares texts as they do by themselves, and none for
	// a column that is not there.
	of func(db *gorm.DB, table Table, columns []string) (map[string]Collation, error)
	// texts writes SELECT of a column's values and of their numbers, from 0, where the texts are values of the column.
	texts func(w *listWriter, texts []any, column ListColumn) bool
	// compared is a text of another table as it is compared with values of a column; nil where the column's collation wins by itself.
	compared func(text string, c Collation) string
}

// Collations gives the collations of columns of a table: the zero one where texts are compared as they are by themselves, and none for a
// column that is not there.
func (d *Dialect) Collations(db *gorm.DB, table Table, columns []string) (map[string]Collation, error) {
	return d.collations.of(db, table, columns)
}

// Collated is a type with a column's collation in place of its own.
func (c Collation) Collated(kind string) string {
	if kind = withoutCollation(kind); c.Name != "" {
		kind += " COLLATE " + c.Name
	}
	return kind
}

// Applied stands behind a text that is to be compared as one of the column.
func (c Collation) Applied() string {
	if c.as != "" {
		return "::" + c.as
	}
	return c.Collated("")
}

// SameTexts is a SELECT of the numbers, from 0, of those texts that a column takes for the same as an earlier one, and the number of
// the first such. ok is false where the texts cannot be said exactly.
func (d *Dialect) SameTexts(texts []string, column ListColumn) (l List, ok bool) {
	list := make([]any, len(texts))
	for i, text := range texts {
		list[i] = text
	}
	var w listWriter
	w.text("WITH softdelete_texts (content, number) AS (SELECT ", column.Name, ", 0 FROM ", column.Table, " WHERE 1 = 0 UNION ALL ")
	ok = d.collations.texts(&w, list, column)
	w.text(") SELECT later.number, min(first.number) FROM softdelete_texts AS later JOIN softdelete_texts AS first ON later.content = first.content ",
		"GROUP BY later.number HAVING min(first.number) < later.number")
	return w.done(), ok
}

// AlikeTexts is the condition that what a text says, as a value of a column of a collation, is the same to it as one of the texts.
func (d *Dialect) AlikeTexts(text string, texts []string, column ListColumn, c Collation) (l List, ok bool) {
	if d.collations.compared != nil {
		text = d.collations.compared(text, c)
	}
	list := make([]any, len(texts))
	for i, text := range texts {
		list[i] = text
	}
	var w listWriter
	w.text("EXISTS (SELECT 1 FROM (SELECT ", column.Name, " AS content, 0 AS number FROM ", column.Table, " WHERE 1 = 0 UNION ALL ")
	ok = d.collations.texts(&w, list, column)
	w.text(") AS softdelete_texts WHERE softdelete_texts.content = ", text, ")")
	return w.done(), ok
}

// A column of a nondeterministic collation, of type citext or of one padded with blanks takes texts that differ for the same.
var postgresCollations = collations{
	of: func(db *gorm.DB, table Table, columns []string) (map[string]Collation, error) {
		var rows []struct {
			Name      string `gorm:"column:name"`
			Collation string `gorm:"column:collation"`
			Folds     bool   `gorm:"column:folds"`
			Type      string `gorm:"column:type"`
		}
		err := db.Raw(`SELECT a.attname AS name, CASE WHEN a.attcollation <> t.typcollation THEN format('%I.%I', s.nspname, c.collname) ELSE '' END AS collation,
			coalesce(NOT c.collisdeterministic OR b.typname IN ('citext', 'bpchar'), FALSE) AS folds,
			CASE b.typname WHEN 'citext' THEN format_type(b.oid, NULL) WHEN 'bpchar' THEN 'bpchar' ELSE '' END AS type
			FROM pg_attribute a JOIN pg_type t ON t.oid = a.atttypid JOIN LATERAL (`+postgresBaseType+`) b ON TRUE
			LEFT JOIN pg_collation c ON c.oid = a.attcollation LEFT JOIN pg_namespace s ON s.oid = c.collnamespace
			WHERE a.attrelid = to_regclass(?) AND a.attnum > 0 AND NOT a.attisdropped AND a.attname IN ?`, table.Quoted, columns).Scan(&rows).Error
		found := map[string]Collation{}
		for _, row := range rows {
			found[row.Name] = Collation{Name: row.Collation, Folds: row.Folds, as: row.Type}
		}
		return found, err
	},
	texts: func(w *listWriter, texts []any, column ListColumn) bool {
		array, ok := postgresArray(texts, false)
		w.text("SELECT item, number - 1 FROM unnest(COALESCE(")
		w.bind(array)
		w.text(", ", postgresArrayOf(column), ")) WITH ORDINALITY AS items (item, number)")
		return ok
	},
}

// postgresBaseType is the type that a type t is a domain over, through any number of domains, or that type itself.
const postgresBaseType = `WITH RECURSIVE up AS (SELECT t.oid, t.typname, t.typtype, t.typbasetype
	UNION ALL SELECT n.oid, n.typname, n.typtype, n.typbasetype FROM up JOIN pg_type n ON up.typtype = 'd' AND n.oid = up.typbasetype)
	SELECT oid, typname FROM up WHERE typtype <> 'd'`

// collationsAtOnce is about how many columns one statement asks: the database takes 500 parts of a compound SELECT.
const collationsAtOnce = 100

// SQLite does not say which collation a column has: it is asked how it compares, and what its primary key compares by.
var sqliteCollations = collations{
	of: func(db *gorm.DB, table Table, columns []string) (map[string]Collation, error) {
		schema, name, qualified := strings.Cut(table.Name, ".")
		if !qualified {
			schema, name = "main", table.Name
		}
		found := map[string]Collation{}
		for some := range slices.Chunk(columns, collationsAtOnce) {
			selects, values := make([]string, len(some)), []any{}
			for i, column := range some {
				selects[i] = `SELECT ? AS name, content = 'A' AS cases, content = 'a ' AS blanks, (SELECT x.coll FROM pragma_index_list(?, ?) AS l
					JOIN pragma_index_xinfo(l.name, ?) AS x WHERE l.origin <> 'c' AND x.name = ? COLLATE NOCASE AND x.coll NOT IN ('BINARY', 'NOCASE', 'RTRIM')) AS other
					FROM (SELECT ` + table.Quoted + `.` + sqliteQuoted(column) + ` AS content FROM ` + table.Quoted + ` WHERE 1 = 0 UNION ALL SELECT 'a')`
				values = append(values, column, name, schema, schema, column)
			}
			var rows []struct {
				Name          string `gorm:"column:name"`
				Cases, Blanks bool
				Other         string `gorm:"column:other"`
			}
			if err := db.Raw(strings.Join(selects, " UNION ALL "), values...).Scan(&rows).Error; err != nil {
				return nil, err
			}
			for _, row := range rows {
				found[row.Name] = Collation{}
				switch {
				case row.Other != "":
					found[row.Name] = Collation{Name: row.Other, Folds: true}
				case row.Cases:
					found[row.Name] = Collation{Name: "NOCASE", Folds: true}
				case row.Blanks:
					found[row.Name] = Collation{Name: "RTRIM", Folds: true}
				}
			}
		}
		return found, nil
	},
	texts: func(w *listWriter, texts []any, _ ListColumn) bool {
		list, ok := plainJSON(texts)
		w.text("SELECT value, key")
		return documentOf(w, list, ")") && ok
	},
}
