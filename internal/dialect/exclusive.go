package dialect

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"gorm.io/gorm"
)

// Exclusive is what no two rows of a table may share, as the catalogue tells it: a unique index, or an exclusion constraint.
type Exclusive struct {
	Name    string
	Primary bool
	Where   string // its condition over columns without a table; empty where it covers all rows
	// Strict tells that a row which would share it with another is refused when it is written: not later, not by taking the place of
	// the other, and whichever of the tables that inherit from this one the other is in.
	Strict bool
	Parts  []ExclusivePart
}

// ExclusivePart is one column or expression of it.
type ExclusivePart struct {
	Text     string `json:"text"`     // over columns without a table
	Column   string `json:"column"`   // empty for an expression
	Collated bool   `json:"collated"` // texts are compared otherwise than the column says itself
	Operator string `json:"operator"` // two rows share the part where this holds between them
}

// Plain tells whether it is about columns alone, which are equal.
func (e *Exclusive) Plain() bool {
	return !slices.ContainsFunc(e.Parts, func(p ExclusivePart) bool { return p.Column == "" || p.Collated || p.Operator != Equal })
}

// The operators of unique indexes.
const (
	Equal = "="
	Same  = "IS NOT DISTINCT FROM" // NULL is like NULL
)

// RowNumber is the name given to a primary key of SQLite that has no index, since it is the number of the row.
const RowNumber = "PRIMARY KEY"

// Columns are the columns and expressions.
func (e *Exclusive) Columns() []string {
	columns := make([]string, len(e.Parts))
	for i, part := range e.Parts {
		if columns[i] = part.Column; part.Column == "" {
			columns[i] = part.Text
		}
	}
	return columns
}

// Mentions tells whether a column may decide over it.
func (e *Exclusive) Mentions(column string) bool {
	text := e.Where
	for _, part := range e.Parts {
		text += " " + part.Text
	}
	return regexp.MustCompile(`(?i)(?:^|[^\w])` + regexp.QuoteMeta(column) + `(?:$|[^\w])`).MatchString(text)
}

// Exclusives lists those of a table.
func (d *Dialect) Exclusives(db *gorm.DB, table Table) ([]Exclusive, error) {
	return d.exclusives.list(db, table)
}

// OfColumn stands around a bound value and gives it the type of a column, where the database would not.
func (d *Dialect) OfColumn(kind string) (open, shut string) { return d.exclusives.ofColumn(kind) }

// exclusives is how a database tells of them.
type exclusives struct {
	list     func(db *gorm.DB, table Table) ([]Exclusive, error)
	ofColumn func(kind string) (open, shut string)
}

// The view of the index as JSON has no indnullsnotdistinct before PostgreSQL 15. An index may compare a column by another collation than
// the column has; that of an expression is told always, unless it is the database's own.
var postgresExclusives = exclusives{
	ofColumn: func(kind string) (string, string) { return "CAST(", " AS " + kind + ")" },
	list: func(db *gorm.DB, table Table) ([]Exclusive, error) {
		var rows []struct {
			Name    string `gorm:"column:name"`
			Primary bool   `gorm:"column:primary"`
			Where   string `gorm:"column:where"`
			Strict  bool   `gorm:"column:strict"`
			Parts   string `gorm:"column:parts"`
		}
		err := db.Raw(`SELECT c.relname AS name, i.indisprimary AS "primary", coalesce(pg_get_expr(i.indpred, i.indrelid), '') AS "where",
				i.indimmediate AND (c.relkind = 'I' OR NOT (SELECT t.relhassubclass FROM pg_class t WHERE t.oid = i.indrelid)) AS strict,
				(SELECT json_agg(json_build_object('text', pg_get_indexdef(i.indexrelid, k.n::integer, true) || coalesce(' COLLATE ' || o.collation, ''),
					'column', coalesce(a.attname, ''), 'collated', o.collation IS NOT NULL,
					'operator', coalesce((SELECT format('OPERATOR(%I.%s)', s.nspname, o.oprname) FROM pg_constraint x
						JOIN pg_operator o ON o.oid = x.conexclop[k.n] JOIN pg_namespace s ON s.oid = o.oprnamespace
						WHERE x.conindid = i.indexrelid AND x.contype = 'x' AND NOT (o.oprname = '=' AND s.nspname = 'pg_catalog')),
						CASE WHEN to_jsonb(i)->>'indnullsnotdistinct' = 'true' THEN ? ELSE '=' END)) ORDER BY k.n)::text
					FROM unnest(i.indkey) WITH ORDINALITY AS k (attnum, n)
					LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.attnum AND k.attnum > 0
					LEFT JOIN LATERAL (SELECT format('%I.%I', s.nspname, l.collname) AS collation FROM pg_collation l
						JOIN pg_namespace s ON s.oid = l.collnamespace
						WHERE l.oid = (i.indcollation::oid[])[k.n - 1] AND l.oid <> coalesce(a.attcollation, 100)) AS o ON true
					WHERE k.n <= i.indnkeyatts) AS parts
			FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
			WHERE i.indrelid = to_regclass(?) AND (i.indisunique OR i.indisexclusion) AND i.indisvalid ORDER BY c.relname`, Same, table.Quoted).Scan(&rows).Error
		list := make([]Exclusive, len(rows))
		for i, row := range rows {
			list[i] = Exclusive{Name: row.Name, Primary: row.Primary, Where: row.Where, Strict: row.Strict}
			if err == nil {
				err = json.Unmarshal([]byte(row.Parts), &list[i].Parts)
			}
		}
		return list, err
	},
}

var sqliteExclusives = exclusives{
	ofColumn: func(string) (string, string) { return "", "" },
	list: func(db *gorm.DB, table Table) (list []Exclusive, err error) {
		var rows []struct {
			Name      string `gorm:"column:name"`
			Primary   bool   `gorm:"column:primary"`
			Strict    bool   `gorm:"column:strict"`
			Statement string `gorm:"column:statement"`
			Column    string `gorm:"column:column"`
			Collation string `gorm:"column:collation"`
		}
		// A key that is the row's number has no index. Only what stands in the table's own definition may say what a conflict does.
		err = db.Raw(`SELECT u.*, u.origin = 'pk' AS "primary",
				u.origin = 'c' OR coalesce((SELECT NOT definition.sql LIKE '%conflict%' FROM sqlite_master definition WHERE definition.type = 'table' AND lower(definition.name) = lower(?)), false) AS strict
			FROM (SELECT l.name AS name, l.origin AS origin, coalesce(m.sql, '') AS statement, coalesce(x.name, '') AS "column", x.coll AS collation, x.seqno AS seqno
					FROM pragma_index_list(?) l JOIN pragma_index_xinfo(l.name) x LEFT JOIN sqlite_master m ON m.type = 'index' AND m.name = l.name
					WHERE l."unique" AND x.key
				UNION ALL SELECT ?, 'pk', '', k.name, 'BINARY', k.pk FROM pragma_table_info(?) k
					WHERE k.pk > 0 AND NOT EXISTS (SELECT 1 FROM pragma_index_list(?) l WHERE l.origin = 'pk')) u
			ORDER BY u.name, u.seqno`, table.Name, table.Name, RowNumber, table.Name, table.Name).Scan(&rows).Error
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			if len(list) == 0 || list[len(list)-1].Name != row.Name {
				list = append(list, Exclusive{Name: row.Name, Primary: row.Primary, Strict: row.Strict, Where: condition(row.Statement)})
			}
			e := &list[len(list)-1]
			part := ExclusivePart{Text: sqliteQuoted(row.Column), Column: row.Column, Operator: Equal}
			switch {
			case row.Column == "":
				part.Text = sqliteKeyPart(row.Statement, len(e.Parts))
			case row.Collation != "BINARY":
				part.Text, part.Collated = fmt.Sprintf("%s COLLATE %s", part.Text, row.Collation), true
			}
			e.Parts = append(e.Parts, part)
		}
		// One whose definition was not understood is left out.
		return slices.DeleteFunc(list, func(e Exclusive) bool {
			written := e.Where != "" || slices.ContainsFunc(e.Parts, func(p ExclusivePart) bool { return p.Column == "" || p.Collated })
			return slices.Contains(texts(e.Parts), "") || written && !sqliteUnderstands(db, table, e)
		}), nil
	},
}

// sqliteOrder ends a part of an index that says how it is sorted.
var sqliteOrder = regexp.MustCompile(`(?i)\s+(?:ASC|DESC)\s*$`)

// sqliteKeyPart is the n-th column or expression of a CREATE INDEX; empty where it cannot be told.
func sqliteKeyPart(statement string, n int) string {
	open, shut, depth := -1, -1, 0
	for i, c := range Unquoted(statement) {
		switch {
		case c == '(':
			if depth++; open < 0 {
				open = i
			}
		case c == ')':
			if depth--; depth == 0 && shut < 0 {
				shut = i
			}
		}
	}
	if open < 0 || shut < open || strings.Contains(statement, "--") || strings.Contains(statement, "/*") {
		return ""
	}
	parts := TopLevel(statement[open+1 : shut])
	if n >= len(parts) {
		return ""
	}
	return strings.TrimSpace(sqliteOrder.ReplaceAllString(parts[n], ""))
}

// sqliteUnderstands tells whether its condition and parts are SQL over the columns of the table.
func sqliteUnderstands(db *gorm.DB, table Table, e Exclusive) bool {
	text := "EXPLAIN SELECT " + strings.Join(texts(e.Parts), ", ") + " FROM " + table.Quoted
	if e.Where != "" {
		text += " WHERE " + e.Where
	}
	rows, err := silent(db).Raw(text).Rows()
	if err == nil {
		err = rows.Close()
	}
	return err == nil
}

func texts(parts []ExclusivePart) (list []string) {
	for _, part := range parts {
		list = append(list, part.Text)
	}
	return list
}
